"""Replication of Compact schemas: sent to the cluster before the first request that needs them, fetched when unknown."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final
from uuid import UUID

from hz_core.cluster.membership import Membership
from hz_core.codecs import client as codec
from hz_core.codecs.types import FieldDescriptor
from hz_core.codecs.types import Schema as WireSchema
from hz_core.connection import Connection
from hz_core.errors import HazelcastError, HazelcastOverloadError, OperationTimeoutError
from hz_core.flow import Submitter, run_flow
from hz_core.invocation.invocation import Invocation
from hz_core.invocation.service import Sender
from hz_core.io import IO
from hz_core.op import ANY_PARTITION, Flow, Sleep
from hz_core.promise import CallbackPromise
from hz_serialization import HazelcastSerializationError, SerializationService
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import Field, Schema
from hz_serialization.compact.schemas import UnknownSchemaError

_OLDEST_MEMBER: Final = (5, 2)
"""Members before 5.2 have no schemas, or those of a beta in another form."""


class SchemaService:
    """Makes sure that the cluster knows a schema before it gets a value with it.

    The serialization service notes in `unconfirmed` each schema that it writes with and that no cluster has
    confirmed. While there is one, requests that carry its id wait here, and with them those for the same partitions,
    so that the order in which they were submitted stays. Everything else passes.

    `hold` is called from any thread, the rest on the I/O side.
    """

    def __init__(
        self,
        io: IO,
        submitter: Submitter,
        serialization: SerializationService,
        membership: Membership,
        *,
        timeout: float,
        retry_pause: float,
        max_held: int,
    ) -> None:
        self._io = io
        self._submitter = submitter
        self._schemas = serialization.schemas
        self.unconfirmed = self._schemas.unconfirmed
        self._pack_id = Struct(">q" if serialization.config.is_big_endian else "<q").pack
        self._membership = membership
        self._timeout = timeout
        self._retry_pause = retry_pause
        self._mutex = io.mutex()
        self._held: deque[_Held] = deque()
        self._held_partitions: Counter[int] = Counter()
        self._max_held = max_held
        self._at_work = False
        self._ended: Exception | None = None

    # --- before a request is sent -----------------------------------------------------------------------------

    def hold(self, invocation: Invocation, sender: Sender) -> bool:
        """Keep `invocation` until the schemas in it are replicated; returns False when it need not wait.

        `sender` sends it afterwards.

        Raises:
            HazelcastOverloadError: as many invocations wait here as the client allows.
        """
        if invocation.schemas_replicated:
            return False
        op = invocation.op
        needed = self._mentioned(op.request)
        with self._mutex:
            if self._ended is not None:
                return False
            if not needed and not self._held_partitions[op.partition_id]:
                return False
            if len(self._held) >= self._max_held:
                raise HazelcastOverloadError(
                    f"{op.method.name} was not sent: {len(self._held)} invocations wait for Compact schemas to be"
                    " replicated already, the most that max_pending_invocations allows; wait for some of them"
                )
            self._held.append(_Held(invocation, sender, needed))
            self._held_partitions[op.partition_id] += op.partition_id != ANY_PARTITION
            start = not self._at_work
            self._at_work = True
        if start:
            self._io.call_soon(self._work)
        return True

    def replicate(self, request: bytearray) -> Flow[None]:
        """Replicate the schemas that `request` carries, for requests that don't pass `hold`.

        Raises:
            HazelcastSerializationError: the members are too old for Compact.
            OperationTimeoutError: some member did not confirm in time.
        """
        for schema_id in self._mentioned(request):
            schema = self.unconfirmed.get(schema_id)
            if schema is not None:
                yield from self._send(schema)
                self._schemas.confirm(schema_id)

    def _mentioned(self, request: bytearray) -> list[int]:
        # An id is eight bytes of a hash, found by one search in C. Should they stand there by chance, a request
        # waits for nothing; but none that needs a schema can be missed, however deep in a value it is used.
        return [schema_id for schema_id in list(self.unconfirmed) if self._pack_id(schema_id) in request]

    # --- replicating ------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """Replicate what is unconfirmed, then let go what waited for that."""
        schemas = list(self.unconfirmed.values())
        run_flow(
            self._submitter,
            self._replicate_all(schemas),
            CallbackPromise(lambda failed, error: self._replicated(schemas, failed or {}, error)),
        )

    def _replicate_all(self, schemas: list[Schema]) -> Flow[dict[int, Exception]]:
        failed: dict[int, Exception] = {}
        for schema in schemas:
            try:
                yield from self._send(schema)
            except HazelcastError as e:
                failed[schema.schema_id] = e
        return failed

    def _send(self, schema: Schema) -> Flow[None]:
        self._check_members(schema)
        give_up = self._io.now() + self._timeout
        wire_schema = WireSchema(schema.type_name, [FieldDescriptor(f.name, f.kind) for f in schema.fields])
        while True:
            answered: list[UUID] = yield codec.send_schema(wire_schema)
            missing = self._membership.members.by_uuid.keys() - set(answered)
            if not missing:
                return
            if self._io.now() + self._retry_pause > give_up:
                raise OperationTimeoutError(
                    f"the Compact schema of {schema.type_name!r} (id {schema.schema_id}) was not replicated to"
                    f" {', '.join(sorted(map(str, missing)))} within the invocation_timeout of {self._timeout:g} s,"
                    " so nothing was sent that needs it; look at the logs of these members"
                )
            yield Sleep(self._retry_pause)

    def _check_members(self, schema: Schema) -> None:
        for member in self._membership.members.members:
            if member.version < _OLDEST_MEMBER:
                raise HazelcastSerializationError(
                    f"{schema.type_name!r} cannot be sent in Compact form: the member {member.address} runs Hazelcast"
                    f" {member.version}, which does not know it; use members from 5.2 on, or Portable or JSON"
                )

    def _replicated(
        self, schemas: list[Schema], failed: dict[int, Exception], error: BaseException | None
    ) -> None:
        known = {schema.schema_id for schema in schemas}
        for held in self._ready(known):
            held.invocation.schemas_replicated = True
            reason = error or next((failed[i] for i in held.needed if i in failed), None)
            if reason is not None:
                held.invocation.fail(reason)
            elif not held.invocation.unwanted():
                try:
                    held.sender.send(held.invocation)
                except Exception as e:  # also what a user's load balancer raises
                    held.invocation.fail(e)
        if error is None:
            for schema_id in known - failed.keys():
                self._schemas.confirm(schema_id)
        with self._mutex:
            self._at_work = bool(self._held)
        if self._at_work:
            self._work()

    def _ready(self, known: set[int]) -> "Iterator[_Held]":
        """Yield in order what waits for `known` schemas alone, and take each out only when it has been sent."""
        while True:
            with self._mutex:
                if not self._held or any(
                    i in self.unconfirmed and i not in known for i in self._held[0].needed
                ):
                    return
                held = self._held[0]
            yield held
            with self._mutex:
                if self._held:
                    self._held.popleft()
                    partition_id = held.invocation.op.partition_id
                    self._held_partitions[partition_id] -= partition_id != ANY_PARTITION

    def send_all(self, connection: Connection) -> Flow[None]:
        """Tell a cluster that was started anew all schemas (`Client.sendAllSchemas`), before it gets any value."""
        schemas = [
            WireSchema(s.type_name, [FieldDescriptor(f.name, f.kind) for f in s.fields])
            for s in list(self._schemas.by_id.values())
        ]
        if schemas:
            yield codec.send_all_schemas(connection, schemas)

    def fail_all(self, reason: Exception) -> None:
        """Fail what waits here: the client is going down."""
        with self._mutex:
            self._ended = reason
            held = list(self._held)
            self._held.clear()
            self._held_partitions.clear()
        for one in held:
            one.invocation.fail(reason)

    # --- when a value with an unknown schema comes ------------------------------------------------------------

    def fetch(self, unknown: UnknownSchemaError, done: Callable[[Exception | None], object]) -> None:
        """Ask the cluster for a schema, then call `done` on the I/O side; its argument is what went wrong."""

        def fetched(result: object, error: BaseException | None) -> None:
            done(error if error is None or isinstance(error, Exception) else unknown)

        def fetch() -> None:
            run_flow(self._submitter, self._fetch(unknown), CallbackPromise(fetched))

        self._io.call_soon(fetch)

    def _fetch(self, unknown: UnknownSchemaError) -> Flow[None]:
        if unknown.schema_id in self._schemas.by_id:
            return  # another reply with it was faster
        found: WireSchema | None = yield codec.fetch_schema(unknown.schema_id)
        if found is None:
            raise unknown
        fields = [Field(f.field_name, FieldKind(f.kind)) for f in found.fields]
        schema = Schema(found.type_name, fields)
        if schema.schema_id != unknown.schema_id:
            raise HazelcastSerializationError(
                f"the cluster answered the question for Compact schema {unknown.schema_id} with that of"
                f" {schema.type_name!r}, whose id is {schema.schema_id}"
            )
        self._schemas.add(schema)


class _Held:
    __slots__ = ("invocation", "needed", "sender")

    def __init__(self, invocation: Invocation, sender: Sender, needed: list[int]) -> None:
        self.invocation = invocation
        self.sender = sender
        self.needed = needed
