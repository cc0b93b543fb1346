"""The client for asyncio."""

import asyncio
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any, Final, Self, TypeVar, cast
from weakref import WeakKeyDictionary

from hz_core.client import client_numbers
from hz_core.cluster.membership import Membership
from hz_core.config import ClientConfig
from hz_core.drivers.aio import AsyncioDriver
from hz_core.engine import Engine
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError
from hz_core.invocation.flow import run_flow
from hz_core.invocation.op import Flow, Op
from hz_core.lifecycle import LifecycleService
from hz_core.listener import ListenerSpec
from hz_core.load_balancer import RoundRobinLB
from hz_core.proxy import AsyncioT, ProxyKind, check_name
from hz_core.services import ClusterService, PartitionService
from hz_serialization import SerializationService

T = TypeVar("T")


# The address of a task is not its number: a later task often gets the address of one that has ended, and with it
# would own the locks that the ended one did not give back. The table is the module's, not a client's, because a
# task is the same one to all clients; weak, so that it keeps no task alive.
_task_numbers: Final["WeakKeyDictionary[asyncio.Task[Any], int]"] = WeakKeyDictionary()
_next_task_number: Final[Callable[[], int]] = count(1).__next__


def _task_id() -> int:
    """Return the number under which the current task owns locks; 0 in a callback, which belongs to no task."""
    task = asyncio.current_task()
    if task is None:
        return 0
    number = _task_numbers.get(task)
    if number is None:
        number = _task_numbers[task] = _next_task_number()
    return number


class AsyncioClient:
    """A connection to a cluster for asyncio programs, with no data structures of its own.

    Start it with ``async with`` or `start`; use it on the event loop that it was started on. Locks belong to the
    task that takes them.

    Args:
        config: The options.
    """

    def __init__(self, config: ClientConfig | None = None) -> None:
        config = ClientConfig() if config is None else config
        config.check_available()
        self.config = config
        self.name: str = config.client_name or f"hz.client_{next(client_numbers)}"
        self._loop = asyncio.get_running_loop()
        self._new_future = self._loop.create_future
        self._driver = AsyncioDriver(self._loop, config.socket_options)
        self.serialization = SerializationService(config.serialization())
        balancer = config.load_balancer or RoundRobinLB()
        self._engine = Engine(self._driver, config, self.serialization, self.name, balancer)
        self._invoke = self._engine.invocations.submit
        self.cluster_service = ClusterService(self._engine.membership)
        self.partition_service = PartitionService(self._engine.membership, self.serialization)
        balancer.init(self.cluster_service)
        self._proxies: dict[tuple[str, str], Any] = {}
        self._started: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Connect to the cluster; with the option `async_start`, begin to.

        Raises:
            IllegalStateError: no member could be connected within `cluster_connect_timeout`.
            HazelcastClientNotActiveError: the client was shut down; it does not start again.
        """
        self._check_not_shut_down()
        if self._started is None:
            self._started = self._loop.create_future()
            run_flow(self._engine, self._engine.start(), self._started)
        if self.config.async_start:
            self._started.add_done_callback(self._started_in_background)
            return
        try:
            await self._started
        except BaseException:
            await self.shutdown()
            raise

    def _check_not_shut_down(self) -> None:
        try:
            self._engine.check_active()
        except ClientOfflineError:
            return  # async_start: not connected so far
        except HazelcastClientNotActiveError as e:
            raise HazelcastClientNotActiveError(
                f"client {self.name} was shut down and can't be started again: make a new client"
            ) from e

    def _started_in_background(self, started: "asyncio.Future[None]") -> None:
        if not started.cancelled() and started.exception() is not None:
            self._engine.shutdown()

    @property
    def lifecycle_service(self) -> LifecycleService:
        """State of the client and its listeners."""
        return self._engine.lifecycle

    # --- operations -------------------------------------------------------------------------------------------

    def call(self, op: Op[T]) -> "asyncio.Future[T]":
        """Send `op`; await the result."""
        future: asyncio.Future[T] = self._new_future()
        self._invoke(op, future)
        return future

    def run(self, flow: Flow[T]) -> "asyncio.Future[T]":
        """Run `flow`; await the result."""
        future: asyncio.Future[T] = self._new_future()
        run_flow(self._engine, flow, future)
        return future

    # --- what operations ask (Cluster) ------------------------------------------------------------------------

    @property
    def view(self) -> Membership:
        """The members and partitions, as known now."""
        return self._engine.membership

    def partition_count(self) -> int:
        """Return the number of partitions.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError: it isn't known, for want of a connection.
        """
        found = self._engine.membership.partitions.count
        if not found:
            self._engine.check_active()
        return found

    lock_owner: Callable[[], int] = staticmethod(_task_id)

    def add_listener(self, spec: ListenerSpec) -> Flow[str]:
        """Register a listener on the cluster; see :class:`hz_core.listener.ListenerService`."""
        return self._engine.listeners.add(spec)

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener from the cluster."""
        return self._engine.listeners.remove(registration_id)

    # --- proxies ----------------------------------------------------------------------------------------------

    async def get_proxy(self, kind: "ProxyKind[Any, AsyncioT]", name: str) -> AsyncioT:
        """Return the proxy of a distributed object, made on first use (message `Client.createProxy`).

        Args:
            kind: The kind of object, as the package of its proxy exports it.
            name: Its name, the same for all clients.
        """
        check_name(name)
        key = (kind.service_name, name)
        if key not in self._proxies:
            await self.run(self._engine.create_proxy(*key))
            made = kind.asyncio(self, kind.service_name, name, kind.operations(self, name))
            self._proxies.setdefault(key, made)
        return cast("AsyncioT", self._proxies[key])

    async def destroy_proxy(self, service_name: str, name: str) -> bool:
        """Destroy a distributed object everywhere."""
        self._proxies.pop((service_name, name), None)
        await self.run(self._engine.destroy_proxy(service_name, name))
        return True

    # --- end --------------------------------------------------------------------------------------------------

    async def shutdown(self) -> None:
        """Close all connections. Idempotent; waiting operations fail."""
        self._engine.shutdown()
        await self._driver.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.shutdown()
