"""The connection manager: connecting, heartbeats and reconnecting."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

from hz_core.cluster.authentication import Credentials, MemberIdentity, authenticate
from hz_core.cluster.backoff import Backoff
from hz_core.cluster.locating import Locator
from hz_core.cluster.member_retries import MemberRetries, RepeatedLosses
from hz_core.cluster.membership import Membership
from hz_core.cluster.reasons import Failures, no_cluster, reason_at
from hz_core.cluster.view import Routes
from hz_core.codecs import client as codec
from hz_core.connection import Connection, ConnectionOwner, ConnectionState
from hz_core.errors import (
    ClientNotAllowedInClusterError,
    HazelcastClientNotActiveError,
    HazelcastError,
    TargetDisconnectedError,
)
from hz_core.flow import Submitter, run_flow
from hz_core.io import IO, Timer
from hz_core.log import DEBUG, INFO, WARNING, get_logger
from hz_core.model import Address
from hz_core.op import Flow, GatherOutcomes, Sleep, WaitFor
from hz_core.promise import CallbackPromise, Promise, complete

_logger = get_logger("connection")

_ROUNDING: Final = 0.001  # seconds by which a check at the end of a time may seem to come too early


class ConnectOptions(NamedTuple):
    """The options for connections, the same for all clusters. Times are in seconds."""

    smart: bool
    shuffle: bool
    backup_acks: bool
    connection_timeout: float
    heartbeat_interval: float
    heartbeat_timeout: float
    max_message_size: int
    member_backoff: Callable[[], Backoff]
    """Returns the pauses between attempts to connect to one member of the list; without a time limit."""
    failover_tries: float = 0
    """How often all clusters are tried again, after the current one was not reached."""


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

    def on_routes_changed(self) -> None:
        """Handle new routes."""
        ...

    def on_cluster_changed(self) -> None:
        """Handle the move to another cluster, or to the same one after a restart."""
        ...


class _TooLateError(TargetDisconnectedError):
    """An attempt did not finish in what was left of the time for all."""


class _Attempt:
    """An attempt to open a connection."""

    __slots__ = ("limit", "member", "promise", "target")

    def __init__(self, promise: Promise, target: ClusterTarget, member: UUID | None) -> None:
        self.promise = promise
        self.target = target
        self.member = member
        """The expected member, or None for a configured address."""
        self.limit: Timer | None = None


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
        self._target = self._joined = self._targets[0]
        self._members_of: ClusterTarget | None = None
        self._membership = membership
        self._engine = engine
        self._next_id = 1
        self._attempts: dict[Connection, _Attempt] = {}
        self._ready: dict[UUID, Connection] = {}
        self._checked = 0.0  # when heartbeats were checked last
        self._closed = False
        self._losses = RepeatedLosses(io, options.member_backoff)
        self._pause = 0.0
        self._retries = MemberRetries(io, options.member_backoff, engine.on_members_changed)
        self.cluster_id: UUID | None = None
        self.routes: Routes = Routes((), membership.partitions, options.smart)

    @property
    def connected(self) -> bool:
        """Whether there is at least one ready connection."""
        return bool(self._ready)

    def refresh_routes(self) -> None:
        """Build the routes again from the connections and the partition table."""
        self.routes = Routes(tuple(self._ready.values()), self._membership.partitions, self._options.smart)
        self._engine.on_routes_changed()

    def connect_to_cluster(self) -> Flow[Connection]:
        """Try the known addresses in rounds with growing pauses, until a member authenticates the client.

        With several clusters, those after the current one are tried when it is not reached in its time, or does not
        allow this client.

        Raises:
            IllegalStateError: No member could be connected within ``cluster_connect_timeout``; the text
                lists every address with the reason.
            HazelcastClientNotActiveError: The client was shut down meanwhile.
            ClientNotAllowedInClusterError: A member rejects this client permanently, and there is no other cluster.
        """
        pause, self._pause = self._pause, 0.0
        if pause:
            _logger.info("the cluster is lost again and again, connecting in %.2f s", pause)
            yield Sleep(pause)
        began = self._io.now()
        failures: Failures = {}
        pauses = self._options.member_backoff()
        first = self._targets.index(self._target)
        count = len(self._targets)
        for number in itertools.count():
            target = self._targets[(first + number) % count]
            self._move_to(target)
            connection = yield from self._connect_to_target(target, failures)
            if connection is not None:
                return connection
            if number >= self._options.failover_tries * count or count == 1:
                break
            if number % count == count - 1:
                pause = pauses.next_pause(0.0) or 0.0
                _logger.info("none of %d clusters could be connected, trying again in %.2f s", count, pause)
                yield Sleep(pause)
        names = [target.credentials.cluster_name for target in self._targets]
        raise no_cluster(names, self._io.now() - began, failures)

    def moved(self) -> bool:
        """Return whether the client is connected to another one of its clusters than when this was called last."""
        before, self._joined = self._joined, self._target
        return before is not self._target

    def _move_to(self, target: ClusterTarget) -> None:
        """Go on with another cluster."""
        if target is self._target:
            return
        name = target.credentials.cluster_name
        _logger.info("trying to connect to the next cluster, %r", name)
        self._target = target
        for connection in list(self._attempts):
            reason = TargetDisconnectedError(
                f"{connection.address}: the client tries the next cluster, {name!r}"
            )
            self.close_connection(connection, reason)

    def _connect_to_target(
        self,
        target: ClusterTarget,
        failures: Failures,
    ) -> Flow[Connection | None]:
        """Return a connection to one cluster, None if none of its members was reached in time."""
        began = self._io.now()
        name = target.credentials.cluster_name
        backoff = target.backoff()
        while True:
            known = self._membership.members.members if target is self._members_of else ()
            yield from target.locator.discover(known, backoff.left(self._io.now() - began))
            if self._closed:
                raise HazelcastClientNotActiveError("the client was shut down while it was connecting")
            failures.update(((name, what), e) for what, e in target.locator.failures().items())
            addresses = self._candidates(target)
            for address in addresses:
                failures.setdefault((name, address), None)
            for address in addresses:
                if self._closed:
                    raise HazelcastClientNotActiveError("the client was shut down while it was connecting")
                elapsed = self._io.now() - began
                if backoff.over(elapsed):
                    break
                try:
                    attempt = partial(self._open, address, left=backoff.left(elapsed))
                    connection: Connection = yield WaitFor(attempt)
                except ClientNotAllowedInClusterError as e:
                    if len(self._targets) == 1:
                        raise
                    _logger.log(_level(failures[name, address], e), "cluster %r is not used: %s", name, e)
                    failures[name, address] = e
                    return None
                except Exception as e:
                    _logger.log(
                        _level(failures[name, address], e),
                        "could not connect to %s: %s",
                        address,
                        reason_at(address, e),
                    )
                    # That an attempt began too late says less than why an earlier one failed.
                    if failures[name, address] is None or not isinstance(e, _TooLateError):
                        failures[name, address] = e
                else:
                    return connection
            pause = backoff.next_pause(self._io.now() - began)
            if pause is None:
                return None
            _logger.info("no member could be connected, trying again in %.2f s", pause)
            yield Sleep(pause)

    def connect_to_all_members(self) -> Flow[None]:
        """With smart routing, connect to every listed member that is not connected and whose next attempt is due."""
        if not self._options.smart:
            return
        # Before the members without a connection are determined: other flows do so meanwhile.
        yield from self._target.locator.learn(self._membership.members.members, self.cluster_id)
        expected = {attempt.member for attempt in self._attempts.values()}
        missing = [
            m
            for m in self._membership.members.members
            if m.uuid not in self._ready and m.uuid not in expected and self._retries.due(m.uuid)
        ]
        if not missing:
            return
        # What fails is noted where the connections are closed.
        yield GatherOutcomes(
            [WaitFor(partial(self._open, self._target.locator.translate(m), member=m.uuid)) for m in missing]
        )

    def _candidates(self, target: ClusterTarget) -> list[Address]:
        """Return the addresses to try.

        First those of the last member list, which belong to the cluster that sent it. Without smart routing there are
        only those of the configuration: the members' own addresses may lead nowhere, or around a load balancer.
        """
        listed: list[Address] = []
        if target is self._members_of and self._options.smart:
            listed = [target.locator.translate(m) for m in self._membership.members.members]
            if self._options.shuffle:
                self._io.random.shuffle(listed)
        return list(dict.fromkeys([*listed, *target.locator.addresses()]))

    def _open(
        self, address: Address, promise: Promise, left: float | None = None, member: UUID | None = None
    ) -> None:
        """Open a connection and authenticate, within ``left`` seconds if that is not None."""
        if self._closed:
            promise.set_exception(HazelcastClientNotActiveError("the client is shut down"))
            return
        connection = Connection(self._next_id, address, self._engine, self._options.max_message_size)
        connection.cluster = self._targets.index(self._target)
        self._next_id += 1
        now = self._io.now()
        connection.opened = connection.last_read = connection.last_write = connection.last_answer = now
        attempt = self._attempts[connection] = _Attempt(promise, self._target, member)
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
            attempt.limit = self._io.call_later(whole, partial(self._overdue, connection, whole, why))

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

    def _take_attempt(self, connection: Connection) -> _Attempt | None:
        """Forget an attempt that has ended, and its time limit, which would keep the connection in memory."""
        attempt = self._attempts.pop(connection, None)
        if attempt is not None and attempt.limit is not None:
            attempt.limit.cancel()
        return attempt

    def authenticate(self, connection: Connection) -> None:
        """Continue with the authentication after the socket was connected."""
        connection.enter(ConnectionState.AUTHENTICATING)
        promise = CallbackPromise(partial(self._finished, connection))
        run_flow(self._engine, self._authenticate_and_prepare(connection), promise)

    def _finished(self, connection: Connection, result: Any, error: BaseException | None) -> None:
        if isinstance(error, Exception):
            self._io.call_soon(partial(self.close_connection, connection, error))
            return
        attempt = self._take_attempt(connection)
        if attempt is None:
            return
        if attempt.member not in (None, result.member):
            # Until the member list is newer, each attempt would end like this.
            self._failed(
                attempt, connection.address, HazelcastError(f"member {result.member} has replied instead")
            )
        attempt.promise.set_result(result)

    def _failed(self, attempt: _Attempt, address: Address, error: Exception) -> None:
        if (
            attempt.member in self._membership.members.by_uuid
            and attempt.member is not None
            and not self._closed
        ):
            self._retries.failed(attempt.member, address, error)

    def _authenticate_and_prepare(self, connection: Connection) -> Flow[Connection]:
        attempt = self._attempts.get(connection)
        target = self._target if attempt is None else attempt.target
        identity = yield from authenticate(connection, target.credentials, self._io.run_blocking)
        yield from self._on_io_side()
        self._check_alive(connection)
        existing = self._existing(connection, identity)
        if existing is not None:
            return existing
        connection.enter(ConnectionState.PREPARING)
        self._check_identity(connection, identity)
        self._members_of = target
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
        if len(self._ready) == 1:
            self._losses.connected()
        self._retries.connected(identity.member, connection.address)
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
        attempt = self._take_attempt(connection)
        was_ready = connection.member is not None and self._ready.get(connection.member) is connection
        if was_ready and connection.member is not None:
            del self._ready[connection.member]
            if self._ready:
                self._retries.lost(connection.member)
            else:
                self._retries.clear()
                self._pause = self._losses.pause()
            self.refresh_routes()
            _logger.log(
                INFO if self._closed else WARNING,
                "removed connection to %s: %s",
                connection.address,
                reason_at(connection.address, reason),
            )
        self._engine.on_connection_removed(connection, reason, was_ready)
        if attempt is not None:
            self._failed(attempt, connection.address, reason)
            attempt.promise.set_exception(reason)

    def close_member(self, member: UUID) -> None:
        """Close the connection to a member that left the cluster."""
        connection = self._ready.get(member)
        if connection is not None:
            self.close_connection(connection, TargetDisconnectedError(f"member {member} left the cluster"))

    def members_changed(self) -> None:
        """Tell the engine that the member list has changed."""
        self._retries.keep(self._membership.members.by_uuid)
        self._engine.on_members_changed()

    def any_missing(self) -> bool:
        """Return whether there are members without a ready connection, though there should be one to each."""
        return self._options.smart and not self._membership.members.by_uuid.keys() <= self._ready.keys()

    def excuse(self, seconds: float) -> None:
        """Do not count ``seconds`` as silence of the members: the client could not read meanwhile."""
        for connection in self._ready.values():
            connection.last_read += seconds
            connection.last_answer += seconds
            if connection.first_ping is not None:
                connection.first_ping += seconds
        self._checked += seconds

    def heartbeat(self, now: float) -> Sequence[Connection]:
        """Close connections that exceeded the heartbeat timeout; return those that need a ping."""
        interval = self._options.heartbeat_interval
        before, self._checked = self._checked, now
        quiet = []
        for connection in list(self._ready.values()):
            self._note_times(connection, now, before)
            silent, unanswered = now - connection.last_read, now - connection.last_answer
            error = self._too_late(connection, now)
            if error is not None:
                self.close_connection(connection, error)
            # Also when requests are sent, but not answered, for example because they wait for a lock.
            elif (
                min(max(silent, unanswered, now - connection.last_write), now - connection.last_ping)
                >= interval
            ):
                connection.last_ping = connection.last_write = now
                if connection.first_ping is None:
                    connection.first_ping = now
                quiet.append(connection)
        return quiet

    def next_timeout(self) -> float:
        """Return when the first member will have exceeded the heartbeat timeout, if nothing is heard of it."""
        limit = self._options.heartbeat_timeout
        first = inf
        for connection in list(self._ready.values()):
            first = min(first, connection.last_read + limit)
            if connection.first_ping is not None:
                first = min(first, max(connection.last_answer + limit, connection.first_ping + limit / 2))
        return first

    def _note_times(self, connection: Connection, now: float, before: float) -> None:
        """Note what has happened since the last check, which was at ``before``.

        It counts as if it had happened right after that check, so that no member gets more than its time.
        """
        timeout = self._options.heartbeat_timeout
        arriving = connection.arrival.is_life(connection.reader, now, timeout, connection.answered)
        if connection.answered or (connection.heard and arriving):
            connection.answered = False
            connection.last_answer = max(connection.last_answer, before)
            connection.first_ping = None
        if connection.heard:
            connection.heard = False
            connection.last_read = max(connection.last_read, before)
        if connection.spoke:
            connection.spoke = False
            connection.last_write = now

    def _too_late(self, connection: Connection, now: float) -> TargetDisconnectedError | None:
        """Return an error if the member exceeded the heartbeat timeout."""
        limit = self._options.heartbeat_timeout
        silent = now - connection.last_read
        if silent > limit - _ROUNDING:
            return TargetDisconnectedError(
                f"nothing was received from {connection.address} for {silent:.1f} s, more than"
                f" heartbeat_timeout ({limit:g} s)"
            )
        # Events may still arrive while the way to the member is broken, which swallows all requests.
        unanswered, first = now - connection.last_answer, connection.first_ping
        if first is not None and min(unanswered - limit, now - first - limit / 2) > -_ROUNDING:
            return TargetDisconnectedError(
                f"{connection.address} sends, but has answered no request for {unanswered:.1f} s, not even heartbeats:"
                f" more than heartbeat_timeout ({limit:g} s)"
            )
        return None

    def all(self) -> list[Connection]:
        """Return all connections, also those that are not ready; callable from any thread."""
        return [*list(self._attempts), *list(self._ready.values())]

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

    def renew(self, client_uuid: UUID) -> None:
        """Allow connections again, in a forked child, which is another client."""
        current = self._targets.index(self._target)
        self._targets = [
            target._replace(credentials=target.credentials._replace(client_uuid=client_uuid))
            for target in self._targets
        ]
        self._target = self._joined = self._targets[current]
        self._members_of = None
        self._closed = False

    def close(self, reason: Exception) -> None:
        """Close all connections, and do not open new ones."""
        self._closed = True
        self._retries.clear()
        for connection in [*self._attempts, *self._ready.values()]:
            self.close_connection(connection, reason)


def _level(before: Exception | None, error: Exception) -> int:
    """Return the level at which a failed attempt is logged: one warning for each address and reason is enough."""
    again = before is not None and (isinstance(error, _TooLateError) or str(error) == str(before))
    return DEBUG if again else WARNING
