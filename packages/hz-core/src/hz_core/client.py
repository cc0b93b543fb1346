"""The client for threaded programs: futures and blocking calls."""

import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from hz_core.callers import BlockingCaller, FuturesCaller
from hz_core.client_base import ClientBase, limited
from hz_core.cluster_events import distributed_object_listener
from hz_core.compiled import BlockingCallerBase, FuturesCallerBase, acquires_in_python, prefer_compiled
from hz_core.config import ClientConfig
from hz_core.drivers.blocking import BlockingCall
from hz_core.drivers.process import Process
from hz_core.drivers.threaded import ThreadedDriver
from hz_core.drivers.tls_options import tls_of_clusters
from hz_core.engine import CLOSING_TIMEOUT, Engine
from hz_core.flow import Acquisitions, give_back, run_flow, wait_for
from hz_core.future import Future
from hz_core.invocation.contexts import ContextFuture
from hz_core.invocation.observation import InvocationObserver, Observation
from hz_core.kinds import FuturesT, ObjectKind, ObjectTable
from hz_core.model import DistributedObjectEvent
from hz_core.op import Acquired, AnsweredOp, FlowOrAnswer, Op
from hz_core.operations import ObjectOperations
from hz_core.promise import CallbackPromise
from hz_core.renewal import Renewal
from hz_core.services import PartitionService
from hz_core.surfaces import FuturesObject

T = TypeVar("T")

_SHUTDOWN_TIMEOUT: Final = CLOSING_TIMEOUT + 5.0


class _ThreadNumbers(threading.local):
    """A number for each thread. Its identifier would not do: a later thread gets it, and owned the same locks."""

    def __init__(self) -> None:
        self.number = _next_thread_number()


_next_thread_number: Final[Callable[[], int]] = count(1).__next__
_thread_numbers: Final = _ThreadNumbers()

_thread_number: Final[Callable[[], int]] = partial(getattr, _thread_numbers, "number")
"""Returns the lock owner id of the current thread."""


class Client(ClientBase):
    """A client for threaded programs, without data structures of its own.

    ``get_object`` returns the objects of other packages, for example ``client.get_object(hz_proxies.MAP, "m")``;
    ``hazelcast.HazelcastClient`` has a method for each kind of object. A client is thread-safe: share one client
    between threads.

    Args:
        config: The options.
        observer: Watches completions of operations.

    Attributes:
        futures: Runs operations and returns their futures.
        blocking: Runs operations in the calling thread.
        partition_service: The partitions and their owners.

    Raises:
        IllegalStateError: No member could be connected within ``cluster_connect_timeout``.
    """

    def __init__(
        self, config: ClientConfig | None = None, *, observer: InvocationObserver | None = None
    ) -> None:
        super().__init__(config, self._make_driver, _thread_number, Process, observer)
        self._engine.on_closed = self._driver.end_by_itself
        blocking = BlockingOperations(self._engine, self._driver, self._objects)
        futures = FuturesOperations(self._engine, self._driver, blocking)
        self.futures: FuturesCaller
        self.blocking: BlockingCaller
        self.futures, self.blocking = self._with_limit(futures, self._may_wait)
        self.partition_service: PartitionService = PartitionService(self._engine, self.blocking.run)
        self._renewal = Renewal(self._engine, self._driver, self._connect_anew)
        self._driver.start()
        self._closed = False
        try:
            started = self._connect()
            if self.config.async_start:
                started.add_done_callback_inline(partial(_close_if_failed, self._engine))
            else:
                started.result()
        except BaseException:
            self.shutdown()
            raise

    def _connect(self) -> Future[None]:
        started: Future[None] = Future()
        self._driver.call_soon(partial(_connect, self._engine, started))
        return started

    def _connect_anew(self) -> None:
        self._closed = False
        self._connect().add_done_callback_inline(partial(_close_if_failed, self._engine))

    def _make_driver(self, name: str, config: ClientConfig) -> ThreadedDriver:
        self._driver = ThreadedDriver(
            name,
            config.socket_options,
            tls=tls_of_clusters(config),
            outbound_ports=config.outbound_ports,
            socket_interceptor=config.socket_interceptor,
        )
        return self._driver

    def _may_wait(self) -> bool:
        return not self._driver.in_io_thread()

    def get_object(self, kind: ObjectKind[FuturesT, Any], name: str) -> FuturesT:
        """Return a distributed object, prepared on first use.

        Args:
            kind: The kind of object, as the package of its operations exports it.
            name: Its name, the same for all clients.
        """
        operations = self._objects.find(kind, name) or self.blocking.run(self._objects.get(kind, name))
        return operations._surface(kind.futures, self.futures)

    def add_distributed_object_listener(
        self, listener_func: Callable[[DistributedObjectEvent], object]
    ) -> Future[str]:
        """Add a listener for distributed objects that any client or member creates or destroys.

        Args:
            listener_func: Called with a DistributedObjectEvent.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: ``listener_func`` is no function.

        Source: message ``Client.addDistributedObjectListener``.
        """
        return self.futures.run(self._engine.add_listener(distributed_object_listener(listener_func)))

    def remove_distributed_object_listener(self, registration_id: str) -> Future[bool]:
        """Remove a listener for distributed objects.

        Returns:
            Whether it was registered.

        Source: message ``Client.removeDistributedObjectListener``.
        """
        return self.futures.run(self._engine.remove_listener(registration_id))

    def _distributed_objects(self, kinds: Iterable[ObjectKind[FuturesT, Any]]) -> list[FuturesObject]:
        """Return the objects in the cluster; those of a kind that is not in ``kinds`` have no operations."""
        return [
            operations._surface(kind.futures, self.futures)
            for kind, operations in self.blocking.run(self._objects.listed(kinds))
        ]

    def shutdown(self) -> None:
        """Close all connections and end the client's threads; operations in progress fail. Idempotent."""
        self._closed = True
        if self._renewal.disarm():
            return
        ended = threading.Event()
        if self._driver.running():
            self._driver.call_soon(partial(_close, self._engine, ended.set))
            if not self._driver.in_io_thread():
                ended.wait(_SHUTDOWN_TIMEOUT)
        self._driver.stop()

    def _forked(self) -> None:
        used = self._renewal.leave() or not (self._closed or self._engine.states.closed)
        self._driver.forked()
        super()._forked()
        if used:
            self._renewal.arm()

    def _abandon(self) -> None:
        driver = self._driver
        # The threads of a program that ends do not run any more, and green ones cannot even be asked.
        if not sys.is_finalizing() and driver.running():
            # Stopped on the I/O thread, because no other thread waits for the end.
            stop = partial(driver.call_soon, driver.stop)
            driver.call_soon(partial(_close, self._engine, stop))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()


def _connect(engine: Engine, started: Future[None]) -> None:
    run_flow(engine, engine.connect(), started)


def _close(engine: Engine, ended: Callable[[], object]) -> None:
    def call_ended(result: object, error: BaseException | None, /) -> None:
        ended()

    run_flow(engine, engine.close(), CallbackPromise(call_ended))


def _close_if_failed(engine: Engine, started: Future[None]) -> None:
    if started.exception() is not None:
        engine.io.call_soon(partial(_close, engine, _nothing))


def _nothing() -> None:
    """Do nothing."""


@acquires_in_python
@prefer_compiled
class FuturesOperations(FuturesCallerBase):
    """Runs operations and returns their futures.

    Args:
        engine: Sends them.
        driver: Waits for them.
        blocking: Runs them in the calling thread.
    """

    seconds: float | None = None
    """The time limit of its operations; None for no limit."""

    def __init__(self, engine: Engine, driver: ThreadedDriver, blocking: "BlockingOperations") -> None:
        self._engine = engine
        self._driver = driver
        self._blocking = blocking
        self._service = engine.invocations
        self._submit = engine.invocations.submit
        self._submitted = driver.submitted
        self._new_future: type[Future[Any]] = Future
        engine.observation.follow(self)

    def observed_by(self, observation: Observation) -> None:
        """See :class:`hz_core.invocation.observation.Follower`."""
        self._new_future = ContextFuture if observation.keeps_context else Future

    def call(self, op: Op[T]) -> Future[T]:
        """Send ``op`` and return its future at once."""
        if isinstance(op, AnsweredOp):
            return self.answered(op.result)
        future: Future[T] = self._new_future(self._driver)
        try:
            invocation = self._submit(op, future, True)
            future.completed_by(invocation)
            self._submitted(invocation)
        except BaseException:
            future.cancel()  # interrupted: the caller does not get it, nor what it may acquire
            raise
        if op.on_lost is not None:
            future.on_lost = op.lost
        return future

    def run(self, flow: FlowOrAnswer[T]) -> Future[T]:
        """Start ``flow`` and return the future of its result; cancelling the future cancels the flow."""
        if isinstance(flow, AnsweredOp):
            return self.answered(flow.result)
        future: Future[T] = self._new_future(self._driver)
        running = run_flow(self._engine, flow, future)
        future.on_lost = running.lost
        future.completed_by(running)
        return future

    def answered(self, result: T) -> Future[T]:
        """Return the future of an operation whose result is known."""
        future: Future[T] = self._new_future(self._driver)
        future.set_result(result)
        return future

    def now(self) -> float:
        """Return the time of the clock that time limits are measured with, in seconds."""
        return self._driver.now()

    def new_future(self) -> Future[Any]:
        """Return a future to wait on."""
        return Future(self._driver)

    def within(self, seconds: float) -> "FuturesOperations":
        """Return a caller whose operations fail ``seconds`` after they began."""
        return _LimitedFutures(self._engine, self._driver, self._blocking, seconds)

    def blocking(self) -> "BlockingOperations":
        """Return the caller that waits for results."""
        return self._blocking

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object; wait for that."""
        return self._blocking.destroy(operations)


class _LimitedFutures(FuturesOperations):
    seconds: float

    def __init__(
        self, engine: Engine, driver: ThreadedDriver, blocking: "BlockingOperations", seconds: float
    ) -> None:
        super().__init__(engine, driver, blocking.within(seconds))
        self.seconds = seconds

    def call(self, op: Op[T]) -> Future[T]:
        op.deadline = self._engine.io.now() + self.seconds
        return super().call(op)

    def run(self, flow: FlowOrAnswer[T]) -> Future[T]:
        return super().run(limited(flow, self.seconds))


@acquires_in_python
@prefer_compiled
class BlockingOperations(BlockingCallerBase):
    """Runs operations in the calling thread.

    Args:
        engine: Sends them.
        driver: Waits for them.
        objects: The client's objects.
    """

    def __init__(self, engine: Engine, driver: ThreadedDriver, objects: ObjectTable) -> None:
        self._engine = engine
        self._driver = driver
        self._objects = objects
        self._new_call = BlockingCall
        self._service = engine.invocations
        self._send = engine.invocations.send
        self._complete = driver.complete
        self._now = driver.now
        engine.observation.follow(self)

    def observed_by(self, observation: Observation) -> None:
        """See :class:`hz_core.invocation.observation.Follower`."""
        self._new_call = observation.kind(BlockingCall)

    def call(self, op: Op[T]) -> T:
        """Send ``op`` and wait for its result."""
        if isinstance(op, AnsweredOp):
            answer: T = op.result
            return answer
        call = self._new_call(op, self._now())
        try:
            self._send(call)
            result: T = self._complete(call)
        except BaseException:
            call.abandon()
            raise
        return result

    def run(self, flow: FlowOrAnswer[T]) -> T:
        """Run ``flow`` in the calling thread and return its result."""
        if isinstance(flow, AnsweredOp):
            answer: T = flow.result
            return answer
        value: Any = None
        error: BaseException | None = None
        acquired: Acquisitions = []
        try:
            while True:
                wanted = flow.send(value) if error is None else flow.throw(error)
                value = error = None
                try:
                    value = self._wait_step(wanted, acquired)
                except BaseException as e:
                    # also Ctrl-C: the flow may run cleanup steps before it continues
                    error = e
        except StopIteration as stop:
            # Nothing can interrupt the thread from here on, so what the flow has acquired has an owner.
            result: T = stop.value
            return result
        except BaseException:
            give_back(acquired)
            flow.close()
            raise
        finally:
            del error

    def _wait_step(self, wanted: Any, acquired: Acquisitions) -> Any:
        if isinstance(wanted, Op):
            if wanted.on_lost is None:
                return self.call(wanted)
            # Known before it is acquired: nothing can interrupt the thread between the reply and the assignment.
            granted = _Granted(wanted)
            acquired.append(granted)
            granted.result = self.call(wanted)
            return granted.result
        if isinstance(wanted, Acquired):
            acquired.append(wanted)
            return None
        # An `AnsweredOp` is no request: neither the driver nor an observer may see it.
        if isinstance(wanted, list) and all(type(step) is Op and step.on_lost is None for step in wanted):
            return self._call_all(wanted)
        step: Future[Any] = Future(self._driver)
        cancel = None
        try:
            cancel = wait_for(self._engine, wanted, step, acquired)
            return step.result()
        except BaseException:
            step.cancel()
            if cancel is not None:
                cancel()
            raise

    def _call_all(self, ops: list[Op[Any]]) -> list[Any]:
        """Send all ``ops``, wait for all of them, and return their results; raise the first error in their order."""
        now = self._now()
        calls = [self._new_call(op, now) for op in ops]
        results = []
        error: BaseException | None = None
        try:
            for call in calls:
                try:
                    self._send(call, True)
                except Exception as e:  # also what a user's load balancer raises
                    call.fail(e)
            self._driver.flush()
            for call in calls:
                try:
                    results.append(self._complete(call))
                except Exception as e:
                    error = error or e
        except BaseException:
            for call in calls:
                call.abandon()
            raise
        if error is not None:
            raise error
        return results

    def within(self, seconds: float) -> "BlockingOperations":
        """Return a caller whose operations fail ``seconds`` after they began."""
        return _LimitedBlocking(self._engine, self._driver, self._objects, seconds)

    def futures(self) -> FuturesOperations:
        """Return the caller whose operations return futures."""
        return FuturesOperations(self._engine, self._driver, self)

    def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object; wait for that."""
        self.run(self._objects.destroy(operations))
        return True


class _Granted:
    """Gives back what an operation has acquired, if it has."""

    __slots__ = ("_op", "result")

    result: Any

    def __init__(self, op: Op[Any]) -> None:
        self._op = op

    def __call__(self) -> None:
        try:
            result = self.result
        except AttributeError:
            return  # it failed, or was given up
        self._op.lost(result)


class _LimitedBlocking(BlockingOperations):
    def __init__(self, engine: Engine, driver: ThreadedDriver, objects: ObjectTable, seconds: float) -> None:
        super().__init__(engine, driver, objects)
        self._seconds = seconds

    def call(self, op: Op[T]) -> T:
        op.deadline = self._now() + self._seconds
        return super().call(op)

    def run(self, flow: FlowOrAnswer[T]) -> T:
        return super().run(limited(flow, self._seconds))

    def futures(self) -> FuturesOperations:
        plain = BlockingOperations(self._engine, self._driver, self._objects)
        return _LimitedFutures(self._engine, self._driver, plain, self._seconds)
