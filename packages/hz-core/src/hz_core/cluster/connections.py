"""Getting connected, staying connected, and getting connected again."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from hz_core.cluster.authentication import Credentials, MemberIdentity, authenticate
from hz_core.cluster.backoff import Backoff
from hz_core.cluster.membership import Membership
from hz_core.cluster.view import Routes
from hz_core.codecs import client as codec
from hz_core.connection import Connection, ConnectionOwner
from hz_core.model import Address, MemberInfo
from hz_core.errors import (
    ClientNotAllowedInClusterError,
    HazelcastError,
    IllegalStateError,
    TargetDisconnectedError,
)
from hz_core.invocation.flow import Submitter, run_flow
from hz_core.invocation.op import Await, Flow, Op, Settled, Sleep
from hz_core.invocation.promise import CallbackPromise, Promise
from hz_core.io import IO
from hz_core.log import INFO, WARNING, get_logger

_logger = get_logger("connection")


class ConnectOptions(NamedTuple):
    """The options that decide how the client connects; times in seconds."""

    addresses: Callable[[], list[Address]]
    smart: bool
    backup_acks: bool
    connection_timeout: float
    heartbeat_interval: float
    heartbeat_timeout: float
    max_message_size: int
    backoff: Callable[[], Backoff]
    translate: Callable[[MemberInfo], Address]


class ConnectionListener(Submitter, ConnectionOwner, Protocol):
    """What the manager tells the engine."""

    def connection_ready(self, connection: Connection) -> Flow[None]:
        """Prepare an authenticated connection before it is used for calls."""
        ...

    def connection_gone(self, connection: Connection, reason: Exception, was_ready: bool) -> None:
        """Clean up after a connection that was used for calls, or on the way to it."""
        ...

    def connection_in_use(self, connection: Connection) -> None:
        """Complete the preparation of a connection that is used for calls from now on."""
        ...

    def cluster_restarted(self) -> None:
        """Another cluster, or the same one started anew, is connected now."""
        ...


class ConnectionManager:
    """Owner of all connections. Everything here runs on the I/O side; others read `routes`."""

    def __init__(
        self,
        io: IO,
        options: ConnectOptions,
        credentials: Credentials,
        membership: Membership,
        engine: ConnectionListener,
    ) -> None:
        self._io = io
        self._options = options
        self._credentials = credentials
        self._membership = membership
        self._engine = engine
        self._next_id = 1
        self._opening: dict[Connection, Promise] = {}
        self._connecting: set[UUID] = set()
        self._ready: dict[UUID, Connection] = {}
        self._closed = False
        self.cluster_id: UUID | None = None
        self.routes = Routes((), membership.partitions, options.smart)

    @property
    def connected(self) -> bool:
        """Whether there is at least one authenticated connection."""
        return bool(self._ready)

    def refresh_routes(self) -> None:
        """Build the routes anew from the connections and the partition table."""
        self.routes = Routes(tuple(self._ready.values()), self._membership.partitions, self._options.smart)

    def connect_to_cluster(self) -> Flow[Connection]:
        """Try the known addresses, round after round with growing pauses, until one member authenticates us.

        Raises:
            IllegalStateError: no member could be connected within `cluster_connect_timeout`; the text
                lists every address and why it failed.
            ClientNotAllowedInClusterError: a member refuses this client for good.
        """
        backoff = self._options.backoff()
        began = self._io.now()
        failures: dict[Address, Exception | None] = {}
        while True:
            candidates = self._candidates()
            failures.update((address, None) for address in candidates if address not in failures)
            for address in candidates:
                if self._closed:
                    raise IllegalStateError("the client was shut down while it was connecting")
                elapsed = self._io.now() - began
                if backoff.over(elapsed):
                    break
                try:
                    attempt = partial(self._open, address, left=backoff.left(elapsed))
                    connection: Connection = yield Await(attempt)
                except ClientNotAllowedInClusterError:
                    raise
                except Exception as e:
                    _logger.warning("could not connect to %s: %s", address, e)
                    failures[address] = e
                else:
                    return connection
            pause = backoff.next_pause(self._io.now() - began)
            if pause is None:
                raise _no_cluster(self._credentials.cluster_name, self._io.now() - began, failures)
            _logger.info("no member could be connected, trying again in %.2f s", pause)
            yield Sleep(pause)

    def connect_to_all_members(self) -> Flow[None]:
        """With smart routing, connect to every listed member that isn't connected yet. Failures are logged."""
        if not self._options.smart:
            return
        missing = [
            m
            for m in self._membership.members.members
            if m.uuid not in self._ready and m.uuid not in self._connecting
        ]
        if not missing:
            return
        self._connecting.update(m.uuid for m in missing)
        outcomes = yield Settled([Await(partial(self._open, self._options.translate(m))) for m in missing])
        self._connecting.difference_update(m.uuid for m in missing)
        for member, outcome in zip(missing, outcomes, strict=True):
            if isinstance(outcome, Exception):
                _logger.warning(
                    "could not connect to member %s at %s: %s", member.uuid, member.address, outcome
                )

    def _candidates(self) -> list[Address]:
        known = [self._options.translate(m) for m in self._membership.members.members]
        configured = self._options.addresses()
        return list(dict.fromkeys([*configured, *known]))

    def _open(self, address: Address, promise: Promise, left: float | None = None) -> None:
        """Open a connection; `left` bounds it in seconds, the authentication included, None does not."""
        if self._closed:
            promise.set_exception(IllegalStateError("the client is shut down"))
            return
        connection = Connection(self._next_id, address, self._engine, self._options.max_message_size)
        self._next_id += 1
        now = self._io.now()
        connection.last_read = connection.last_write = now
        self._opening[connection] = promise
        timeout = self._options.connection_timeout
        # The same limit again for the authentication: a member that accepts and says nothing must not hold us.
        whole, why = 2 * timeout, "twice connection_timeout"
        if left is not None:
            timeout = min(timeout, left) if timeout > 0 else left
            if whole <= 0 or left < whole:
                whole, why = left, "what was left of cluster_connect_timeout"
        try:
            self._io.connect(connection, address, timeout)
        except Exception as e:
            self._io.call_soon(partial(connection.on_socket_closed, e))
            return
        if whole > 0:
            self._io.call_later(whole, partial(self._overdue, connection, whole, why))

    def _overdue(self, connection: Connection, seconds: float, why: str) -> None:
        if connection in self._opening:
            what = (
                "was not connected" if connection.transport is None else "did not complete the authentication"
            )
            error = TargetDisconnectedError(
                f"{connection.address} {what} within {round(seconds, 3):g} s ({why})"
            )
            self.lose(connection, error)

    def opened(self, connection: Connection) -> None:
        """Go on with the authentication, now that the socket is connected."""
        promise = CallbackPromise(partial(self._finished, connection))
        run_flow(self._engine, self._introduce(connection), promise)

    def _finished(self, connection: Connection, result: Any, error: BaseException | None) -> None:
        if isinstance(error, Exception):
            self._io.call_soon(partial(self.lose, connection, error))
            return
        promise = self._opening.pop(connection, None)
        if promise is not None:
            promise.set_result(result)

    def _introduce(self, connection: Connection) -> Flow[Connection]:
        identity = yield from authenticate(connection, self._credentials)
        # Replies may be read on any thread; go on where connections are owned.
        yield Await(lambda promise: self._io.call_soon(lambda: promise.set_result(None)))
        existing = self._instead_of(connection, identity)
        if existing is not None:
            return existing
        self._admit(connection, identity)
        connection.member = identity.member
        connection.server_version = identity.server_version
        if self._options.smart and self._options.backup_acks:
            yield Op(
                codec.LOCAL_BACKUP_LISTENER, codec.local_backup_listener_request(-1), connection=connection
            )
        yield from self._engine.connection_ready(connection)
        yield Await(lambda promise: self._io.call_soon(lambda: promise.set_result(None)))
        if not connection.alive:
            raise TargetDisconnectedError(
                f"the connection to {connection.address} was lost while it was set up"
            )
        # Meanwhile the same member may have been connected twice, or the client may have moved to another cluster.
        existing = self._instead_of(connection, identity)
        if existing is not None:
            return existing
        self._check_cluster(connection, identity)
        self._ready[identity.member] = connection
        self.refresh_routes()
        self._engine.connection_in_use(connection)
        _logger.info(
            "authenticated with %s, member %s, server version %s",
            connection.address,
            identity.member,
            identity.server_version,
        )
        return connection

    def _instead_of(self, connection: Connection, identity: MemberIdentity) -> Connection | None:
        """Return the connection that the member has already, after closing the new one in favour of it."""
        existing = self._ready.get(identity.member)
        if existing is not None:
            reason = TargetDisconnectedError("there is another connection to the same member")
            connection.close(reason)
            self._engine.connection_gone(connection, reason, False)
        return existing

    def _check_cluster(self, connection: Connection, identity: MemberIdentity) -> None:
        if identity.cluster_id != self.cluster_id and self._ready:
            raise HazelcastError(
                f"the member at {connection.address} is of cluster {identity.cluster_id}, but the client is"
                f" connected to cluster {self.cluster_id}"
            )

    def _admit(self, connection: Connection, identity: MemberIdentity) -> None:
        """Check that the member belongs to the cluster that the client is in, or may move to.

        Raises:
            ClientNotAllowedInClusterError: the partition count is another than before, so keys would be looked
                up in wrong partitions.
            HazelcastError: the member is of another cluster than the other connections.
        """
        count = self._membership.partitions.count
        if count and identity.partition_count != count:
            raise ClientNotAllowedInClusterError(
                f"the member at {connection.address} has {identity.partition_count} partitions, but this client"
                f" works with {count}: it is of another cluster"
            )
        if self.cluster_id is None:
            self._membership.set_partition_count(identity.partition_count)
        elif identity.cluster_id != self.cluster_id:
            self._check_cluster(connection, identity)
            _logger.warning("connected to another cluster %s (was %s)", identity.cluster_id, self.cluster_id)
            self._membership.cluster_changed()
            self._engine.cluster_restarted()
        self.cluster_id = identity.cluster_id

    def lose(self, connection: Connection, reason: Exception) -> None:
        """Close `connection` and clean up: routes, waiters, listeners."""
        if connection.alive:
            connection.close(reason)
        promise = self._opening.pop(connection, None)
        was_ready = connection.member is not None and self._ready.get(connection.member) is connection
        if was_ready and connection.member is not None:
            del self._ready[connection.member]
            self.refresh_routes()
            _logger.log(
                INFO if self._closed else WARNING, "removed connection to %s: %s", connection.address, reason
            )
        self._engine.connection_gone(connection, reason, was_ready)
        if promise is not None:
            promise.set_exception(reason)

    def lose_member(self, member: UUID) -> None:
        """Close the connection to a member that left the cluster."""
        connection = self._ready.get(member)
        if connection is not None:
            self.lose(connection, TargetDisconnectedError(f"member {member} left the cluster"))

    def heartbeat(self, now: float) -> Sequence[Connection]:
        """Close connections that were silent for too long; return those that want a ping."""
        options = self._options
        quiet = []
        for connection in list(self._ready.values()):
            silent = now - connection.last_read
            if silent > options.heartbeat_timeout:
                error = TargetDisconnectedError(
                    f"nothing was received from {connection.address} for {silent:.1f} s, more than"
                    f" heartbeat_timeout ({options.heartbeat_timeout:g} s)"
                )
                self.lose(connection, error)
            elif now - connection.last_write >= options.heartbeat_interval:
                quiet.append(connection)
        return quiet

    def close(self, reason: Exception) -> None:
        """Close every connection, for good."""
        self._closed = True
        for connection in [*self._opening, *self._ready.values()]:
            self.lose(connection, reason)


def _no_cluster(
    cluster_name: str, elapsed: float, failures: dict[Address, Exception | None]
) -> IllegalStateError:
    reasons = "; ".join(
        f"{address}: not tried before the time was over"
        if e is None
        else f"{address}: {type(e).__name__}: {e}"
        for address, e in failures.items()
    )
    return IllegalStateError(
        f"no member of cluster {cluster_name!r} could be connected in {elapsed:.1f} s"
        f" (cluster_connect_timeout). Tried {reasons or 'no address at all'}. Check that the members run, and"
        " the options cluster_members and cluster_name"
    )
