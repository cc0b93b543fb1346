"""The client's logic without sockets, threads or clocks: cluster, invocations, listeners and services."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any, Final
from uuid import UUID

from hz_core.client_state import ClientEvent, ClientState, ClientStateMachine
from hz_core.cluster.connections import ConnectionManager
from hz_core.cluster.group_leaders import LeaderSubscription
from hz_core.cluster.membership import Membership
from hz_core.cluster.routing import Routing
from hz_core.cluster.view_subscription import ClusterViewSubscription
from hz_core.codecs import client as codec
from hz_core.config import ClientConfig, ReconnectMode
from hz_core.connection import Connection, ConnectionState
from hz_core.context import Services, ServiceT
from hz_core.engine_options import cluster_targets, connect_options, invocation_policy
from hz_core.errors import HazelcastClientNotActiveError, TargetDisconnectedError
from hz_core.flow import FlowCancelled, RunningFlow, run_flow
from hz_core.invocation.contexts import ContextFlow
from hz_core.invocation.observation import InvocationObserver, Observation
from hz_core.invocation.recent_errors import RecentErrors
from hz_core.invocation.service import InvocationService, Submit
from hz_core.io import IO, Timer
from hz_core.lifecycle import LifecycleService
from hz_core.listener import ListenerService, ListenerSpec
from hz_core.load_balancer import LoadBalancer
from hz_core.log import get_logger
from hz_core.op import Flow, GatherOutcomes, Within
from hz_core.promise import CallbackPromise, Promise
from hz_core.schema_service import SchemaService
from hz_core.wire.decode import random_uuid
from hz_serialization import SerializationService
from hz_serialization.compact import UnknownSchemaError

_logger = get_logger("client")

TICK: Final = 1.0
"""Longest time in seconds between checks of heartbeats, overdue backup acks and members without a connection."""

CLOSING_TIMEOUT: Final = 5.0
"""Seconds that services have to finish before the connections are closed."""


class Engine:
    """The logic of a client, and its :class:`hz_core.context.ClientContext`. Driven by a :class:`hz_core.io.IO`.

    ``submit``, ``service``, ``start`` and ``any_connection`` may be called from any thread, everything else only on the
    I/O side, or before it runs.

    Args:
        io: The driver.
        config: The options.
        serialization: Converts values to ``Data`` and back.
        client_name: Name of the client.
        load_balancer: Chooses the member for operations that any member can execute.
        lock_owner: Returns the lock owner id of the current thread or task.
        observer: Watches completions of operations.

    Attributes:
        observation: The observers of operations.
        errors: The last errors.
        connections_lost: How many ready connections were lost so far.
        reconnects: How often the client has come back to the cluster after it had lost its last connection.
        background: What is started when the client is connected for the first time: makers of flows, and what they do.
    """

    def __init__(
        self,
        io: IO,
        config: ClientConfig,
        serialization: SerializationService,
        client_name: str,
        load_balancer: LoadBalancer,
        lock_owner: Callable[[], int],
        observer: InvocationObserver | None = None,
    ) -> None:
        self.io = io
        self.config = config
        self.serialization = serialization
        self.name = client_name
        self.lock_owner = lock_owner
        self.uuid: UUID = self.new_uuid()
        self._tick: Timer | None = None
        # Short heartbeat options need checks that are more frequent: silence is counted from the check before the last
        # input.
        self._tick_interval = min(TICK, config.heartbeat_interval / 2, config.heartbeat_timeout / 20)
        self._next_tick = 0.0
        self._created_objects: dict[tuple[str, str], None] = {}
        self._state_lost = False
        self._is_incomplete = False  # whether there are members without a connection
        self._sleeping: dict[_Alarm, Timer] = {}
        self._background: dict[RunningFlow, None] = {}
        self.flows: type[RunningFlow] = RunningFlow
        self.observation: Observation = Observation(io.mutex(), () if observer is None else (observer,))
        self.observation.follow(self)
        self.errors: RecentErrors = RecentErrors(io.now)
        self.connections_lost: int = 0
        self.reconnects: int = 0
        smart = config.smart_routing
        self.lifecycle: LifecycleService = LifecycleService(io, client_name, self.new_uuid)
        self.states: ClientStateMachine = ClientStateMachine(
            self.lifecycle,
            client_name,
            waits_at_start=not config.async_start,
            waits_when_disconnected=config.reconnect_mode != ReconnectMode.ASYNC,
        )
        self.check_active: Callable[[], None] = self.states.check_active
        self.view: Membership = Membership(io, self.new_uuid)
        targets = cluster_targets(config, client_name, self.uuid, io)
        self.connections: ConnectionManager = ConnectionManager(
            io, connect_options(config, io.random), targets, self.view, self
        )
        self.routing: Routing = Routing(self.connections, self.view, load_balancer, smart)
        self._add_invocations()
        self.on_closed: Callable[[], object] = _nothing
        self.background: list[tuple[Callable[[], Flow[None]], str]] = []
        self._services = Services(self)
        self.lifecycle.add_all(config.lifecycle_listeners)
        self.view.add_all(config.membership_listeners)

    def _add_invocations(self) -> None:
        io = self.io
        policy = invocation_policy(self.config)
        self.schemas: SchemaService = SchemaService(io, self, self.serialization, self.view, policy)
        self.invocations: InvocationService = InvocationService(
            io,
            self.routing,
            self.check_active,
            self.serialization.read,
            policy,
            self.schemas,
            self.errors,
            self.observation,
        )
        self.submit: Submit = self.invocations.submit
        self.on_messages: Callable[[Connection, Iterable[bytes]], None] = self.invocations.received
        self.leaders: LeaderSubscription = LeaderSubscription(
            io, self.invocations, self.routing, self.routing.leaders
        )
        self._cluster_view = ClusterViewSubscription(io, self.invocations, self.view, self.connections)
        self.listeners: ListenerService = ListenerService(
            io,
            self.invocations,
            self.routing,
            self.check_active,
            self.new_uuid,
            self.schemas,
            self.serialization.read,
            self.config.smart_routing,
        )

    def observed_by(self, observation: Observation) -> None:
        """See :class:`hz_core.invocation.observation.Follower`."""
        self.flows = ContextFlow if observation.keeps_context else RunningFlow

    # --- start and end -------------------------------------------------------------------------------------

    def connect(self) -> Flow[None]:
        """Connect to the cluster; the flow ends when operations can be sent.

        Raises:
            IllegalStateError: No member could be connected in time.
            HazelcastClientNotActiveError: The client was shut down meanwhile.
        """
        self.states.handle(ClientEvent.START)
        self._next_tick = self.io.now()
        self._schedule_tick()
        yield from self._join_cluster()
        for make, what in self.background:
            self.start(make(), what)

    def _join_cluster(self) -> Flow[None]:
        began = self.io.now()
        limit = self.config.cluster_connect_timeout
        # Start again if the connection is lost before the client is ready.
        while not self.connections.connected:
            yield from self.connections.connect_to_cluster()
            others = self.connections.connect_to_all_members()
            if limit <= 0:
                yield from others
                continue
            try:
                yield Within(max(limit - (self.io.now() - began), limit / 10), others)
            except TimeoutError:
                _logger.warning(
                    "not all members could be connected within cluster_connect_timeout (%g s); this goes on in the"
                    " background",
                    limit,
                )
        self.states.handle(ClientEvent.JOINED_ANOTHER if self.connections.moved() else ClientEvent.JOINED)

    def close(self) -> Flow[None]:
        """Shut services down, fail pending operations, close connections, call lifecycle listeners. Idempotent."""
        if not self.states.handle(ClientEvent.CLOSE):
            return
        endings = self._services.closing()
        try:
            if endings and self.connections.connected:
                for outcome in (yield Within(CLOSING_TIMEOUT, GatherOutcomes(endings))):
                    if isinstance(outcome, Exception):
                        _logger.warning("a service failed to shut down: %s", outcome)
        except TimeoutError:
            _logger.warning(
                "services did not shut down within %g s; closing without waiting for them", CLOSING_TIMEOUT
            )
        finally:
            self._close_connections()

    def _close_connections(self) -> None:
        for running in list(self._background):
            running.cancel()
        if self._tick is not None:
            self._tick.cancel()
        was_connected = self.connections.connected
        reason = HazelcastClientNotActiveError(f"client {self.name} was shut down")
        self.invocations.fail_all(reason)
        self.connections.close(reason)
        self.schemas.fail_all(reason)
        self._wake_all()
        if was_connected:
            self.states.handle(ClientEvent.LAST_CONNECTION_LOST)
        self.states.handle(ClientEvent.CONNECTIONS_CLOSED)
        self.on_closed()

    def forked(self) -> None:
        """End, in a forked child: the connections and the threads are those of the parent.

        Nothing may be sent. The driver has reset its locks before, since other threads may have held them.
        """
        error = self.states.fork()
        # First of all: they would take what follows for errors, and try again.
        for running in list(self._background):
            with suppress(ValueError):  # a thread of the parent was executing it
                running.cancel()
        self._background.clear()
        for connection in self.connections.forked():
            for entry in list(connection.pending.values()):
                entry.fail(error)
            self._cluster_view.on_connection_removed(connection, error)
        self.leaders.forked()
        self.invocations.fail_all(error)
        self.schemas.fail_all(error)
        self.listeners.forked()
        self._services.forked()

    def end_flows(self) -> None:
        """End the flows that callers of the parent wait for, in a forked child."""
        self._wake_all()
        self.io.call_soon(_nothing)  # runs what the parent was about to do, which finds the client closed

    def renew(self) -> None:
        """Begin anew, in a forked child: as another client, with the same objects and listeners."""
        self.uuid = self.new_uuid()
        self._is_incomplete = False
        self.view.cluster_changed()
        self.connections.renew(self.uuid)
        self.invocations.renew()
        self.schemas.renew()
        self.states.renew()

    def _close_in_background(self) -> None:
        run_flow(self, self.close(), CallbackPromise(_ignore))

    # --- interface for flows (Submitter) -------------------------------------------------------------------

    def after(self, seconds: float, promise: Promise) -> Callable[[], None]:
        """See :class:`hz_core.flow.Submitter`. The promise is completed on the I/O side."""
        alarm = _Alarm(self._sleeping, promise)
        self.io.call_soon(partial(self._sleep, seconds, alarm))
        return alarm.cancel

    def _sleep(self, seconds: float, alarm: "_Alarm") -> None:
        if self.states.state is ClientState.CLOSED:
            # Not as if the time were over: a flow that goes on after each error would do so without a pause.
            alarm.fail(self.states.not_active())
        elif not alarm.dropped():
            self._sleeping[alarm] = self.io.call_later(seconds, alarm)
            if alarm.dropped():
                alarm.cancel()  # dropped meanwhile by another thread, which did not find the timer

    def _wake_all(self) -> None:
        """Wake up all sleeping flows with the error of a client that is shut down."""
        for alarm, timer in list(self._sleeping.copy().items()):
            timer.cancel()
            alarm.fail(self.states.not_active())

    # --- interface for operations and services (ClientContext) ---------------------------------------------

    def new_uuid(self) -> UUID:
        """Return a random UUID."""
        return random_uuid(self.io.random.getrandbits(128))

    def partition_count(self) -> int:
        """Return the number of partitions.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError: It is unknown, because no connection was made yet.
        """
        found = self.view.partitions.count
        if not found:
            self.check_active()
        return found

    def any_connection(self) -> Connection:
        """Return a ready connection to the member that the load balancer chooses."""
        return self._found(self.routing.any_connection())

    def any_data_connection(self) -> Connection:
        """Return a ready connection to a member that holds data, if there is one; else to any member."""
        return self._found(self.routing.any_data_connection())

    def _found(self, connection: Connection | None) -> Connection:
        if connection is None:
            self.check_active()
            raise TargetDisconnectedError(
                f"client {self.name} has no connection to the cluster at the moment"
            )
        return connection

    def member_connection(self, member: UUID) -> Connection:
        """Return the ready connection to a member."""
        connection = self.connections.routes.by_member.get(member)
        if connection is None:
            self.check_active()
            raise TargetDisconnectedError(f"client {self.name} has no connection to member {member}")
        return connection

    def owner_connection(self, partition_id: int) -> Connection | None:
        """Return the ready connection to the owner of a partition, if there is one."""
        owners = self.connections.routes.by_partition
        connection = owners[partition_id] if partition_id < len(owners) else None
        return connection if connection is not None and connection.alive else None

    def find_schema(self, unknown: UnknownSchemaError) -> Flow[None]:
        """Ask the cluster for a Compact schema."""
        return self.schemas.find(unknown)

    def follow_leaders(self) -> None:
        """Send operations of CP groups to their leaders, if the option says so and the members tell them."""
        if self.config.cp_direct_to_leader_routing and self.config.smart_routing:
            self.leaders.follow()

    def create_object(self, service_name: str, name: str) -> Flow[None]:
        """Create a distributed object in the cluster (``Client.createProxy``), and again after a restart."""
        yield codec.create_proxy(name, service_name)
        self._created_objects[service_name, name] = None

    def destroy_object(self, service_name: str, name: str) -> Flow[None]:
        """Destroy a distributed object in the cluster (``Client.destroyProxy``), and remove its listeners."""
        # Only those of now: meanwhile somebody may begin to use a new object of this name.
        registrations = self.listeners.owned_by(service_name, name)
        self._created_objects.pop((service_name, name), None)
        yield codec.destroy_proxy(name, service_name)
        yield [self.listeners.remove(registration) for registration in registrations]

    def forget_object(self, service_name: str, name: str) -> None:
        """Create an object no more after a restart of the cluster: somebody else has destroyed it."""
        self._created_objects.pop((service_name, name), None)

    def add_listener(self, spec: ListenerSpec) -> Flow[str]:
        """Register a listener on the cluster."""
        return self.listeners.add(spec)

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener from the cluster."""
        return self.listeners.remove(registration_id)

    def service(self, kind: Callable[..., ServiceT]) -> ServiceT:
        """Return the client's one instance of a service, made on first use."""
        return self._services.get(kind)

    def start(self, flow: Flow[None], what: str) -> RunningFlow:
        """Run ``flow`` in the background, until it ends or the client is shut down, which cancels it."""

        def ended(result: object, error: BaseException | None) -> None:
            self._background.pop(running, None)
            if error is not None and not isinstance(error, FlowCancelled) and not self.states.closed:
                _logger.warning("%s failed: %s", what, error)

        if self.states.forked:
            self.states.on_first_use()
        running = RunningFlow(self, flow, CallbackPromise(ended))
        self._background[running] = None
        try:
            if self.states.state is ClientState.CLOSED:
                running.cancel()  # it could do nothing
            running.advance(None, None)
        except BaseException:
            # This thread was interrupted, maybe before the flow has begun.
            self._background.pop(running, None)
            flow.close()
            raise
        return running

    # --- events of the driver and the connections (ConnectionEngine) ---------------------------------------

    def on_connection_opened(self, connection: Connection) -> None:
        """Authenticate on a socket that was just connected."""
        self.connections.authenticate(connection)

    def on_connection_closed(self, connection: Connection, error: Exception) -> None:
        """Clean up after a socket that failed or could not be opened."""
        if not isinstance(error, TargetDisconnectedError):
            cause = error
            refused = connection.state is ConnectionState.AUTHENTICATING
            when = " (during the authentication: the log of the member may tell why)" if refused else ""
            error = TargetDisconnectedError(f"{connection.address}: {type(cause).__name__}: {cause}{when}")
            error.__cause__ = cause
        self.connections.close_connection(connection, error)

    def prepare_connection(self, connection: Connection) -> Flow[None]:
        """Register schemas, objects and listeners, and subscribe to the cluster's view if no connection does."""
        if self._state_lost:
            yield from self.schemas.send_all(connection)
            yield from self._recreate_objects(connection)
            self._state_lost = False
        if not self._cluster_view.active:
            yield from self._cluster_view.subscribe(connection)
        yield from self.listeners.register_all(connection)

    def on_connection_added(self, connection: Connection) -> None:
        """Register what was added between the preparation of a connection and its first use."""
        self._check_acks()
        self.invocations.parked.send_all()
        self._subscribe_anywhere()
        self.start(self.listeners.keep_registering(connection), "registering listeners")

    def on_connection_removed(self, connection: Connection, reason: Exception, was_ready: bool) -> None:
        """Retry or fail the pending operations of a connection, and reconnect if it was the last one."""
        self.invocations.on_connection_removed(connection)
        if was_ready:
            self._check_acks()
        self.listeners.on_connection_removed(connection)
        self.leaders.on_connection_removed(connection)
        if not self.states.closed:
            self.errors.add(str(connection.address), reason, str(reason))
            self.connections_lost += was_ready
        if self._cluster_view.on_connection_removed(connection, reason):
            self._subscribe_anywhere()
        if was_ready and self.states.state is ClientState.CONNECTED:
            if self.connections.connected:
                self.io.call_soon(self._connect_missing)
            else:
                self._reconnect()

    def on_members_changed(self) -> None:
        """Connect to members that have joined."""
        self._check_acks()
        self._connect_missing()

    def _check_acks(self) -> None:
        """Tell the invocations whether backup acks can be lost: those of a member that the client is not connected to.

        They are lost as well when a member joins or leaves, from when it does so until the client knows.
        """
        missing = self.connections.any_missing()
        if missing or self._is_incomplete:
            self.invocations.backups.may_be_missing(missing)
        self._is_incomplete = missing

    def _connect_missing(self) -> None:
        if self.states.state is ClientState.CONNECTED and self.connections.connected:
            self.start(self.connections.connect_to_all_members(), "connecting to new members")

    def on_routes_changed(self) -> None:
        """Try again at once what has another way to go now."""
        self.invocations.routes_changed()

    def on_cluster_changed(self) -> None:
        """Mark the schemas and objects to be sent to the new cluster, over the first connection to it."""
        self._state_lost = True
        self.leaders.forget()
        self._services.on_cluster_changed()

    def _subscribe_anywhere(self) -> None:
        connection = next(iter(self.routing.open_connections()), None)
        if not self._cluster_view.active and connection is not None and not self.states.closed:
            self.start(self._cluster_view.subscribe(connection), "subscribing to the cluster view")

    def _recreate_objects(self, connection: Connection) -> Flow[None]:
        ops = [codec.create_proxy(name, service_name) for service_name, name in list(self._created_objects)]
        for op in ops:
            op.connection = connection
        yield ops

    def _reconnect(self) -> None:
        self.states.handle(ClientEvent.LAST_CONNECTION_LOST)
        if self.config.reconnect_mode == ReconnectMode.OFF:
            _logger.info("the last connection is lost and reconnect_mode is OFF: shutting down")
            self._close_in_background()
            return
        self.invocations.parked.send_all()
        run_flow(self, self._join_cluster(), CallbackPromise(self._rejoined))

    def _rejoined(self, result: object, error: BaseException | None) -> None:
        self.reconnects += error is None
        if error is not None and not self.states.closed:
            _logger.error("could not connect to the cluster again, shutting down: %s", error)
            self.io.call_soon(self._close_in_background)

    # --- housekeeping --------------------------------------------------------------------------------------

    def _schedule_tick(self) -> None:
        now = self.io.now()
        # Also when a member's time is over, so that it does not get more until the next check.
        self._next_tick = min(
            self._next_tick + self._tick_interval, max(self.connections.next_timeout(), now)
        )
        self._tick = self.io.call_later(max(self._next_tick - now, 0.0), self._on_tick)

    def _on_tick(self) -> None:
        now = self.io.now()
        late = now - self._next_tick
        try:
            if late > self._tick_interval:
                # The program has kept this thread or event loop busy, or was stopped. What was received meanwhile may
                # still be there to read, so nothing is judged by this time.
                self._next_tick = now
                self.connections.excuse(late)
            else:
                self.invocations.backups.expire()
        finally:
            # Whatever is raised there, by a finalizer for example: without the next check, all would wait for ever.
            self._schedule_tick()
        for connection in self.connections.heartbeat(now):
            self.start(_ping(connection), "a heartbeat")
            # Noted already; otherwise the next check would take it as sent then, and the next heartbeat would be late.
            connection.spoke = False
        if self._is_incomplete:
            self._connect_missing()
        self.leaders.subscribe()

    def __repr__(self) -> str:
        return (
            f"Engine({self.name!r}, {self.states.state.value},"
            f" connections={len(self.routing.open_connections())},"
            f" pending={self.invocations.pending_count})"
        )


class _Alarm:
    """A promise that is completed at a time, and can be dropped by any thread."""

    __slots__ = ("_promise", "_sleeping")

    def __init__(self, sleeping: "dict[_Alarm, Timer]", promise: Promise) -> None:
        self._sleeping = sleeping
        self._promise: Promise | None = promise

    def dropped(self) -> bool:
        """Return whether the promise was dropped."""
        return self._promise is None

    def __call__(self) -> None:
        promise = self._taken()
        if promise is not None:
            promise.set_result(None)

    def fail(self, error: Exception) -> None:
        """Complete the promise with an error."""
        promise = self._taken()
        if promise is not None:
            promise.set_exception(error)

    def _taken(self) -> Promise | None:
        self._sleeping.pop(self, None)
        promise, self._promise = self._promise, None
        return promise

    def cancel(self) -> None:
        """Drop the promise, and what it would keep alive."""
        self._promise = None
        timer = self._sleeping.pop(self, None)
        if timer is not None:
            timer.cancel()


def _ping(connection: Connection) -> Flow[None]:
    yield codec.ping(connection)


def _nothing() -> None:
    """Do nothing."""


def _ignore(result: Any, error: BaseException | None, /) -> None:
    """Ignore an outcome that nobody waits for."""
