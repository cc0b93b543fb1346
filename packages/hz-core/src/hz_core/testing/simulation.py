"""A client on the virtual clock, in front of simulated members.

The client has the surfaces of a real one::

    with Simulation(members=3) as simulation:
        numbers = simulation.client.get_object(hz_proxies.MAP, "numbers").blocking()
        numbers.put(1, "one")
        simulation.cluster.members[0].cut_all()
        simulation.driver.advance(60)
        assert numbers.get(1) == "one"
"""

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from hz_core.callers import BlockingCaller, FuturesCaller
from hz_core.client_base import ClientBase, limited
from hz_core.config import ClientConfig
from hz_core.connection import Connection
from hz_core.engine import Engine
from hz_core.flow import RunningFlow, run_flow
from hz_core.future import Future
from hz_core.invocation.observation import InvocationObserver
from hz_core.kinds import FuturesT, ObjectKind, ObjectTable
from hz_core.model import Address
from hz_core.op import AnsweredOp, Flow, FlowOrAnswer, Op
from hz_core.operations import ObjectOperations
from hz_core.services import PartitionService
from hz_core.testing.members import SimulatedCluster
from hz_core.testing.scripted import Outcome, ScriptedDriver
from hz_serialization.service import SerializationService

T = TypeVar("T")


class SimulatedFutures:
    """Runs operations on the virtual clock and returns their futures; waiting for one moves the time.

    Args:
        engine: Sends them.
        driver: The virtual clock.
        objects: The client's objects.
    """

    seconds: float | None = None
    """The time limit of its operations; None for no limit."""

    def __init__(self, engine: Engine, driver: ScriptedDriver, objects: ObjectTable) -> None:
        self._engine = engine
        self._driver = driver
        self._objects = objects

    def call(self, op: Op[T]) -> Future[T]:
        """Send ``op`` and return the future of its result."""
        if isinstance(op, AnsweredOp):
            return self.answered(op.result)
        future: Future[T] = Future(self._driver)
        future.completed_by(self._engine.invocations.submit(op, future))
        if op.on_lost is not None:
            future.on_lost = op.lost
        return future

    def run(self, flow: FlowOrAnswer[T]) -> Future[T]:
        """Start ``flow`` and return the future of its result."""
        if isinstance(flow, AnsweredOp):
            return self.answered(flow.result)
        future: Future[T] = Future(self._driver)
        running = run_flow(self._engine, flow, future)
        future.on_lost = running.lost
        future.add_done_callback_inline(partial(_cancel_with, running))
        return future

    def answered(self, result: T) -> Future[T]:
        """Return the future of an operation whose result is known."""
        future: Future[T] = Future(self._driver)
        future.set_result(result)
        return future

    def now(self) -> float:
        """Return the time of the clock that time limits are measured with, in seconds."""
        return self._driver.now()

    def new_future(self) -> Future[Any]:
        """Return a future to wait on."""
        return Future(self._driver)

    def within(self, seconds: float) -> "SimulatedFutures":
        """Return operations that fail ``seconds`` after they began."""
        return _LimitedFutures(self._engine, self._driver, self._objects, seconds)

    def blocking(self) -> "SimulatedBlocking":
        """Return what waits for results."""
        return SimulatedBlocking(self)

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object."""
        self.run(self._objects.destroy(operations)).result()
        return True


class _LimitedFutures(SimulatedFutures):
    seconds: float

    def __init__(self, engine: Engine, driver: ScriptedDriver, objects: ObjectTable, seconds: float) -> None:
        super().__init__(engine, driver, objects)
        self.seconds = seconds

    def call(self, op: Op[T]) -> Future[T]:
        op.deadline = self._driver.now() + self.seconds
        return super().call(op)

    def run(self, flow: FlowOrAnswer[T]) -> Future[T]:
        return super().run(limited(flow, self.seconds))


def _cancel_with(running: RunningFlow, future: Future[Any]) -> None:
    if future.cancelled():
        running.cancel()


class SimulatedBlocking:
    """Runs operations on the virtual clock and lets time pass until they are done.

    Args:
        futures: Runs the operations.
    """

    def __init__(self, futures: SimulatedFutures) -> None:
        self._futures = futures

    def call(self, op: Op[T]) -> T:
        """Send ``op`` and let time pass until it has a result."""
        return self._futures.call(op).result()

    def run(self, flow: FlowOrAnswer[T]) -> T:
        """Run ``flow`` and let time pass until it has a result."""
        return self._futures.run(flow).result()

    def within(self, seconds: float) -> "SimulatedBlocking":
        """Return operations that fail ``seconds`` after they began."""
        return SimulatedBlocking(self._futures.within(seconds))

    def futures(self) -> SimulatedFutures:
        """Return what returns futures."""
        return self._futures

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object."""
        return self._futures.destroy(operations)


class SimulatedMachine:
    """The process of a simulated client, whose clock of the day shows the virtual time.

    Args:
        driver: The clock.
    """

    def __init__(self, driver: ScriptedDriver) -> None:
        self._driver = driver

    def wall_time(self) -> float:
        """Return the virtual time."""
        return self._driver.now()

    def gauges(self) -> dict[str, int | float]:
        """Return one gauge of each type."""
        return {"os.totalPhysicalMemorySize": 1 << 34, "os.systemLoadAverage": 0.5}


class SimulatedClient(ClientBase):
    """A client on the virtual clock. It is not connected before ``start``.

    Args:
        driver: The network and the clock.
        config: The options.
        observer: Watches completions of operations.

    Attributes:
        driver: The network and the clock.
        engine: The client's logic, for tests that look inside.
        futures: Runs operations and returns their futures.
        blocking: Runs operations and lets time pass until they are done.
        partition_service: The partitions and their owners.
        owner: Number under which operations own locks; set another one to act as another thread.
    """

    def __init__(
        self,
        driver: ScriptedDriver,
        config: ClientConfig | None = None,
        *,
        observer: InvocationObserver | None = None,
    ) -> None:
        self.driver = driver
        super().__init__(
            config,
            lambda name, config: driver,
            lambda: self.owner,
            lambda: SimulatedMachine(driver),
            observer,
        )
        self.owner = 1
        self.engine: Engine = self._engine
        futures = SimulatedFutures(self._engine, driver, self._objects)
        self._run = futures.blocking().run  # also when too many operations are in flight
        self.futures: FuturesCaller
        self.blocking: BlockingCaller
        self.futures, self.blocking = self._with_limit(futures, lambda: True)
        self.partition_service: PartitionService = PartitionService(self._engine, self.blocking.run)

    def start(self) -> None:
        """Connect to the cluster."""
        self._run(self._engine.connect())

    def get_object(self, kind: ObjectKind[FuturesT, Any], name: str) -> FuturesT:
        """Return a distributed object, prepared on first use."""
        operations = self._run(self._objects.get(kind, name))
        return operations._surface(kind.futures, self.futures)

    def shutdown(self) -> None:
        """Close all connections. Idempotent."""
        self._run(self._engine.close())


class Simulation:
    """A simulated cluster with one client in front of it, and the virtual clock of both.

    Args:
        members: Number of members, unless a cluster is given.
        seed: Seed of all randomness.
        cluster: The cluster; one is made without it.
        observer: Watches completions of the client's operations.
        client: The class of the client.
        **options: The client's options.

    Attributes:
        cluster: The members.
        driver: The network and the clock.
        client: The client.
        engine: The client's logic.
        states: The lifecycle events so far.
        outcomes: The outcome of every operation that ``submit`` was given.
    """

    def __init__(
        self,
        members: int = 1,
        *,
        seed: int = 0,
        cluster: SimulatedCluster | None = None,
        observer: InvocationObserver | None = None,
        client: type[SimulatedClient] = SimulatedClient,
        **options: Any,
    ) -> None:
        self.cluster: SimulatedCluster = cluster or SimulatedCluster(members, seed=seed)
        self.driver: ScriptedDriver = ScriptedDriver(self.cluster.network, seed)
        self.cluster.clock = self.driver
        options.setdefault("cluster_members", [str(m.address) for m in self.cluster.members])
        options.setdefault("shuffle_member_list", False)
        options.setdefault("client_name", "client")
        self.states: list[str] = []
        options.setdefault("lifecycle_listeners", [self.states.append])
        self.client: SimulatedClient = client(
            self.driver, ClientConfig.from_kwargs(**options), observer=observer
        )
        self.engine: Engine = self.client.engine
        self.serialization: SerializationService = self.client.serialization
        self.outcomes: list[Outcome] = []

    def start(self, limit: float = 300.0) -> Self:
        """Start the client, within ``limit`` virtual seconds."""
        self.run(self.engine.connect(), limit)
        self.driver.advance()
        return self

    def begin(self, flow: Flow[Any]) -> Outcome:
        """Begin a flow."""
        outcome = Outcome()
        run_flow(self.engine, flow, outcome)
        return outcome

    def run(self, flow: Flow[Any], limit: float = 300.0) -> Any:
        """Run a flow to its end, within ``limit`` virtual seconds."""
        return self.value(self.begin(flow), limit)

    def submit(self, op: Op[Any]) -> Outcome:
        """Submit an operation; what cannot even be sent is an outcome, too."""
        outcome = Outcome()
        self.outcomes.append(outcome)
        outcome.invocation = self.engine.submit(op, outcome)
        return outcome

    def value(self, outcome: Outcome, limit: float = 300.0) -> Any:
        """Let time pass until there is an outcome; return the value or raise the error."""
        self.driver.run_until(lambda: outcome.done, limit)
        if outcome.error is not None:
            raise outcome.error
        return outcome.result

    def until(self, condition: Callable[[], object], limit: float = 60.0) -> None:
        """Let time pass until ``condition`` holds."""
        self.driver.run_until(condition, limit)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The client's ready connections."""
        return tuple(self.engine.routing.open_connections())

    @property
    def connected(self) -> set[Address]:
        """The addresses that the client has ready connections to."""
        return {connection.address for connection in self.connections}

    def stop(self) -> None:
        """Shut the client down, and check that nothing is left behind.

        Raises:
            AssertionError: an operation has no outcome, or more than one; a connection is open.
        """
        self.client.shutdown()
        self.driver.advance(0)
        left = [outcome for outcome in self.outcomes if not outcome.done or outcome.times > 1]
        links = [link for link in self.driver.links if link.open]
        if self.engine.invocations.pending_count or self.connections or links or left:
            raise AssertionError(
                f"left behind: {self.engine!r}, connections {self.connections}, links {links}, outcomes {left}"
            )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.stop()
        else:
            self.client.shutdown()
