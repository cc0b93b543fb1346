"""The client for asyncio."""

import asyncio
from asyncio import _get_running_loop
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from functools import partial
from itertools import count
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar
from weakref import ref

from hz_core.aio_in_flight import LimitedAsyncio
from hz_core.callers import AsyncioCaller
from hz_core.client_base import ClientBase, limited
from hz_core.cluster_events import distributed_object_listener
from hz_core.compiled import AsyncioCallerBase, prefer_compiled
from hz_core.config import ClientConfig
from hz_core.drivers.aio import AsyncioDriver
from hz_core.drivers.process import Process
from hz_core.drivers.tls_options import tls_of_clusters
from hz_core.engine import Engine
from hz_core.errors import IllegalStateError
from hz_core.flow import RunningFlow, run_flow
from hz_core.invocation.observation import InvocationObserver
from hz_core.kinds import AsyncioT, ObjectKind, ObjectTable
from hz_core.model import DistributedObjectEvent
from hz_core.op import AnsweredOp, FlowOrAnswer, Op
from hz_core.operations import ObjectOperations
from hz_core.promise import CallbackPromise
from hz_core.services import AsyncioPartitionService
from hz_core.surfaces import AsyncioObject

T = TypeVar("T")


# `id(task)` would not do: a later task often gets the address of one that has ended, and with it would own the
# locks that the ended one did not release. The table belongs to the module, because all clients see the same tasks;
# it is weak, so that it keeps no task alive. A WeakKeyDictionary does the same, with another Python function per call.
_task_numbers: Final[dict["ref[asyncio.Task[Any]]", int]] = {}
_next_task_number: Final[Callable[[], int]] = count(1).__next__


def _task_ids(loop: asyncio.AbstractEventLoop) -> Callable[[], int]:
    """Return a function that returns the lock owner id of the current task of ``loop``; 0 in a callback, without one.

    The task is asked of this loop, and not of the running one, because finding that takes a system call on Python 3.11.
    """
    find, current_task = _task_numbers.get, asyncio.current_task

    def task_id() -> int:
        task = current_task(loop)
        if task is None:
            return 0
        number = find(ref(task))
        if number is None:
            number = _task_numbers[ref(task, _forget_task)] = _next_task_number()
        return number

    return task_id


def _forget_task(task: "ref[asyncio.Task[Any]]") -> None:
    _task_numbers.pop(task, None)


class AsyncioClient(ClientBase):
    """A connection to a cluster for asyncio programs, with no data structures of its own.

    Start it with ``async with`` or ``start``; use it on the event loop that it was started on. Locks belong to the
    task that acquires them.

    Args:
        config: The options.
        observer: Watches completions of operations.

    Attributes:
        operations: Runs operations on the event loop.
        partition_service: The partitions and their owners.
    """

    _how_to_close = "await shutdown()"

    def __init__(
        self, config: ClientConfig | None = None, *, observer: InvocationObserver | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        super().__init__(config, self._make_driver, _task_ids(self._loop), Process, observer)
        self._operations = AsyncioOperations(self._engine, self._loop, self._objects)
        self.operations: AsyncioCaller = self._operations
        limit = self._in_flight_limit(self._loop.create_future, lambda: True)
        if limit is not None:
            self.operations = LimitedAsyncio(limit, self._operations)
        self.partition_service: AsyncioPartitionService = AsyncioPartitionService(
            self._engine, self._operations.run
        )
        self._started: asyncio.Future[None] | None = None

    def _make_driver(self, name: str, config: ClientConfig) -> AsyncioDriver:
        self._driver = AsyncioDriver(
            self._loop,
            config.socket_options,
            tls=tls_of_clusters(config),
            outbound_ports=config.outbound_ports,
            socket_interceptor=config.socket_interceptor,
        )
        return self._driver

    async def start(self) -> None:
        """Connect to the cluster; with the option ``async_start``, connect in the background.

        Raises:
            IllegalStateError: No member could be connected within ``cluster_connect_timeout``.
            HazelcastClientNotActiveError: The client was shut down; it cannot be started again.
        """
        self._check_not_shut_down()
        if self._started is None:
            self._closed = False
            self._started = self._operations.run(self._engine.connect())
        if self.config.async_start:
            self._started.add_done_callback(self._close_if_failed)
            return
        try:
            await self._started
        except BaseException:
            await self.shutdown()
            raise

    def _close_if_failed(self, started: "asyncio.Future[None]") -> None:
        if not started.cancelled() and started.exception() is not None:
            self._operations.run(self._engine.close())

    async def get_object(self, kind: ObjectKind[Any, AsyncioT], name: str) -> AsyncioT:
        """Return a distributed object, prepared on first use.

        Args:
            kind: The kind of object, as the package of its operations exports it.
            name: Its name, the same for all clients.
        """
        operations = self._objects.find(kind, name)
        if operations is None:
            operations = await self._operations.run(self._objects.get(kind, name))
        return operations._surface(kind.asyncio, self.operations)

    async def add_distributed_object_listener(
        self, listener_func: Callable[[DistributedObjectEvent], object]
    ) -> str:
        """Add a listener for distributed objects that any client or member creates or destroys.

        Args:
            listener_func: Called with a DistributedObjectEvent.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: ``listener_func`` is no function.

        Source: message ``Client.addDistributedObjectListener``.
        """
        return await self.operations.run(
            self._engine.add_listener(distributed_object_listener(listener_func))
        )

    async def remove_distributed_object_listener(self, registration_id: str) -> bool:
        """Remove a listener for distributed objects.

        Returns:
            Whether it was registered.

        Source: message ``Client.removeDistributedObjectListener``.
        """
        return await self._operations.run(self._engine.remove_listener(registration_id))

    async def _distributed_objects(self, kinds: Iterable[ObjectKind[Any, AsyncioT]]) -> list[AsyncioObject]:
        """Return the objects in the cluster; those of a kind that is not in ``kinds`` have no operations."""
        return [
            operations._surface(kind.asyncio, self.operations)
            for kind, operations in await self._operations.run(self._objects.listed(kinds))
        ]

    async def shutdown(self) -> None:
        """Close all connections; operations in progress fail. Idempotent.

        Call it on the event loop that the client was started on. On another one it waits for that loop; if that is
        closed or stopped, it closes the connections without a word to the members.
        """
        self._closed = True
        if self._engine.states.forked:
            return
        if asyncio.get_running_loop() is self._loop:
            await self._operations.run(self._engine.close())
            await self._driver.stop()
        elif self._loop.is_running():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.shutdown(), self._loop))
        else:
            self._close_now()

    def _close_now(self) -> None:
        """Close without waiting, since nothing runs on the loop any more."""
        # Cancelled, so that the services say no farewell.
        run_flow(self._engine, self._engine.close(), CallbackPromise(_ignore)).cancel()
        self._driver.drop_timers()

    def _abandon(self) -> None:
        if self._loop.is_closed():
            self._close_now()
        else:
            self._loop.call_soon_threadsafe(self._operations.run, self._engine.close())

    def _forked(self) -> None:
        self._driver.leave_to_parent()
        super()._forked()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.shutdown()


def _ignore(result: object, error: BaseException | None, /) -> None:
    pass


@prefer_compiled
class AsyncioOperations(AsyncioCallerBase):
    """Runs operations on the event loop.

    Args:
        engine: Sends them.
        loop: The running loop.
        objects: The client's objects.
    """

    seconds: float | None = None
    """The time limit of its operations; None for no limit."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop, objects: ObjectTable) -> None:
        self._engine = engine
        self._loop = loop
        self._objects = objects
        self._new_future = loop.create_future
        self._service = engine.invocations
        self._submit = engine.invocations.submit
        self._running_loop = _get_running_loop

    def call(self, op: Op[T]) -> "asyncio.Future[T]":
        """Send ``op``; await the result.

        Raises:
            IllegalStateError: This is not the client's event loop.
        """
        if _get_running_loop() is not self._loop:
            self._refuse_loop(op.method.name)
        if isinstance(op, AnsweredOp):
            answered: asyncio.Future[T] = self._new_future()
            answered.set_result(op.result)
            return answered
        future = self._new_future() if op.on_lost is None else _LossyFuture(op.lost, self._loop)
        self._submit(op, future)
        return future

    def run(self, flow: FlowOrAnswer[T]) -> "asyncio.Future[T]":
        """Start ``flow``; await its result. Cancelling that cancels the flow.

        Raises:
            IllegalStateError: This is not the client's event loop.
        """
        if isinstance(flow, AnsweredOp):
            return self.call(flow)
        if _get_running_loop() is not self._loop:
            flow.close()
            self._refuse_loop("this operation")
        future: _LossyFuture[T] = _LossyFuture(None, self._loop)
        running = run_flow(self._engine, flow, future)
        future.on_lost = running.lost
        if not future.done():
            future.add_done_callback(partial(_cancel_with, running))
        return future

    def answered(self, result: T) -> T:
        """Return the result of an operation that is known.

        Raises:
            IllegalStateError: This is not the client's event loop.
        """
        if _get_running_loop() is not self._loop:
            self._refuse_loop("this operation")
        return result

    def _refuse_loop(self, what: str) -> NoReturn:
        """Raise the error of a call that is not made on the client's event loop."""
        name = self._engine.name
        self._engine.check_active()  # in a forked child this says so; there is another loop, too
        where = "outside of any event loop" if _get_running_loop() is None else "on another event loop"
        state = (
            "is closed"
            if self._loop.is_closed()
            else "runs"
            if self._loop.is_running()
            else "does not run now"
        )
        raise IllegalStateError(
            f"{what} was called {where}, but asyncio client {name} belongs to the one that it was made on, which"
            f" {state}. Make a client on each event loop, pass the call to the client's loop with"
            " asyncio.run_coroutine_threadsafe, or use the client of threads, hazelcast.HazelcastClient, everywhere"
        )

    def now(self) -> float:
        """Return the time of the clock that time limits are measured with, in seconds."""
        return self._engine.io.now()

    def new_future(self) -> "asyncio.Future[Any]":
        """Return a future to wait on."""
        return self._new_future()

    async def admitted(self) -> "AsyncioOperations":
        """Return itself: without the option ``max_in_flight``, operations do not wait for each other."""
        return self

    def within(self, seconds: float) -> "AsyncioOperations":
        """Return operations that fail ``seconds`` after they began."""
        return _LimitedAsyncio(self._engine, self._loop, self._objects, seconds)

    async def destroy(self, operations: ObjectOperations) -> bool:
        """Destroy an object."""
        await self.run(self._objects.destroy(operations))
        return True


class _LossyFuture(asyncio.Future[T]):
    """A future whose result may get lost: its task is cancelled after the result has come, and before the task runs.

    Args:
        on_lost: Called with that result.
        loop: The running loop.
    """

    def __init__(self, on_lost: Callable[[T], object] | None, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.on_lost = on_lost

    def __await__(self) -> Generator[Any, None, T]:
        try:
            return (yield from super().__await__())
        except asyncio.CancelledError:
            if self.on_lost is not None and self.done() and not self.cancelled() and self.exception() is None:
                self.on_lost(self.result())
            raise

    __iter__ = __await__

    def set_result(self, result: T) -> None:
        """Complete with a value; no effect if the loop is closed, so that nobody waits."""
        with suppress(RuntimeError):
            super().set_result(result)

    def set_exception(self, exception: type[BaseException] | BaseException) -> None:
        """Complete with an error; no effect if the loop is closed."""
        with suppress(RuntimeError):
            super().set_exception(exception)


class _LimitedAsyncio(AsyncioOperations):
    seconds: float

    def __init__(
        self, engine: Engine, loop: asyncio.AbstractEventLoop, objects: ObjectTable, seconds: float
    ) -> None:
        super().__init__(engine, loop, objects)
        self.seconds = seconds

    def call(self, op: Op[T]) -> "asyncio.Future[T]":
        op.deadline = self._engine.io.now() + self.seconds
        return super().call(op)

    def run(self, flow: FlowOrAnswer[T]) -> "asyncio.Future[T]":
        return super().run(limited(flow, self.seconds))


def _cancel_with(running: RunningFlow, future: "asyncio.Future[Any]") -> None:
    if future.cancelled():
        running.cancel()
