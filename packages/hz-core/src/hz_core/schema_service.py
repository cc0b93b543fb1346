"""Replication of Compact schemas to the cluster, and retrieval of unknown ones."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from struct import Struct
from typing import TYPE_CHECKING, Final
from uuid import UUID

from hz_core.cluster.membership import Membership
from hz_core.codecs import client as codec
from hz_core.codecs.types import FieldDescriptor
from hz_core.codecs.types import Schema as WireSchema
from hz_core.connection import Connection
from hz_core.errors import HazelcastError, OperationTimeoutError
from hz_core.flow import Submitter, run_flow
from hz_core.invocation.invocation import Invocation
from hz_core.invocation.ports import InvocationPolicy, Sender
from hz_core.io import IO
from hz_core.op import ANY_PARTITION, Flow, Sleep
from hz_core.promise import CallbackPromise
from hz_serialization import HazelcastSerializationError, SerializationService
from hz_serialization.compact import UnknownSchemaError

if TYPE_CHECKING:
    from hz_serialization.compact.schema import Schema

_OLDEST_MEMBER: Final = (5, 2)
"""Members before 5.2 do not know schemas, or only those of a beta version in another format."""


class SchemaService:
    """Ensures that the cluster knows a schema before it receives a value with it.

    The serialization service adds each schema that it uses and that no cluster has confirmed to ``unconfirmed``.
    While there is one, requests that contain its id are held here, and later requests for the same partitions with
    them, to keep their order. All other requests are sent immediately.

    ``hold`` is called from any thread, the rest on the I/O side.
    """

    def __init__(
        self,
        io: IO,
        submitter: Submitter,
        serialization: SerializationService,
        membership: Membership,
        policy: InvocationPolicy,
    ) -> None:
        self._io = io
        self._submitter = submitter
        self._schemas = serialization.schemas
        self.unconfirmed: dict[int, Schema] = self._schemas.unconfirmed
        self._pack_id = Struct(">q" if serialization.config.is_big_endian else "<q").pack
        self._membership = membership
        self._timeout = policy.timeout
        self._retry_pause = policy.retry_pause
        self._mutex = io.mutex()
        self._held: deque[_Held] = deque()
        self._held_partitions: Counter[int] = Counter()
        self._replicating = False
        self._replicated_ids: set[int] = set()
        """Schemas that the cluster knows, but that stay unconfirmed while an invocation is held."""
        self._shutdown_reason: Exception | None = None

    # --- before a request is sent --------------------------------------------------------------------------

    @property
    def held_count(self) -> int:
        """The number of held invocations."""
        return len(self._held)

    def held(self) -> list[Invocation]:
        """Return the held invocations; callable from any thread."""
        with self._mutex:
            return [held.invocation for held in self._held]

    def hold(self, invocation: Invocation, sender: Sender) -> bool:
        """Hold ``invocation`` until its schemas are replicated; return False if it need not wait.

        ``sender`` sends it afterwards.
        """
        if invocation.schemas_replicated:
            return False
        op = invocation.op
        needed = self._needed_schemas(op.request)
        with self._mutex:
            if self._shutdown_reason is not None:
                return False
            # Some may have been confirmed since; then later requests pass, and must not overtake this one.
            needed = [schema_id for schema_id in needed if schema_id in self.unconfirmed]
            if not needed and not self._held_partitions[op.partition_id]:
                return False
            invocation.accepted = True
            self._held.append(_Held(invocation, sender, needed))
            self._held_partitions[op.partition_id] += op.partition_id != ANY_PARTITION
            start = not self._replicating
            self._replicating = True
        if start:
            self._io.call_soon(self._replicate_unconfirmed)
        return True

    def replicate(self, request: bytearray) -> Flow[None]:
        """Replicate the schemas that ``request`` contains, for requests that are not passed to ``hold``.

        Raises:
            HazelcastSerializationError: The members are too old for Compact.
            OperationTimeoutError: A member did not confirm the schema in time.
        """
        for schema_id in self._needed_schemas(request):
            schema = self.unconfirmed.get(schema_id)
            if schema is not None:
                yield from self._send(schema)
                self._replicated_ids.add(schema_id)
        self._confirm_replicated()

    def _needed_schemas(self, request: bytearray) -> list[int]:
        # An id is eight bytes of a hash, and one search for it is fast. A request that contains these bytes by
        # chance waits needlessly, but a request that needs a schema is never missed, however deep in the value.
        return [schema_id for schema_id in list(self.unconfirmed) if self._pack_id(schema_id) in request]

    # --- replicating ---------------------------------------------------------------------------------------

    def _replicate_unconfirmed(self) -> None:
        """Replicate the unconfirmed schemas, then send the invocations that waited for them."""
        schemas = [s for i, s in list(self.unconfirmed.copy().items()) if i not in self._replicated_ids]
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
        for schema in schemas:
            if error is None and schema.schema_id not in failed:
                self._replicated_ids.add(schema.schema_id)
        for held in self._ready({schema.schema_id for schema in schemas} | self._replicated_ids):
            held.invocation.schemas_replicated = True
            reason = error or next((failed[i] for i in held.needed if i in failed), None)
            if reason is not None:
                held.invocation.fail(reason)
            elif held.invocation.unwanted():
                name = held.invocation.op.method.name
                held.invocation.fail(HazelcastError(f"{name} was cancelled before it was sent"))
            else:
                try:
                    held.sender.send(held.invocation)
                except Exception as e:  # also what a user's load balancer raises
                    held.invocation.fail(e)
        if not self._confirm_replicated():
            self._replicate_unconfirmed()

    def _confirm_replicated(self) -> bool:
        """Confirm the replicated schemas, unless an invocation is still held; return whether none is.

        While a schema is unconfirmed, requests pass through ``hold``, where they cannot overtake a held one.
        """
        with self._mutex:
            self._replicating = bool(self._held)
            if self._replicating:
                return False
            for schema_id in self._replicated_ids:
                self._schemas.confirm(schema_id)
            self._replicated_ids.clear()
            return True

    def _ready(self, known: set[int]) -> Iterator[_Held]:
        """Yield in order the invocations that need only ``known`` schemas; remove each after it has been sent."""
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
        """Send all schemas to a cluster that was restarted (``Client.sendAllSchemas``), before any value."""
        schemas = [
            WireSchema(s.type_name, [FieldDescriptor(f.name, f.kind) for f in s.fields])
            for s in list(self._schemas.by_id.values())
        ]
        if schemas:
            yield codec.send_all_schemas(connection, schemas)

    def fail_all(self, reason: Exception) -> None:
        """Fail the held invocations, because the client is shut down."""
        with self._mutex:
            self._shutdown_reason = reason
            held = list(self._held)
            self._held.clear()
            self._held_partitions.clear()
        for one in held:
            one.invocation.fail(reason)

    def renew(self) -> None:
        """Hold invocations again, in a forked child. What the parent has replicated, the cluster knows."""
        with self._mutex:
            self._shutdown_reason = None
            self._replicating = False
            self._replicated_ids.clear()

    # --- values with an unknown schema ---------------------------------------------------------------------

    def fetch(self, unknown: UnknownSchemaError, done: Callable[[Exception | None], object]) -> None:
        """Ask the cluster for a schema, then call ``done`` on the I/O side with the error, or None."""

        def fetched(result: object, error: BaseException | None) -> None:
            done(error if error is None or isinstance(error, Exception) else unknown)

        def fetch() -> None:
            run_flow(self._submitter, self.find(unknown), CallbackPromise(fetched))

        self._io.call_soon(fetch)

    def find(self, unknown: UnknownSchemaError) -> Flow[None]:
        """Ask the cluster for a schema; callable from any thread.

        Raises:
            UnknownSchemaError: The cluster does not know it.
            HazelcastSerializationError: The cluster replied with another one.
        """
        if unknown.schema_id in self._schemas.by_id:
            return  # fetched for another reply meanwhile
        found: WireSchema | None = yield codec.fetch_schema(unknown.schema_id)
        if found is None:
            raise unknown
        # Not at the top: programs without Compact objects need nothing of the format.
        from hz_serialization.compact.kinds import FieldKind
        from hz_serialization.compact.schema import Field, Schema

        fields = [Field(f.field_name, FieldKind(f.kind)) for f in found.fields]
        schema = Schema(found.type_name, fields)
        if schema.schema_id != unknown.schema_id:
            raise HazelcastSerializationError(
                f"the cluster replied to the request for Compact schema {unknown.schema_id} with the schema of"
                f" {schema.type_name!r}, whose id is {schema.schema_id}"
            )
        self._schemas.add(schema)


class _Held:
    __slots__ = ("invocation", "needed", "sender")

    def __init__(self, invocation: Invocation, sender: Sender, needed: list[int]) -> None:
        self.invocation = invocation
        self.sender = sender
        self.needed = needed
