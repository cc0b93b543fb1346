"""The connection manager: connecting, heartbeats and reconnecting."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from hz_core.cluster.authentication import Credentials, MemberIdentity, authenticate
from hz_core.cluster.backoff import Backoff
from hz_core.cluster.locating import Locator
from hz_core.cluster.membership import Membership
from hz_core.cluster.view import Routes
from hz_core.codecs import client as codec
from hz_core.connection import Connection, ConnectionOwner, ConnectionState
from hz_core.errors import (
    ClientNotAllowedInClusterError,
    HazelcastError,
    IllegalStateError,
    TargetDisconnectedError,
)
from hz_core.flow import Submitter, run_flow
from hz_core.io import IO
from hz_core.log import INFO, WARNING, get_logger
from hz_core.model import Address
from hz_core.op import Flow, GatherOutcomes, Sleep, WaitFor
from hz_core.promise import CallbackPromise, Promise, complete

_logger = get_logger("connection")


class ConnectOptions(NamedTuple):
    """The options for connections, the same for all clusters. Times are in seconds."""

    smart: bool
    backup_acks: bool
    connection_timeout: float
    heartbeat_interval: float
    heartbeat_timeout: float
    max_message_size: int


class ClusterTarget(NamedTuple):
    """A cluster that the client may connect to. With several, the next one is tried when one is not reached."""

    credentials: Credentials
    backoff: Callable[[], Backoff]
    locator: Locator


class ConnectionEngine(Submitter, ConnectionOwner, Protocol):
    """The part of the engine that the connection manager uses."""

    def prepare_connection(self, connection: Connection) -> Flow[None]:
        """Prepare an authenticated connection before operations are sent over it."""
        ...

    def on_connection_added(self, connection: Connection) -> None:
        """Handle a connection that is ready."""
        ...

    def on_connection_removed(self, connection: Connection, reason: Exception, was_ready: bool) -> None:
        """Clean up after a connection that was closed."""
        ...

    def on_members_changed(self) -> None:
        """Handle a new member list."""
        ...

    def on_cluster_changed(self) -> None:
        """Handle the move to another cluster, or to the same one after a restart."""
        ...


class _TooLateError(TargetDisconnectedError):
    """An attempt did not finish in what was left of the time for all."""


class _Attempt(NamedTuple):
    """An attempt to open a connection."""

    promise: Promise
    member: UUID | None
    """The expected member, or None for a configured address."""


class ConnectionManager:
    """Owner of all connections. Everything runs on the I/O side; other threads only read ``routes``."""

    def __init__(
        self,
        io: IO,
        options: ConnectOptions,
        targets: Sequence[ClusterTarget],
        membership: Membership,
        engine: ConnectionEngine,
    ) -> None:
        self._io = io
        self._options = options
        self._targets = list(targets)
        self._target = self._targets[0]
        self._membership = membership
        self._engine = engine
        self._next_id = 1
        self._attempts: dict[Connection, _Attempt] = {}
        self._ready: dict[UUID, Connection] = {}
        self._closed = False
        self.cluster_id: UUID | None = None
        self.routes = Routes((), membership.partitions, options.smart)

    @property
    def connected(self) -> bool:
        """Whether there is at least one ready connection."""
        return bool(self._ready)

    def refresh_routes(self) -> None:
        """Build the routes again from the connections and the partition table."""
        self.routes = Routes(tuple(self._ready.values()), self._membership.partitions, self._options.smart)

    def connect_to_cluster(self) -> Flow[Connection]:
        """Try the known addresses in rounds with growing pauses, until a member authenticates the client.

        Raises:
            IllegalStateError: No member could be connected within ``cluster_connect_timeout``; the text
                lists every address with the reason.
            ClientNotAllowedInClusterError: A member rejects this client permanently.
        """
        began = self._io.now()
        failures: dict[Address | str, Exception | None] = {}
        current = self._targets.index(self._target)
        for target in [*self._targets[current:], *self._targets[:current]]:
            with_known = target is self._target
            self._target = target
            connection = yield from self._connect_to_target(target, with_known, failures)
            if connection is not None:
                return connection
        names = ", ".join(repr(target.credentials.cluster_name) for target in self._targets)
        raise _no_cluster(names, self._io.now() - began, failures)

    def _connect_to_target(
        self,
        target: ClusterTarget,
        with_known: bool,
        failures: dict[Address | str, Exception | None],
    ) -> Flow[Connection | None]:
        """Return a connection to one cluster, None if none of its members was reached in time."""
        began = self._io.now()
        backoff = target.backoff()
        while True:
            known = self._membership.members.members if with_known else ()
            yield from target.locator.discover(known, backoff.left(self._io.now() - began))
            if self._closed:
                raise IllegalStateError("the client was shut down while it was connecting")
            failures.update(target.locator.failures())
            addresses = self._candidates(target, with_known=with_known)
            failures.update((address, None) for address in addresses if address not in failures)
            for address in addresses:
                if self._closed:
                    raise IllegalStateError("the client was shut down while it was connecting")
                elapsed = self._io.now() - began
                if backoff.over(elapsed):
                    break
                try:
                    attempt = partial(self._open, address, left=backoff.left(elapsed))
                    connection: Connection = yield WaitFor(attempt)
                except ClientNotAllowedInClusterError as e:
                    if len(self._targets) == 1:
                        raise
                    failures[address] = e
                    return None
                except Exception as e:
                    _logger.warning("could not connect to %s: %s", address, e)
                    # That an attempt began too late says less than why an earlier one failed.
                    if failures[address] is None or not isinstance(e, _TooLateError):
                        failures[address] = e
                else:
                    return connection
            pause = backoff.next_pause(self._io.now() - began)
            if pause is None:
                return None
            _logger.info("no member could be connected, trying again in %.2f s", pause)
            yield Sleep(pause)

    def connect_to_all_members(self) -> Flow[None]:
        """With smart routing, connect to every listed member that is not connected yet. Failures are logged."""
        if not self._options.smart:
            return
        # Before the members without a connection are determined: other flows do so meanwhile.
        yield from self._target.locator.learn(self._membership.members.members, self.cluster_id)
        expected = {attempt.member for attempt in self._attempts.values()}
        missing = [
            m
            for m in self._membership.members.members
            if m.uuid not in self._ready and m.uuid not in expected
        ]
        if not missing:
            return
        outcomes = yield GatherOutcomes(
            [WaitFor(partial(self._open, self._target.locator.translate(m), member=m.uuid)) for m in missing]
        )
        for member, outcome in zip(missing, outcomes, strict=True):
            if isinstance(outcome, Exception):
                _logger.warning(
                    "could not connect to member %s at %s: %s", member.uuid, member.address, outcome
                )

    def _candidates(self, target: ClusterTarget, *, with_known: bool) -> list[Address]:
        """Return the addresses to try; those of the last member list belong to the cluster that sent it."""
        known = [target.locator.translate(m) for m in self._membership.members.members] if with_known else []
        return list(dict.fromkeys([*target.locator.addresses(), *known]))

    def _open(
        self, address: Address, promise: Promise, left: float | None = None, member: UUID | None = None
    ) -> None:
        """Open a connection and authenticate, within ``left`` seconds if that is not None."""
        if self._closed:
            promise.set_exception(IllegalStateError("the client is shut down"))
            return
        connection = Connection(self._next_id, address, self._engine, self._options.max_message_size)
        self._next_id += 1
        now = self._io.now()
        connection.last_read = connection.last_write = now
        self._attempts[connection] = _Attempt(promise, member)
        timeout = self._options.connection_timeout
        # The same limit again for the authentication: a member that does not reply must not block the client.
        whole, why = 2 * timeout, TargetDisconnectedError
        if left is not None:
            timeout = min(timeout, left) if timeout > 0 else left
            if whole <= 0 or left < whole:
                whole, why = left, _TooLateError
        try:
            self._io.connect(connection, address, timeout)
        except Exception as e:
            self._io.call_soon(partial(connection.on_socket_closed, e))
            return
        if whole > 0:
            self._io.call_later(whole, partial(self._overdue, connection, whole, why))

    def _overdue(self, connection: Connection, seconds: float, kind: type[TargetDisconnectedError]) -> None:
        if connection in self._attempts:
            connected = connection.state is not ConnectionState.CONNECTING
            what = "did not complete the authentication" if connected else "was not connected"
            left = kind is _TooLateError
            why = "what was left of cluster_connect_timeout" if left else "twice connection_timeout"
            self.close_connection(
                connection,
                kind(f"{connection.address} {what} within {round(seconds, 3):g} s ({why})"),
            )

    def authenticate(self, connection: Connection) -> None:
        """Continue with the authentication after the socket was connected."""
        connection.enter(ConnectionState.AUTHENTICATING)
        promise = CallbackPromise(partial(self._finished, connection))
        run_flow(self._engine, self._authenticate_and_prepare(connection), promise)

    def _finished(self, connection: Connection, result: Any, error: BaseException | None) -> None:
        if isinstance(error, Exception):
            self._io.call_soon(partial(self.close_connection, connection, error))
            return
        attempt = self._attempts.pop(connection, None)
        if attempt is not None:
            attempt.promise.set_result(result)

    def _authenticate_and_prepare(self, connection: Connection) -> Flow[Connection]:
        identity = yield from authenticate(connection, self._target.credentials)
        yield from self._on_io_side()
        self._check_alive(connection)
        existing = self._existing(connection, identity)
        if existing is not None:
            return existing
        connection.enter(ConnectionState.PREPARING)
        self._check_identity(connection, identity)
        connection.member = identity.member
        connection.server_version = identity.server_version
        if self._options.smart and self._options.backup_acks:
            yield codec.local_backup_listener(connection)
        yield from self._engine.prepare_connection(connection)
        yield from self._on_io_side()
        self._check_alive(connection)
        # Another connection to the same member may be ready by now, or the client may have moved to another cluster.
        existing = self._existing(connection, identity)
        if existing is not None:
            return existing
        self._check_cluster(connection, identity)
        connection.enter(ConnectionState.READY)
        self._ready[identity.member] = connection
        self.refresh_routes()
        self._engine.on_connection_added(connection)
        _logger.info(
            "authenticated with %s, member %s, server version %s",
            connection.address,
            identity.member,
            identity.server_version,
        )
        return connection

    def _on_io_side(self) -> Flow[None]:
        """Continue on the I/O side, where connections are changed: replies may be read on any thread."""
        yield WaitFor(lambda promise: self._io.call_soon(partial(complete, promise, None)))

    def _check_alive(self, connection: Connection) -> None:
        if not connection.alive:
            raise TargetDisconnectedError(
                f"the connection to {connection.address} was lost while it was set up"
            )

    def _existing(self, connection: Connection, identity: MemberIdentity) -> Connection | None:
        """Close the new connection and return the existing one to the same member."""
        existing = self._ready.get(identity.member)
        if existing is not None:
            reason = TargetDisconnectedError("there is another connection to the same member")
            connection.close(reason)
            self._engine.on_connection_removed(connection, reason, False)
        return existing

    def _check_cluster(self, connection: Connection, identity: MemberIdentity) -> None:
        if identity.cluster_id != self.cluster_id and self._ready:
            raise HazelcastError(
                f"the member at {connection.address} belongs to cluster {identity.cluster_id}, but the client is"
                f" connected to cluster {self.cluster_id}"
            )

    def _check_identity(self, connection: Connection, identity: MemberIdentity) -> None:
        """Check that the member belongs to the client's cluster, or to one that the client may move to.

        Raises:
            ClientNotAllowedInClusterError: The partition count has changed, so keys would be looked up in wrong
                partitions.
            HazelcastError: The member belongs to another cluster than the other connections.
        """
        count = self._membership.partitions.count
        if count and identity.partition_count != count:
            raise ClientNotAllowedInClusterError(
                f"the member at {connection.address} has {identity.partition_count} partitions, but the cluster of"
                f" this client has {count}: it belongs to another cluster"
            )
        if self.cluster_id is None:
            self._membership.set_partition_count(identity.partition_count)
        elif identity.cluster_id != self.cluster_id:
            self._check_cluster(connection, identity)
            _logger.warning("connected to another cluster %s (was %s)", identity.cluster_id, self.cluster_id)
            self._membership.cluster_changed()
            self._engine.on_cluster_changed()
        self.cluster_id = identity.cluster_id

    def close_connection(self, connection: Connection, reason: Exception) -> None:
        """Close ``connection`` and clean up: routes, pending operations, listeners."""
        connection.close(reason)
        attempt = self._attempts.pop(connection, None)
        was_ready = connection.member is not None and self._ready.get(connection.member) is connection
        if was_ready and connection.member is not None:
            del self._ready[connection.member]
            self.refresh_routes()
            _logger.log(
                INFO if self._closed else WARNING, "removed connection to %s: %s", connection.address, reason
            )
        self._engine.on_connection_removed(connection, reason, was_ready)
        if attempt is not None:
            attempt.promise.set_exception(reason)

    def close_member(self, member: UUID) -> None:
        """Close the connection to a member that left the cluster."""
        connection = self._ready.get(member)
        if connection is not None:
            self.close_connection(connection, TargetDisconnectedError(f"member {member} left the cluster"))

    def members_changed(self) -> None:
        """Tell the engine that the member list has changed."""
        self._engine.on_members_changed()

    def any_missing(self) -> bool:
        """Return whether there are members without a ready connection, though there should be one to each."""
        return self._options.smart and not self._membership.members.by_uuid.keys() <= self._ready.keys()

    def excuse(self, seconds: float) -> None:
        """Do not count ``seconds`` as silence of the members: the client could not read meanwhile."""
        for connection in self._ready.values():
            connection.last_read += seconds

    def heartbeat(self, now: float) -> Sequence[Connection]:
        """Close connections that exceeded the heartbeat timeout; return those that need a ping."""
        options = self._options
        interval = options.heartbeat_interval
        quiet = []
        for connection in list(self._ready.values()):
            if connection.heard:
                connection.heard = False
                connection.last_read = now
            if connection.spoke:
                connection.spoke = False
                connection.last_write = now
            silent = now - connection.last_read
            if silent > options.heartbeat_timeout:
                error = TargetDisconnectedError(
                    f"nothing was received from {connection.address} for {silent:.1f} s, more than"
                    f" heartbeat_timeout ({options.heartbeat_timeout:g} s)"
                )
                self.close_connection(connection, error)
            # Also when requests are sent, but not answered, for example because they wait for a lock.
            elif min(max(silent, now - connection.last_write), now - connection.last_ping) >= interval:
                connection.last_ping = now
                quiet.append(connection)
        return quiet

    def forked(self) -> list[Connection]:
        """Forget all connections, in a forked child, without closing them; return them."""
        connections = [*self._attempts, *self._ready.values()]
        self._closed = True
        self._ready = {}
        self._attempts = {}
        self.refresh_routes()
        for connection in connections:
            connection.alive = False
            connection.transport = None
        return connections

    def close(self, reason: Exception) -> None:
        """Close all connections, and do not open new ones."""
        self._closed = True
        for connection in [*self._attempts, *self._ready.values()]:
            self.close_connection(connection, reason)


def _no_cluster(
    cluster_name: str, elapsed: float, failures: dict[Address | str, Exception | None]
) -> IllegalStateError:
    reasons = "; ".join(
        f"{address}: not tried before the time was over"
        if e is None
        else f"{address}: {type(e).__name__}: {e}"
        for address, e in failures.items()
    )
    return IllegalStateError(
        f"no member of cluster {cluster_name} could be connected in {elapsed:.1f} s"
        f" (cluster_connect_timeout). Tried {reasons or 'no address at all'}. Check that the members run, and"
        " the options cluster_members and cluster_name"
    )
