"""The client without sockets, threads or clocks: puts cluster, invocations and listeners together."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from hz_core.addresses import all_candidates
from hz_core.cluster.authentication import Credentials
from hz_core.cluster.backoff import Backoff
from hz_core.cluster.connections import ConnectionManager, ConnectOptions
from hz_core.cluster.membership import Membership
from hz_core.codecs import client as codec
from hz_core.config import ClientConfig, ReconnectMode
from hz_core.connection import Connection
from hz_core.model import Address, MemberInfo
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError, TargetDisconnectedError
from hz_core.invocation.flow import run_flow
from hz_core.invocation.op import Await, Flow, Op, Settled
from hz_core.invocation.promise import CallbackPromise, Promise
from hz_core.invocation.service import InvocationPolicy, InvocationService
from hz_core.io import IO, Timer
from hz_core.lifecycle import LifecycleService, LifecycleState
from hz_core.listener import ListenerService
from hz_core.load_balancer import LoadBalancer
from hz_core.log import get_logger
from hz_core.schemas import SchemaService
from hz_core.wire.frames import DECODE_ERRORS, HazelcastProtocolError, message_type_of
from hz_core.wire.reader import DEFAULT_MAX_MESSAGE_SIZE
from hz_serialization import SerializationService

_logger = get_logger("client")

TICK: Final = 1.0
"""Seconds between looks at heartbeats, overdue backup acks and members without a connection."""

_VIEW_TIMEOUT: Final = 10.0


class Engine:
    """All of a client's logic, driven by a :class:`hz_core.io.IO`.

    `submit` may be called from any thread; everything else on the I/O side, or before it runs.
    """

    def __init__(
        self,
        io: IO,
        config: ClientConfig,
        serialization: SerializationService,
        client_name: str,
        load_balancer: LoadBalancer,
    ) -> None:
        self.io = io
        self.config = config
        self.serialization = serialization
        self.client_name = client_name
        self.uuid = self.new_uuid()
        self.smart = config.smart_routing
        self.backup_acks = config.smart_routing and config.backup_ack_to_client_enabled
        self._load_balancer = load_balancer
        self._online = not config.async_start
        self._shut_down = False
        self._tick: Timer | None = None
        self._viewer: Connection | None = None
        self._view_waiters: list[Promise] = []
        self._proxies: dict[tuple[str, str], None] = {}
        self._state_lost = False
        self._joining = False
        self._sleeping: dict[Callable[[], None], Timer] = {}
        self.lifecycle = LifecycleService(io, client_name, self.new_uuid)
        self.membership = Membership(io, self.new_uuid)
        self.connections = ConnectionManager(
            io, self._connect_options(), self._credentials(), self.membership, self
        )
        policy = self._policy()
        self.schemas = SchemaService(
            io,
            self,
            serialization,
            self.membership,
            timeout=policy.timeout,
            retry_pause=policy.retry_pause,
            max_held=policy.max_pending,
        )
        self.invocations = InvocationService(io, self, serialization.read, policy, self.schemas)
        self.messages_received = self.invocations.received
        self.listeners = ListenerService(io, self.invocations, self, self.new_uuid, self.schemas)
        self.lifecycle.add_all(config.lifecycle_listeners)
        self.membership.add_all(config.membership_listeners)

    # --- assembling -------------------------------------------------------------------------------------------

    def new_uuid(self) -> UUID:
        """Return a random UUID."""
        return UUID(int=self.io.random.getrandbits(128), version=4)

    def _policy(self) -> InvocationPolicy:
        config = self.config
        return InvocationPolicy(
            timeout=config.invocation_timeout,
            retry_pause=config.invocation_retry_pause,
            redo_operation=config.redo_operation,
            backup_timeout=config.operation_backup_timeout,
            fail_on_indeterminate=config.fail_on_indeterminate_operation_state,
            max_pending=config.max_pending_invocations,
        )

    def _credentials(self) -> Credentials:
        config = self.config
        return Credentials(
            config.cluster_name,
            self.client_name,
            self.uuid,
            config.labels,
            config.creds_username,
            config.creds_password,
            config.token_provider,
        )

    def _connect_options(self) -> ConnectOptions:
        config = self.config

        def backoff() -> Backoff:
            return Backoff(
                initial=config.retry_initial_backoff,
                maximum=config.retry_max_backoff,
                multiplier=config.retry_multiplier,
                jitter=config.retry_jitter,
                timeout=config.cluster_connect_timeout,
                random=self.io.random,
            )

        def addresses() -> list[Address]:
            candidates = all_candidates(config.cluster_members)
            if config.shuffle_member_list:
                self.io.random.shuffle(candidates)
            return candidates

        return ConnectOptions(
            addresses=addresses,
            smart=config.smart_routing,
            backup_acks=config.backup_ack_to_client_enabled,
            connection_timeout=config.connection_timeout,
            heartbeat_interval=config.heartbeat_interval,
            heartbeat_timeout=config.heartbeat_timeout,
            max_message_size=DEFAULT_MAX_MESSAGE_SIZE,
            backoff=backoff,
            translate=_public_address if config.use_public_ip else _private_address,
        )

    # --- start and end ----------------------------------------------------------------------------------------

    def start(self) -> Flow[None]:
        """Connect to the cluster; ends when calls can be made.

        Raises:
            IllegalStateError: no member could be connected in time.
        """
        self.lifecycle.fire(LifecycleState.STARTING)
        self.lifecycle.fire(LifecycleState.STARTED)
        self._tick = self.io.call_later(TICK, self._on_tick)
        yield from self._join_cluster()

    def _join_cluster(self) -> Flow[None]:
        self._joining = True
        try:
            # Once more from the start if what was connected is lost before everything is.
            while not self.connections.connected:
                yield from self.connections.connect_to_cluster()
                yield from self.connections.connect_to_all_members()
        finally:
            self._joining = False
        if not self._shut_down:
            self._online = True
            self.lifecycle.fire(LifecycleState.CONNECTED)

    def shutdown(self) -> None:
        """Fail what is pending, close all connections, and tell the lifecycle listeners. Idempotent."""
        if self._shut_down:
            return
        was_connected = self.connections.connected
        self.lifecycle.fire(LifecycleState.SHUTTING_DOWN)
        self._shut_down = True
        if self._tick is not None:
            self._tick.cancel()
        reason = HazelcastClientNotActiveError(f"client {self.client_name} was shut down")
        self.connections.close(reason)
        self.invocations.fail_all(reason)
        self.schemas.fail_all(reason)
        self._wake_all()
        if was_connected:
            self.lifecycle.fire(LifecycleState.DISCONNECTED)
        self.lifecycle.fire(LifecycleState.SHUTDOWN)

    # --- calls ------------------------------------------------------------------------------------------------

    def submit(self, op: Op[Any], promise: Promise) -> object:
        """Send `op`; `promise` gets its outcome. See :meth:`InvocationService.submit`."""
        return self.invocations.submit(op, promise)

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call `callback` on the I/O side after `seconds`."""
        self.io.call_soon(lambda: self._sleep(seconds, callback))

    def _sleep(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._shut_down:
            callback()
            return

        def wake() -> None:
            del self._sleeping[wake]
            callback()

        self._sleeping[wake] = self.io.call_later(seconds, wake)

    def _wake_all(self) -> None:
        """Let all that sleeps go on at once: it finds the client shut down, and so comes to its end."""
        for wake, timer in list(self._sleeping.items()):
            timer.cancel()
            wake()

    def partition_count(self) -> int:
        """Return the number of partitions, 0 before the first connection."""
        return self.membership.partitions.count

    def create_proxy(self, service_name: str, name: str) -> Flow[None]:
        """Make the distributed object known to the cluster (`Client.createProxy`), now and after a restart."""
        yield Op(codec.CREATE_PROXY, codec.create_proxy_request(-1, name, service_name))
        self._proxies[service_name, name] = None

    def destroy_proxy(self, service_name: str, name: str) -> Flow[None]:
        """Destroy the distributed object in the cluster (`Client.destroyProxy`)."""
        self._proxies.pop((service_name, name), None)
        yield Op(codec.DESTROY_PROXY, codec.destroy_proxy_request(-1, name, service_name))

    # --- routing (Router, ConnectionSource) -------------------------------------------------------------------

    def route(self, op: Op[Any]) -> Connection | None:
        """Return the connection to send `op` over: to its member, its partition's owner, or any."""
        routes = self.connections.routes
        if op.member is not None and self.smart:
            return routes.by_member.get(op.member)
        partition_id = op.partition_id
        if 0 <= partition_id < len(routes.by_partition):
            connection = routes.by_partition[partition_id]
            if connection is not None and connection.alive:
                return connection
        if self.smart and len(routes.all) > 1:
            member = self._load_balancer.next()
            connection = None if member is None else routes.by_member.get(member.uuid)
            if connection is not None and connection.alive:
                return connection
        return next((c for c in routes.all if c.alive), None)

    def is_member(self, op: Op[Any]) -> bool:
        """Tell whether the member that `op` is bound to is in the cluster."""
        return op.member in self.membership.members.by_uuid

    def check_active(self) -> None:
        """Raise when there is no point in waiting for a connection."""
        if self._shut_down:
            raise HazelcastClientNotActiveError(f"client {self.client_name} is shut down")
        if not self._online:
            raise ClientOfflineError(
                f"client {self.client_name} is not connected to the cluster; it is connecting in the background"
                " (async_start, or reconnect_mode ASYNC): try again later"
            )

    def open_connections(self) -> Sequence[Connection]:
        """Return the authenticated connections."""
        return self.connections.routes.all

    # --- what the driver and the connections tell -------------------------------------------------------------

    def connection_opened(self, connection: Connection) -> None:
        """Authenticate on a socket that was just connected."""
        self.connections.opened(connection)

    def connection_lost(self, connection: Connection, error: Exception) -> None:
        """Clean up after a socket that broke or could not be opened."""
        if not isinstance(error, TargetDisconnectedError):
            cause = error
            error = TargetDisconnectedError(f"{connection.address}: {type(cause).__name__}: {cause}")
            error.__cause__ = cause
        self.connections.lose(connection, error)

    def connection_ready(self, connection: Connection) -> Flow[None]:
        """Make schemas, objects and listeners known, and subscribe to the cluster's view if nobody does."""
        if self._state_lost:
            yield from self.schemas.send_all(connection)
            yield from self._recreate_proxies(connection)
            self._state_lost = False
        if self._viewer is None:
            yield from self._watch_cluster(connection)
        yield from self.listeners.connection_added(connection)

    def connection_gone(self, connection: Connection, reason: Exception, was_ready: bool) -> None:
        """Repeat or fail what waited on the connection, move the view, and reconnect when it was the last one."""
        self.invocations.connection_lost(connection)
        if was_ready:
            self.invocations.hasten_backups()
        self.listeners.connection_lost(connection)
        if connection is self._viewer:
            self._viewer = None
            self._fail_view_waiters(reason)
            self._watch_somewhere()
        if was_ready and not (self.connections.connected or self._shut_down or self._joining):
            self._disconnected()

    def connection_in_use(self, connection: Connection) -> None:
        """Catch up on what has changed between the preparation of a connection and its first use."""
        self._watch_somewhere()
        self._run("registering listeners", self.listeners.connection_added(connection))

    def _watch_somewhere(self) -> None:
        connection = next(iter(self.open_connections()), None)
        if self._viewer is None and connection is not None and not self._shut_down:
            self._run("watching the cluster", self._watch_cluster(connection))

    def cluster_restarted(self) -> None:
        """Remember to tell the new cluster schemas and objects of this client, over the first connection to it."""
        self._state_lost = True

    def _recreate_proxies(self, connection: Connection) -> Flow[None]:
        yield [
            Op(codec.CREATE_PROXY, codec.create_proxy_request(-1, name, service_name), connection=connection)
            for service_name, name in list(self._proxies)
        ]

    def _disconnected(self) -> None:
        self.lifecycle.fire(LifecycleState.DISCONNECTED)
        mode = self.config.reconnect_mode
        if mode == ReconnectMode.OFF:
            _logger.info("the last connection is lost and reconnect_mode is OFF: shutting down")
            self.shutdown()
            return
        if mode == ReconnectMode.ASYNC:
            self._online = False
        run_flow(self, self._join_cluster(), CallbackPromise(self._rejoined))

    def _rejoined(self, result: object, error: BaseException | None) -> None:
        if error is not None and not self._shut_down:
            _logger.error("could not connect to the cluster again, shutting down: %s", error)
            self.io.call_soon(self.shutdown)

    # --- the cluster's view -----------------------------------------------------------------------------------

    def _watch_cluster(self, connection: Connection) -> Flow[None]:
        """Subscribe to members and partitions over `connection` and wait for the first member list."""
        self._viewer = connection
        op: Op[Any] = Op(
            codec.ADD_CLUSTER_VIEW_LISTENER,
            codec.add_cluster_view_listener_request(-1),
            connection=connection,
        )
        arrived = Await(self._view_waiters.append)

        def subscribe(promise: Promise) -> None:
            def subscribed(result: object, error: BaseException | None) -> None:
                if error is None:
                    promise.set_result(result)
                else:
                    # Then no list will come either.
                    promise.set_exception(error)
                    self._fail_view_waiters(error)

            handler = partial(self._view_event, connection)
            done = CallbackPromise(subscribed)
            self.invocations.listen(op, done, handler, connection, self.invocations.new_correlation_id())

        self.after(_VIEW_TIMEOUT, partial(self._view_overdue, connection))
        # In this order, for the list may come before the reply.
        outcomes = yield Settled([arrived, Await(subscribe)])
        if isinstance(outcomes[1], Exception) and connection.alive:
            raise outcomes[1]
        if not connection.alive:
            raise TargetDisconnectedError(
                f"the connection to {connection.address} was lost while it told its members"
            )

    def _view_overdue(self, connection: Connection) -> None:
        if connection is self._viewer and self._view_waiters:
            error = TargetDisconnectedError(
                f"{connection.address} sent no member list within {_VIEW_TIMEOUT:g} s"
            )
            self.connections.lose(connection, error)

    def _view_event(self, connection: Connection, message: bytes) -> None:
        self.io.call_soon(partial(self._apply_view, connection, message))

    def _apply_view(self, connection: Connection, message: bytes) -> None:
        if connection is not self._viewer:
            return
        decode = codec.ADD_CLUSTER_VIEW_LISTENER.events.get(message_type_of(message))
        if decode is None:
            return  # newer members tell more than this client asks for
        try:
            event = decode(message, self.serialization.read)
        except (HazelcastProtocolError, *DECODE_ERRORS) as e:
            reason = HazelcastProtocolError(
                f"{connection.address} sent a view of the cluster that can't be read: {e}"
            )
            self.connections.lose(connection, reason)
            return
        if isinstance(event, codec.MembersViewEvent):
            for member in self.membership.update_members(event.version, event.member_infos):
                self.connections.lose_member(member.uuid)
            waiters, self._view_waiters = self._view_waiters, []
            for promise in waiters:
                promise.set_result(None)
        elif isinstance(event, codec.PartitionsViewEvent) and self.membership.update_partitions(
            connection, event.version, event.partitions
        ):
            self.connections.refresh_routes()

    def _fail_view_waiters(self, reason: BaseException) -> None:
        waiters, self._view_waiters = self._view_waiters, []
        for promise in waiters:
            promise.set_exception(reason)

    # --- housekeeping -----------------------------------------------------------------------------------------

    def _on_tick(self) -> None:
        now = self.invocations.coarse_now = self.io.now()
        self._tick = self.io.call_later(TICK, self._on_tick)
        self.invocations.expire_backups()
        for connection in self.connections.heartbeat(now):
            connection.last_write = now
            self._run("a heartbeat", self._ping(connection))
        if self.connections.connected and self._online:
            self._run("connecting to new members", self.connections.connect_to_all_members())

    def _ping(self, connection: Connection) -> Flow[None]:
        yield Op(codec.PING, codec.ping_request(-1), connection=connection)

    def _run(self, what: str, flow: Flow[None]) -> None:
        def ended(result: object, error: BaseException | None) -> None:
            if error is not None and not self._shut_down:
                _logger.warning("%s failed: %s", what, error)

        run_flow(self, flow, CallbackPromise(ended))


def _private_address(member: MemberInfo) -> Address:
    return member.address


def _public_address(member: MemberInfo) -> Address:
    return member.public_address or member.address
