"""Simulated members that speak enough of the protocol, and a client on the virtual clock to meet them.

Bytes of the members are made by the schema's interpreter, not by the codecs under test. A member needs only a
`Pipe` to the client, so the same members serve the scripted network and real sockets.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any, Protocol
from uuid import UUID

from core_messages import (
    BACKUP_AWARE,
    BACKUP_EVENT,
    BY_TITLE,
    INTERPRETER,
    IS_EVENT,
    SHAPES,
    encode,
    error_bytes,
    schema_id,
)

from codegen.interpreter import REQUEST_START
from hz_core.config import ClientConfig
from hz_core.model import Address
from hz_core.drivers.scripted import Accept, Answer, Outcome, Refuse, ScriptedDriver
from hz_core.engine import Engine
from hz_core.invocation.flow import run_flow
from hz_core.invocation.op import Flow, Op
from hz_core.listener import ListenerSpec
from hz_core.load_balancer import RoundRobinLB
from hz_core.services import ClusterService
from hz_core.wire.decode import boolean_response, data_response, uuid_response
from hz_core.wire.method import Method
from hz_core.wire.reader import MessageReader
from hz_serialization import SerializationConfig, SerializationService

ENTRY_ADDED = 1

WRONG_TARGET = (62, "com.hazelcast.spi.exception.WrongTargetException")
NOT_MEMBER = (53, "com.hazelcast.spi.exception.TargetNotMemberException")
RETRYABLE = (46, "com.hazelcast.spi.exception.RetryableHazelcastException")
NOT_ACTIVE = (19, "com.hazelcast.core.HazelcastInstanceNotActiveException")
ILLEGAL_ARGUMENT = (23, "java.lang.IllegalArgumentException")


class Pipe(Protocol):
    """A member's end of one connection."""

    def send(self, data: bytes) -> None:
        """Send bytes to the client."""

    def cut(self) -> None:
        """Break the connection."""


# --- the members --------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Session:
    """What a member knows of one connection of a client."""

    member: SimulatedMember
    pipe: Pipe
    opened: bool = False
    begun: bytes = b""
    reader: MessageReader = field(default_factory=MessageReader)
    client: UUID | None = None
    view_id: int | None = None
    backup_id: int | None = None
    listeners: dict[UUID, tuple[str, int]] = field(default_factory=dict)

    def received(self, data: bytes) -> None:
        """Take bytes of the client."""
        if not self.opened:
            self.begun += data
            if len(self.begun) < 3:
                return
            assert self.begun[:3] == b"CP2"
            self.opened, data = True, self.begun[3:]
        for start in range(0, len(data), 65536):
            for message in self.reader.feed(data[start : start + 65536]):
                self.member.handle(Request(self, message))

    def event(self, title: str, correlation_id: int, *values: Any, flags: int = 0) -> None:
        """Send an event."""
        self.pipe.send(encode(title, values, correlation_id, -1, IS_EVENT | flags))


class Request:
    """A message of the client, and the ways to answer it."""

    def __init__(self, session: Session, message: bytes) -> None:
        self.session = session
        self.member = session.member
        self.message = message
        self.type, self.correlation_id, self.partition_id = struct.unpack_from("<iqi", message, 6)
        self.backup_aware = bool(struct.unpack_from("<H", message, 4)[0] & BACKUP_AWARE)
        self.shape = SHAPES[self.type]
        self.method = self.shape.title.removesuffix(" request")

    @cached_property
    def values(self) -> list[Any]:
        """The parameters."""
        return INTERPRETER.decode(self.message, self.shape.parameters, self.shape.since, REQUEST_START)[0]

    def reply_bytes(self, *values: Any, acks: int = 0) -> bytes:
        """Make the bytes of the reply."""
        return encode(f"{self.method} response", values, self.correlation_id, acks)

    def reply(self, *values: Any, acks: int = 0) -> None:
        """Send the reply."""
        self.session.pipe.send(self.reply_bytes(*values, acks=acks))

    def error(self, code: int, class_name: str) -> None:
        """Send an error."""
        self.session.pipe.send(error_bytes(self.correlation_id, code, class_name))


Rule = Callable[[Request], bool]
"""Looks at a request first; returns True when it has dealt with it."""


class SimulatedMember:
    """One member. Answers at once unless a rule says otherwise."""

    def __init__(self, cluster: SimulatedCluster, address: Address, uuid: UUID) -> None:
        self.cluster = cluster
        self.address = address
        self.uuid = uuid
        self.sessions: dict[Pipe, Session] = {}
        self.requests: list[Request] = []
        self.rules: list[Rule] = []

    def count(self, method: str) -> int:
        """Return how many requests of `method` came."""
        return sum(request.method == method for request in self.requests)

    def rule(self, method: str, action: Callable[[Request], object], times: int = 1_000_000) -> None:
        """Let `action` deal with the next requests of `method`."""
        left = [times]

        def look(request: Request) -> bool:
            if request.method != method or not left[0]:
                return False
            left[0] -= 1
            action(request)
            return True

        self.rules.append(look)

    # A peer of the scripted driver; sockets call the same.

    def connected(self, link: Pipe) -> None:
        """A client has connected."""
        self.sessions[link] = Session(self, link)

    def received(self, link: Pipe, data: bytes) -> None:
        """Bytes came."""
        if link in self.sessions:
            self.sessions[link].received(data)

    def closed(self, link: Pipe) -> None:
        """The connection is gone."""
        self.sessions.pop(link, None)

    def handle(self, request: Request) -> None:
        """Answer a request."""
        self.requests.append(request)
        if any(rule(request) for rule in self.rules):
            return
        name = "_" + request.method.replace(".", "_").lower()
        answer: Callable[[Request], None] | None = getattr(self, name, None)
        if answer is None:
            request.error(61, "java.lang.UnsupportedOperationException")
        else:
            answer(request)

    def cut_all(self) -> None:
        """Break all connections."""
        for pipe in list(self.sessions):
            self.sessions.pop(pipe, None)
            pipe.cut()

    # --- Client.* ---

    def _client_authentication(self, request: Request) -> None:
        cluster = self.cluster
        name, user = request.values[:2]
        status = cluster.authentication_status
        if name != cluster.name or (isinstance(user, str) and user != cluster.username):
            status = 1
        if status:
            request.reply(status, None, None, -1, "", -1, None, False, None, None, -1)
            return
        request.session.client = next(v for v in request.values if isinstance(v, UUID))
        address = (self.address.host, self.address.port)
        request.reply(
            0, address, self.uuid, 1, "5.7.0", cluster.partition_count, cluster.id, False, None, None
        )

    _client_authenticationcustom = _client_authentication

    def _client_addclusterviewlistener(self, request: Request) -> None:
        request.session.view_id = request.correlation_id
        self.cluster.tell_view(request.session)
        request.reply()

    def _client_localbackuplistener(self, request: Request) -> None:
        request.session.backup_id = request.correlation_id
        request.reply(self.cluster.new_uuid())

    def _client_ping(self, request: Request) -> None:
        request.reply()

    def _client_createproxy(self, request: Request) -> None:
        self.cluster.proxies.add((request.values[0], request.values[1]))
        request.reply()

    def _client_destroyproxy(self, request: Request) -> None:
        self.cluster.proxies.discard((request.values[0], request.values[1]))
        request.reply()

    def _client_sendschema(self, request: Request) -> None:
        type_name, fields = request.values[0]
        self.cluster.schemas[schema_id(type_name, fields)] = (type_name, fields)
        request.reply([member.uuid for member in self.cluster.members])

    def _client_fetchschema(self, request: Request) -> None:
        request.reply(self.cluster.schemas.get(request.values[0]))

    def _client_sendallschemas(self, request: Request) -> None:
        for type_name, fields in request.values[0]:
            self.cluster.schemas[schema_id(type_name, fields)] = (type_name, fields)
        request.reply()

    # --- Map.* ---

    def _map_get(self, request: Request) -> None:
        if self._owns(request):
            request.reply(self.cluster.entries.get(request.values[1]))

    def _map_put(self, request: Request) -> None:
        if not self._owns(request):
            return
        cluster = self.cluster
        _, key, value = request.values[:3]
        before = cluster.entries.get(key)
        cluster.entries[key] = value
        cluster.puts.append((key, value))
        backups = cluster.backup_sessions(self, request) if request.backup_aware else []
        if cluster.acks_first:
            cluster.acknowledge(request, backups)
        request.reply(before, acks=len(backups))
        if not cluster.acks_first:
            cluster.acknowledge(request, backups)
        cluster.publish_entry(self, key, value)

    def _map_addentrylistener(self, request: Request) -> None:
        registration = self.cluster.new_uuid()
        request.session.listeners[registration] = (request.values[0], request.correlation_id)
        request.reply(registration)

    def _map_removeentrylistener(self, request: Request) -> None:
        request.reply(request.session.listeners.pop(request.values[1], None) is not None)

    def _owns(self, request: Request) -> bool:
        owner = self.cluster.owners.get(request.partition_id)
        if request.partition_id >= 0 and owner is not None and owner is not self and self.cluster.strict:
            request.error(*WRONG_TARGET)
            return False
        return True


class SimulatedCluster:
    """The members, what they share, and the network in front of them."""

    def __init__(self, members: int = 1, *, partitions: int = 7, seed: int = 0, name: str = "dev") -> None:
        self.random = Random(seed)
        self.name = name
        self.username = "user"
        self.authentication_status = 0
        self.id = self.new_uuid()
        self.partition_count = partitions
        self.members: list[SimulatedMember] = []
        self.down: dict[Address, Answer] = {}
        self.owners: dict[int, SimulatedMember] = {}
        self.entries: dict[bytes, bytes] = {}
        self.puts: list[tuple[bytes, bytes]] = []
        self.proxies: set[tuple[str, str]] = set()
        self.schemas: dict[int, Any] = {}
        self.version = (5, 7, 0)
        self.member_version = self.partition_version = 0
        self.backups = 0
        self.acks_first = False
        self.acks_lost = False
        self.strict = True
        self._next_host = 1
        for _ in range(members):
            self.add()
        self.spread()

    def new_uuid(self) -> UUID:
        """Return a random UUID."""
        return UUID(int=self.random.getrandbits(128))

    def network(self, address: Address) -> Answer:
        """Answer a connection attempt (the script of the driver)."""
        if address in self.down:
            return self.down[address]
        for member in self.members:
            if member.address == address:
                return Accept(member)
        return Refuse()

    # --- changes ---

    def add(self, address: Address | None = None) -> SimulatedMember:
        """Add a member that owns nothing, and tell nobody yet."""
        if address is None:
            address = Address(f"10.0.0.{self._next_host}", 5701)
            self._next_host += 1
        member = SimulatedMember(self, address, self.new_uuid())
        self.members.append(member)
        return member

    def spread(self) -> None:
        """Share out the partitions anew."""
        count = len(self.members)
        self.owners = {i: self.members[i % count] for i in range(self.partition_count)} if count else {}

    def join(self) -> SimulatedMember:
        """Add a member, share out the partitions, tell all clients."""
        member = self.add()
        self.spread()
        self.publish_view()
        return member

    def remove(self, member: SimulatedMember, *, announce: bool = True) -> None:
        """Take a member out and break its connections; `announce` tells the other members' clients."""
        self.members.remove(member)
        member.cut_all()
        if self.members:
            self.spread()
        if announce:
            self.publish_view()

    def cut_all(self) -> None:
        """Break all connections."""
        for member in self.members:
            member.cut_all()

    def restart(self) -> None:
        """Break everything and begin as a new cluster at the same addresses, without data."""
        addresses = [member.address for member in self.members]
        for member in list(self.members):
            self.members.remove(member)
            member.cut_all()
        self.id = self.new_uuid()
        self.entries.clear()
        self.proxies.clear()
        self.schemas.clear()
        self.member_version = self.partition_version = 0
        for address in addresses:
            self.add(address)
        self.spread()

    # --- telling clients ---

    def publish_view(self) -> None:
        """Send the new member list and partition table to everybody who asked for it."""
        self.member_version += 1
        self.partition_version += 1
        for member in self.members:
            for session in list(member.sessions.values()):
                self.tell_view(session)

    def tell_view(self, session: Session) -> None:
        """Send members and partitions."""
        if session.view_id is None:
            return
        name = "Client.addClusterViewListener event"
        infos: list[Any] = [
            ((m.address.host, m.address.port), m.uuid, [], False, self.version, []) for m in self.members
        ]
        session.event(f"{name} MembersView", session.view_id, self.member_version, infos)
        owned: dict[UUID, list[int]] = {}
        for partition_id, owner in self.owners.items():
            owned.setdefault(owner.uuid, []).append(partition_id)
        table = list(owned.items())
        session.event(f"{name} PartitionsView", session.view_id, self.partition_version, table)

    def backup_sessions(self, owner: SimulatedMember, request: Request) -> list[Session]:
        """Return the connections over which backups of `owner` acknowledge to the client of `request`."""
        others = [member for member in self.members if member is not owner][: self.backups]
        return [
            session
            for member in others
            for session in member.sessions.values()
            if session.client == request.session.client and session.backup_id is not None
        ]

    def acknowledge(self, request: Request, sessions: list[Session]) -> None:
        """Send backup acks, unless they are to be lost."""
        for session in sessions if not self.acks_lost else ():
            assert session.backup_id is not None
            title = "Client.localBackupListener event Backup"
            session.event(title, session.backup_id, request.correlation_id, flags=BACKUP_EVENT)

    def publish_entry(self, member: SimulatedMember, key: bytes, value: bytes) -> None:
        """Send an ADDED event to the listeners at `member`."""
        for session in list(member.sessions.values()):
            for _, correlation_id in list(session.listeners.values()):
                title = "Map.addEntryListener event Entry"
                values = (key, value, None, None, ENTRY_ADDED, member.uuid, 1)
                session.event(title, correlation_id, *values)


# --- requests of the client ---------------------------------------------------------------------------------------

MAP_PUT = Method("Map.put", 0x010100, 0x010101, data_response)
MAP_GET = Method("Map.get", 0x010200, 0x010201, data_response, retryable=True)
MAP_LISTEN = Method("Map.addEntryListener", 0x011900, 0x011901, uuid_response)
MAP_UNLISTEN = Method("Map.removeEntryListener", 0x011A00, 0x011A01, boolean_response, retryable=True)


def request(title: str, *values: Any, partition_id: int = -1) -> bytearray:
    """Make the bytes of a request."""
    return bytearray(encode(f"{title} request", values, 0, partition_id))


def listener_spec(on_event: Callable[[bytes], None], name: str = "m") -> ListenerSpec:
    """Make the registration of an entry listener."""
    return ListenerSpec(
        lambda local: Op(MAP_LISTEN, request("Map.addEntryListener", name, True, ENTRY_ADDED, local)),
        lambda uuid: Op(MAP_UNLISTEN, request("Map.removeEntryListener", name, uuid)),
        on_event,
    )


def event_key(serialization: SerializationService, message: bytes) -> Any:
    """Return the key of an entry event."""
    return serialization.to_object(_entry(message)[0])


def event_value(serialization: SerializationService, message: bytes) -> Any:
    """Return the new value of an entry event."""
    return serialization.to_object(_entry(message)[1])


def _entry(message: bytes) -> list[Any]:
    shape = BY_TITLE["Map.addEntryListener event Entry"][1]
    return INTERPRETER.decode(message, shape.parameters, shape.since, REQUEST_START)[0]


class MapOps:
    """Operations of a map, as a proxy would make them."""

    def __init__(self, serialization: SerializationService, partitions: int) -> None:
        self._to_data = serialization.to_data
        self._partitions = partitions

    def put(self, key: int, value: Any) -> Op[Any]:
        """Put into the partition `key` modulo the number of partitions."""
        partition_id = key % self._partitions
        data = (self._to_data(key), self._to_data(value))
        return Op(MAP_PUT, request("Map.put", "m", *data, 1, -1, partition_id=partition_id), partition_id)

    def get(self, key: int) -> Op[Any]:
        """Get from the same partition."""
        partition_id = key % self._partitions
        data = self._to_data(key)
        return Op(MAP_GET, request("Map.get", "m", data, 1, partition_id=partition_id), partition_id)


# --- a client on the virtual clock --------------------------------------------------------------------------------


class Simulation:
    """A simulated cluster with one client in front of it, and the virtual clock of both."""

    def __init__(
        self, members: int = 1, *, seed: int = 0, cluster: SimulatedCluster | None = None, **options: Any
    ) -> None:
        self.cluster = cluster or SimulatedCluster(members, seed=seed)
        self.driver = ScriptedDriver(self.cluster.network, seed)
        options.setdefault("cluster_members", [str(m.address) for m in self.cluster.members])
        options.setdefault("shuffle_member_list", False)
        self.states: list[str] = []
        options.setdefault("lifecycle_listeners", [self.states.append])
        self.config = ClientConfig.from_kwargs(**options)
        self.serialization = SerializationService(SerializationConfig())
        balancer = RoundRobinLB()
        self.engine = Engine(self.driver, self.config, self.serialization, "client", balancer)
        balancer.init(ClusterService(self.engine.membership))
        self.ops = MapOps(self.serialization, self.cluster.partition_count)
        self.outcomes: list[Outcome] = []

    def begin(self, flow: Flow[Any]) -> Outcome:
        """Begin a flow."""
        outcome = Outcome()
        run_flow(self.engine, flow, outcome)
        return outcome

    def run(self, flow: Flow[Any], limit: float = 300.0) -> Any:
        """Run a flow to its end."""
        return self.value(self.begin(flow), limit)

    def start(self, limit: float = 300.0) -> Simulation:
        """Start the client."""
        self.run(self.engine.start(), limit)
        self.driver.advance()
        return self

    def submit(self, op: Op[Any]) -> Outcome:
        """Submit an operation; what cannot even be sent is an outcome, too."""
        outcome = Outcome()
        self.outcomes.append(outcome)
        try:
            self.engine.submit(op, outcome)
        except Exception as e:
            outcome.set_exception(e)
        return outcome

    def value(self, outcome: Outcome, limit: float = 300.0) -> Any:
        """Let time pass until there is an outcome; return the value or raise the error."""
        self.driver.run_until(lambda: outcome.done, limit)
        if outcome.error is not None:
            raise outcome.error
        return outcome.result

    def put(self, key: int, value: Any) -> Any:
        """Put and wait."""
        return self.value(self.submit(self.ops.put(key, value)))

    def get(self, key: int) -> Any:
        """Get and wait."""
        return self.value(self.submit(self.ops.get(key)))

    def listen(self, keys: list[Any]) -> str:
        """Register an entry listener that collects the keys of events."""

        def on_event(message: bytes) -> None:
            keys.append(event_key(self.serialization, message))

        registration: str = self.run(self.engine.listeners.add(listener_spec(on_event)))
        return registration

    @property
    def connected(self) -> set[Address]:
        """The addresses that the client has connections to."""
        return {connection.address for connection in self.engine.open_connections()}

    def stop(self) -> None:
        """Shut the client down, and check that nothing is left behind."""
        self.engine.shutdown()
        self.driver.advance(0)
        assert self.engine.invocations.pending_count == 0
        assert self.engine.connections.routes.all == ()
        assert [link for link in self.driver.links if link.open] == []
        late = [outcome for outcome in self.outcomes if not outcome.done or outcome.times > 1]
        assert late == []


def pieces(values: bytes, sizes: Iterator[int]) -> Iterator[bytes]:
    """Cut bytes into pieces of the given sizes, the rest at last."""
    pos = 0
    for size in sizes:
        if pos >= len(values):
            return
        yield values[pos : pos + size]
        pos += size
    if pos < len(values):
        yield values[pos:]
