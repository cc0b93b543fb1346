"""The client for threads: futures, and blocking calls."""

import threading
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from hz_core.cluster.membership import Membership
from hz_core.config import ClientConfig
from hz_core.drivers.blocking import BlockingCall
from hz_core.drivers.threaded import ThreadedDriver
from hz_core.drivers.transport import SocketTransport
from hz_core.engine import Engine
from hz_core.future import Future
from hz_core.invocation.flow import run_flow, wait_for
from hz_core.invocation.op import Flow, Op
from hz_core.lifecycle import LifecycleService
from hz_core.listener import ListenerSpec
from hz_core.load_balancer import RoundRobinLB
from hz_core.proxy import FuturesT, ProxyKind, check_name
from hz_core.services import ClusterService, PartitionService
from hz_serialization import SerializationService

T = TypeVar("T")

client_numbers = count()
"""Numbers for the names of clients that were given none, from 0 in each process."""


class Client:
    """A connection to a cluster for programs of threads, with no data structures of its own.

    `get_proxy` gives those of the packages that are installed, for example ``client.get_proxy(hz_proxies.MAP, "m")``;
    `hazelcast.HazelcastClient` has a method for each. A client is safe to use from many threads, and best shared by
    them.

    Args:
        config: The options.

    Raises:
        IllegalStateError: no member could be connected within `cluster_connect_timeout`.
    """

    def __init__(self, config: ClientConfig | None = None) -> None:
        config = ClientConfig() if config is None else config
        config.check_available()
        self.config = config
        self.name: str = config.client_name or f"hz.client_{next(client_numbers)}"
        self._driver = ThreadedDriver(self.name, config.socket_options)
        self.serialization = SerializationService(config.serialization())
        balancer = config.load_balancer or RoundRobinLB()
        self._engine = Engine(self._driver, config, self.serialization, self.name, balancer)
        self.cluster_service = ClusterService(self._engine.membership)
        self.partition_service = PartitionService(self._engine.membership, self.serialization)
        balancer.init(self.cluster_service)
        self._invoke = self._engine.invocations.submit
        self._send = self._engine.invocations.send
        self._complete = self._driver.complete
        self._now = self._driver.now
        self._proxies: dict[tuple[str, str], Any] = {}
        self._proxies_lock = threading.Lock()
        self._driver.start()
        try:
            started: Future[None] = Future()
            self._driver.call_soon(lambda: run_flow(self._engine, self._engine.start(), started))
            if not config.async_start:
                started.result()
            else:
                started.add_done_callback_inline(self._started_in_background)
        except BaseException:
            self.shutdown()
            raise

    def _started_in_background(self, started: Future[None]) -> None:
        if started.exception() is not None:
            self._driver.call_soon(self._engine.shutdown)

    @property
    def lifecycle_service(self) -> LifecycleService:
        """State of the client and its listeners."""
        return self._engine.lifecycle

    # --- operations -------------------------------------------------------------------------------------------

    def submit(self, op: Op[T]) -> Future[T]:
        """Send `op` and return its future at once."""
        future: Future[T] = Future(self._driver)
        try:
            invocation = self._invoke(op, future, True)
        except Exception as e:
            future.set_exception(e)
            return future
        future.operation = invocation
        connection = invocation.connection
        if connection is not None:
            transport = connection.transport
            if isinstance(transport, SocketTransport) and not transport.armed:
                transport.rearm()
        return future

    def call(self, op: Op[T]) -> T:
        """Send `op` and wait for its result."""
        call = BlockingCall(op, self._now())
        self._send(call)
        result: T = self._complete(call)
        return result

    def run(self, flow: Flow[T]) -> Future[T]:
        """Start `flow` and return the future of its result."""
        future: Future[T] = Future(self._driver)
        run_flow(self._engine, flow, future)
        return future

    def run_blocking(self, flow: Flow[T]) -> T:
        """Run `flow` in the calling thread and return its result."""
        try:
            wanted = next(flow)
            while True:
                try:
                    value = self._wait_step(wanted)
                except Exception as e:
                    wanted = flow.throw(e)
                else:
                    wanted = flow.send(value)
        except StopIteration as stop:
            return cast("T", stop.value)
        finally:
            flow.close()

    def _wait_step(self, wanted: Any) -> Any:
        if isinstance(wanted, Op):
            return self.call(wanted)
        if isinstance(wanted, list):
            return self._call_all(wanted)
        step: Future[Any] = Future(self._driver)
        wait_for(self._engine, wanted, step)
        return step.result()

    def _call_all(self, ops: list[Op[Any]]) -> list[Any]:
        """Send all of `ops`, wait for all, and return their results; raise the first error in their order."""
        now = self._now()
        calls = [BlockingCall(op, now) for op in ops]
        for call in calls:
            try:
                self._send(call, True)
            except Exception as e:  # also what a user's load balancer raises
                call.fail(e)
        self._driver.flush()
        error: BaseException | None = None
        results = []
        for call in calls:
            try:
                results.append(self._complete(call))
            except Exception as e:
                error = error or e
        if error is not None:
            raise error
        return results

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

    lock_owner: Callable[[], int] = staticmethod(threading.get_ident)

    def add_listener(self, spec: ListenerSpec) -> Flow[str]:
        """Register a listener on the cluster; see :class:`hz_core.listener.ListenerService`."""
        return self._engine.listeners.add(spec)

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener from the cluster."""
        return self._engine.listeners.remove(registration_id)

    # --- proxies ----------------------------------------------------------------------------------------------

    def get_proxy(self, kind: "ProxyKind[FuturesT, Any]", name: str) -> FuturesT:
        """Return the proxy of a distributed object, made on first use (message `Client.createProxy`).

        Args:
            kind: The kind of object, as the package of its proxy exports it.
            name: Its name, the same for all clients.
        """
        check_name(name)
        key = (kind.service_name, name)
        proxy = self._proxies.get(key)
        if proxy is None:
            self.run_blocking(self._engine.create_proxy(*key))
            made = kind.futures(self, kind.service_name, name, kind.operations(self, name))
            with self._proxies_lock:
                proxy = self._proxies.setdefault(key, made)
        return cast("FuturesT", proxy)

    def destroy_proxy(self, service_name: str, name: str) -> bool:
        """Destroy a distributed object everywhere."""
        self._proxies.pop((service_name, name), None)
        self.run_blocking(self._engine.destroy_proxy(service_name, name))
        return True

    # --- end --------------------------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Close all connections and end the client's threads. Idempotent; waiting operations fail."""
        ended = threading.Event()

        def end() -> None:
            try:
                self._engine.shutdown()
            finally:
                ended.set()

        if self._driver.running():
            self._driver.call_soon(end)
            if not self._driver.in_io_thread():
                ended.wait(10.0)
        self._driver.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()
