"""Simulated members that answer the requests of a client as real ones do, without a JVM.

A member needs only a :class:`Pipe` to each client, so the same members serve the scripted network and real sockets.
What a member does with the messages of a service is a :class:`Service`; the modules of :mod:`hz_core.testing.services`
hold those that are shipped.
"""

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Final, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from hz_core.model import PUBLIC_CLIENT_ENDPOINT, Address
from hz_core.testing import codes
from hz_core.testing.clock import Clock, ManualClock
from hz_core.testing.messages import (
    ANSWERS,
    BACKUP_AWARE,
    BACKUP_EVENT,
    INTERPRETER,
    IS_EVENT,
    SHAPES,
    Shape,
    encode,
    error_bytes,
)
from hz_core.testing.network import Accept, Answer, Pipe, Refuse
from hz_core.wire.reader import MessageReader
from hz_serialization.data import partition_hash, partition_id

_RECEIVE_SIZE: Final = 65536

MatchesPredicate = Callable[[bytes, bytes, bytes], bool]
"""Takes the serialized predicate, key and value."""


class MemberError(Exception):
    """What a member refuses: it is sent as the answer to the request.

    Args:
        error: Code and class name, such as ``codes.ILLEGAL_STATE``.
        message: The member's words.
    """

    def __init__(self, error: tuple[int, str], message: str = "simulated") -> None:
        super().__init__(message)
        self.error = error


@dataclass(eq=False)
class Listener:
    """A registration for events over one connection.

    Attributes:
        service: Name of the service, such as ``Map``.
        name: Name of the distributed object.
        correlation_id: Correlation id of the registration, which its events carry.
        title: Title of its events.
        include_value: Whether events carry values.
        flags: The kinds of entry events that are wanted, added up.
        key: Only events of this key are wanted, if not None.
        predicate: Only events of entries that match are wanted, if not None.
        local_only: Whether only events of the member itself are wanted.
    """

    service: str
    name: str
    correlation_id: int
    title: str
    include_value: bool = True
    flags: int = -1
    key: bytes | None = None
    predicate: bytes | None = None
    local_only: bool = True


@dataclass(eq=False)
class Session:
    """What a member knows of one connection of a client."""

    member: "SimulatedMember"
    pipe: Pipe
    opened: bool = False
    begun: bytes = b""
    reader: MessageReader = field(default_factory=MessageReader)
    client: UUID | None = None
    view_id: int | None = None
    backup_id: int | None = None
    listeners: dict[UUID, Listener] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether the connection still exists."""
        return self.member.sessions.get(self.pipe) is self

    def received(self, data: bytes) -> None:
        """Take bytes of the client."""
        if not self.opened:
            self.begun += data
            if len(self.begun) < 3:
                return
            if self.begun[:3] != b"CP2":
                raise AssertionError(f"a connection began with {self.begun[:3]!r}")
            self.opened, data = True, self.begun[3:]
        for start in range(0, len(data), _RECEIVE_SIZE):
            for message in self.reader.feed(data[start : start + _RECEIVE_SIZE]):
                self.member.handle(Request(self, message))

    def event(
        self, title: str, correlation_id: int, *values: Any, flags: int = 0, partition_id: int = -1
    ) -> None:
        """Send an event."""
        self.pipe.send(encode(title, values, correlation_id, partition_id, IS_EVENT | flags))


class Request:
    """A message of a client, and the ways to answer it.

    Attributes:
        session: The connection that it was received over.
        member: The member that received it.
        message: Its bytes.
        method: Service and method, such as ``Map.put``.
    """

    def __init__(self, session: Session, message: bytes) -> None:
        self.session = session
        self.member: SimulatedMember = session.member
        self.message = message
        self.type: int = int.from_bytes(message[6:10], "little", signed=True)
        self.correlation_id: int = int.from_bytes(message[10:18], "little", signed=True)
        self.partition_id: int = int.from_bytes(message[18:22], "little", signed=True)
        self.backup_aware: bool = bool(struct.unpack_from("<H", message, 4)[0] & BACKUP_AWARE)
        self.shape: Shape = SHAPES[self.type]
        self.method: str = f"{self.shape.service}.{self.shape.method}"

    @cached_property
    def values(self) -> list[Any]:
        """The values of the parameters, in the protocol's order."""
        shape = self.shape
        return INTERPRETER.decode(self.message, shape.parameters, shape.since, shape.start)[0]

    @cached_property
    def named(self) -> dict[str, Any]:
        """The values of the parameters by name."""
        return {item.name: value for item, value in zip(self.shape.parameters, self.values, strict=True)}

    def __getitem__(self, name: str) -> Any:
        """Return the value of a parameter."""
        return self.named[name]

    def reply_bytes(self, *values: Any, acks: int = 0) -> bytes:
        """Return the bytes of the reply."""
        title = f"{ANSWERS.get(self.method, self.method)} response"
        return encode(title, values, self.correlation_id, acks)

    def reply(self, *values: Any, acks: int = 0) -> None:
        """Send the reply."""
        self.session.pipe.send(self.reply_bytes(*values, acks=acks))

    def reply_write(self, *values: Any) -> None:
        """Send the reply to a write, and the acks of its backups."""
        cluster = self.member.cluster
        backups = cluster.backup_sessions(self.member, self) if self.backup_aware else []
        if cluster.acks_first:
            cluster.acknowledge(self, backups)
        self.reply(*values, acks=len(backups))
        if not cluster.acks_first:
            cluster.acknowledge(self, backups)

    def error(self, code: int, class_name: str, message: str = "simulated") -> None:
        """Answer with an error."""
        self.session.pipe.send(error_bytes(self.correlation_id, code, class_name, message))

    def refuse(self, error: MemberError) -> None:
        """Answer with what a service has raised."""
        self.error(*error.error, str(error))


Rule = Callable[[Request], bool]
"""Looks at a request first; returns True when it has dealt with it."""


class SimulatedMember:
    """One member. It answers at once unless a rule says otherwise.

    Attributes:
        cluster: The cluster that it belongs to.
        address: Where it listens.
        uuid: Its UUID.
        sessions: Its open connections.
        requests: All received requests, in order.
        rules: What looks at requests first.
        lite: Whether it tells clients that it holds no data.
        public: Where it listens as well, and tells clients to connect from outside of its network.
    """

    def __init__(self, cluster: "SimulatedCluster", address: Address, uuid: UUID) -> None:
        self.cluster = cluster
        self.address = address
        self.uuid = uuid
        self.sessions: dict[Pipe, Session] = {}
        self.requests: list[Request] = []
        self.rules: list[Rule] = []
        self.lite = False
        self.public: Address | None = None

    def count(self, method: str) -> int:
        """Return the number of received requests of ``method``."""
        return sum(request.method == method for request in self.requests)

    def rule(self, method: str, action: Callable[[Request], object], times: int = 1_000_000) -> None:
        """Let ``action`` deal with the next requests of ``method``, up to ``times`` of them."""
        left = [times]

        def look(request: Request) -> bool:
            if request.method != method or not left[0]:
                return False
            left[0] -= 1
            action(request)
            return True

        self.rules.append(look)

    # A peer of the scripted network; sockets call the same.

    def connected(self, link: Pipe) -> None:
        """Note that a client has connected."""
        self.sessions[link] = Session(self, link)

    def received(self, link: Pipe, data: bytes) -> None:
        """Take bytes of a client."""
        if link in self.sessions:
            self.sessions[link].received(data)

    def closed(self, link: Pipe) -> None:
        """Note that a connection is gone."""
        session = self.sessions.pop(link, None)
        if session is not None:
            self.cluster.session_closed(session)

    def handle(self, request: Request) -> None:
        """Answer a request as the rules say, or else as a member does."""
        self.requests.append(request)
        if not any(rule(request) for rule in self.rules):
            self.answer(request)

    def answer(self, request: Request) -> None:
        """Answer a request as a member does, without the rules."""
        try:
            self.cluster.answer(request)
        except MemberError as error:
            request.refuse(error)

    def remove_listener(self, registration: UUID) -> bool:
        """Remove a listener that was registered with this member; return whether it was there."""
        sessions = self.sessions.values()
        return any(session.listeners.pop(registration, None) is not None for session in sessions)

    def cut_all(self) -> None:
        """Break all connections."""
        for pipe in list(self.sessions):
            self.closed(pipe)
            pipe.cut()


class Service:
    """What members do with the messages of one service, and its state, which the members share.

    Derive from it, decorate the class with :func:`serves`, and define a method for each message: ``put`` answers
    ``Map.put``, ``add_entry_listener`` answers ``Map.addEntryListener``. It takes the :class:`Request` and answers it,
    now or later, or raises :class:`MemberError`.

    Args:
        cluster: The cluster that it belongs to.

    Attributes:
        name: Name of the service in messages; :func:`serves` sets it.
        service_name: Name of the service of its distributed objects, such as ``hz:impl:mapService``.
    """

    name: ClassVar[str] = ""
    service_name: ClassVar[str] = ""

    def __init__(self, cluster: "SimulatedCluster") -> None:
        self.cluster = cluster

    def destroy(self, name: str) -> None:
        """Forget a distributed object; there may be none."""

    def reset(self) -> None:
        """Forget everything: the cluster begins anew."""

    def session_closed(self, session: Session) -> None:
        """Note that a connection is gone."""


S = TypeVar("S", bound=Service)

_services: dict[str, type[Service]] = {}


def serves(name: str) -> Callable[[type[S]], type[S]]:
    """Let every cluster that is made from now on answer the messages of a service by the decorated class.

    Args:
        name: Name of the service in messages, such as ``Map``.
    """

    def register(kind: type[S]) -> type[S]:
        kind.name = name
        _services[name] = kind
        return kind

    return register


class SimulatedCluster:
    """The members, what they share, and the network in front of them.

    Args:
        members: How many members it begins with.
        partitions: Number of partitions.
        seed: Seed of all UUIDs.
        name: Name of the cluster.
        clock: What locks, expiry and time-outs go by: the scripted driver, for example. It may be set later, as long
            as nothing waits for it.

    Attributes:
        clock: See above; a :class:`ManualClock` if none was given.
        members: The members.
        owners: The owner of each partition.
        down: Answers to connection attempts at addresses where no member must answer.
        puts: Key and value of each write of a map, in the order in which they were done.
        proxies: Name and service of the objects that clients have announced.
        schemas: The Compact schemas that clients have sent, by id.
        statistics: The last statistics of each client, by its UUID: timestamp, attributes and metrics.
        strict: Whether a member refuses requests for partitions of other members.
        check_partitions: Whether members refuse requests whose partition is not that of the key or name in them. Real
            members do not notice.
        backups: How many backups acknowledge each write.
        acks_first: Whether backup acks precede the reply.
        acks_lost: Whether backup acks get lost.
        version: Version of the members; they refuse messages that came later.
        matches: Tells whether an entry matches a predicate. Without it, predicates are refused.
    """

    def __init__(
        self,
        members: int = 1,
        *,
        partitions: int = 7,
        seed: int = 0,
        name: str = "dev",
        clock: Clock | None = None,
    ) -> None:
        self.clock: Clock = clock or ManualClock()
        self.name = name
        self.username = "user"
        self.authentication_status = 0
        self._seed, self._uuids = seed, 0
        self.id: UUID = self.new_uuid()
        self.partition_count = partitions
        self.members: list[SimulatedMember] = []
        self.down: dict[Address, Answer] = {}
        self.owners: dict[int, SimulatedMember] = {}
        self.puts: list[tuple[bytes, bytes]] = []
        self.proxies: set[tuple[str, str]] = set()
        self.schemas: dict[int, Any] = {}
        self.statistics: dict[UUID | None, tuple[int, str, bytes]] = {}
        self.version: tuple[int, int, int] = (5, 7, 0)
        self.member_version: int = 0
        self.partition_version: int = 0
        self.backups = 0
        self.acks_first = False
        self.acks_lost = False
        self.strict = True
        self.check_partitions = False
        self.matches: MatchesPredicate | None = None
        self.services: dict[str, Service] = {name: kind(self) for name, kind in _services.items()}
        self._next_host = 1
        for _ in range(members):
            self.add()
        self.spread()

    def new_uuid(self) -> UUID:
        """Return the next UUID; the same ones for the same seed."""
        self._uuids += 1
        return uuid5(NAMESPACE_OID, f"{self._seed}/{self._uuids}")

    def service(self, kind: type[S]) -> S:
        """Return the service of a class, for what is not reached by messages.

        Raises:
            KeyError: The cluster has no such service.
        """
        for found in self.services.values():
            if isinstance(found, kind):
                return found
        raise KeyError(kind.__name__)

    def network(self, address: Address) -> Answer:
        """Answer a connection attempt: the script of the scripted network."""
        if address in self.down:
            return self.down[address]
        for member in self.members:
            if address in (member.address, member.public):
                return Accept(member)
        return Refuse()

    # --- partitions ---

    def partition_of(self, data: bytes) -> int:
        """Return the partition of a serialized key."""
        return partition_id(partition_hash(data), self.partition_count)

    def partition_of_name(self, name: str) -> int:
        """Return the partition of an object that lies in one; what follows an ``@`` counts alone."""
        key = name.partition("@")[2] or name
        text = key.encode()
        return self.partition_of(struct.pack(">iii", 0, -11, len(text)) + text)

    def partition_uuid(self, partition: int) -> UUID:
        """Return the UUID of a partition, by which near caches notice that it began anew."""
        return uuid5(self.id, str(partition))

    def owner(self, partition: int) -> SimulatedMember:
        """Return the owner of a partition."""
        return self.owners.get(partition) or self.members[0]

    def _check_route(self, request: Request) -> None:
        partition, route = request.partition_id, request.shape.route
        if partition < 0:
            if route in ("key", "name", "batch", "partition"):
                raise MemberError(
                    codes.ILLEGAL_ARGUMENT, f"Partition ID cannot be negative! ({request.method})"
                )
            return
        owner = self.owners.get(partition)
        if self.strict and owner is not None and owner is not request.member:
            raise MemberError(codes.WRONG_TARGET)
        if self.check_partitions and route in ("key", "name"):
            right = (
                self.partition_of(request["key"])
                if route == "key"
                else self.partition_of_name(request["name"])
            )
            if partition != right:
                message = f"{request.method} of partition {right} has partition id {partition}"
                raise MemberError(codes.ILLEGAL_ARGUMENT, message)

    # --- requests ---

    def answer(self, request: Request) -> None:
        """Let the service of a request answer it.

        Raises:
            MemberError: The request is refused.
        """
        if request.shape.server_version > self.version:
            number = f"Unrecognized client message received with type: 0x{request.type:x}"
            raise MemberError(codes.UNSUPPORTED, number)
        service = self.services.get(request.shape.service)
        method: Callable[[Request], None] | None = getattr(service, request.shape.function, None)
        if method is None:
            raise MemberError(codes.UNSUPPORTED, f"{request.method} is not simulated")
        self._check_route(request)
        method(request)

    def session_closed(self, session: Session) -> None:
        """Tell all services that a connection is gone."""
        for service in self.services.values():
            service.session_closed(session)

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
        """Distribute the partitions over the members anew."""
        count = len(self.members)
        self.owners = {i: self.members[i % count] for i in range(self.partition_count)} if count else {}

    def join(self) -> SimulatedMember:
        """Add a member, distribute the partitions anew, and tell all clients."""
        member = self.add()
        self.spread()
        self.publish_view()
        return member

    def remove(self, member: SimulatedMember, *, announce: bool = True) -> None:
        """Remove a member and break its connections; ``announce`` sends the new view to the other members' clients."""
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
        for service in self.services.values():
            service.reset()
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
        """Send members and partitions over one connection, if it asked for them."""
        if session.view_id is None:
            return
        name = "Client.addClusterViewListener event"
        public = PUBLIC_CLIENT_ENDPOINT
        infos: list[Any] = [
            (m.address, m.uuid, [], m.lite, self.version, [] if m.public is None else [(public, m.public)])
            for m in self.members
        ]
        session.event(f"{name} MembersView", session.view_id, self.member_version, infos)
        owned: dict[UUID, list[int]] = {}
        for partition, owner in self.owners.items():
            owned.setdefault(owner.uuid, []).append(partition)
        table = list(owned.items())
        session.event(f"{name} PartitionsView", session.view_id, self.partition_version, table)

    def publish(
        self,
        member: SimulatedMember,
        service: str,
        name: str,
        values: Callable[[Listener], Iterable[Any] | None],
        partition: int = -1,
    ) -> None:
        """Send an event of a distributed object to those of its listeners that want it.

        Args:
            member: The member where it happened.
            service: Name of the service in messages.
            name: Name of the object.
            values: Returns the event's parameters for a listener, None if it does not want the event.
            partition: The partition where it happened, if in one.
        """
        for other in self.members:
            for session in list(other.sessions.values()):
                for listener in list(session.listeners.values()):
                    if listener.service != service or listener.name != name:
                        continue
                    if other is not member and listener.local_only:
                        continue
                    found = values(listener)
                    if found is not None:
                        session.event(listener.title, listener.correlation_id, *found, partition_id=partition)

    def backup_sessions(self, owner: SimulatedMember, request: Request) -> list[Session]:
        """Return the connections over which backups of ``owner`` acknowledge to the client of ``request``."""
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
            if session.backup_id is not None:
                title = "Client.localBackupListener event Backup"
                session.event(title, session.backup_id, request.correlation_id, flags=BACKUP_EVENT)
