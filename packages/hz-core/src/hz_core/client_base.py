"""The base class of the clients."""

import os
import warnings
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar
from weakref import WeakSet

from hz_core.__about__ import __version__
from hz_core.callers import BlockingCaller, FuturesCaller
from hz_core.config import ClientConfig
from hz_core.config.failover import cluster_configs
from hz_core.engine import Engine
from hz_core.errors import ClientOfflineError, HazelcastClientNotActiveError, OperationTimeoutError
from hz_core.in_flight import InFlightLimit, LimitedBlocking, LimitedFutures
from hz_core.interpreter import check_interpreter
from hz_core.invocation.observation import InvocationObserver
from hz_core.io import IO, Machine
from hz_core.kinds import MakeOperations, ObjectTable
from hz_core.lifecycle import LifecycleService
from hz_core.load_balancer import RoundRobinLB
from hz_core.log import get_logger
from hz_core.op import AnsweredOp, Flow, FlowOrAnswer, Within
from hz_core.services import ClusterService
from hz_core.uncopied import Uncopied
from hz_serialization import SerializationService

if TYPE_CHECKING:
    from hz_core.observability.debugging import DebugSession
    from hz_core.observability.diagnostics import Diagnostics
    from hz_core.statistics.service import ClientStatistics

# What is imported in functions below is for programs that watch the client; most do not, or not at once.

T = TypeVar("T")

_logger = get_logger("client")

_client_numbers = count()
_clients: Final["WeakSet[ClientBase]"] = WeakSet()


class ClientBase(Uncopied):
    """The common part of the clients: configuration, engine, services and objects, but no way to wait.

    Args:
        config: The options; None for the defaults.
        make_driver: Makes the driver, given the client's name and the configuration.
        lock_owner: Returns the lock owner id of the current thread or task.
        make_machine: Makes what tells about this process and its computer, for statistics.
        observer: Watches completions of operations.

    Attributes:
        config: The options.
        name: Name of the client.
        serialization: Converts values to ``Data`` and back.
        cluster_service: The members of the cluster.
        statistics: Sends statistics to the cluster; None without the option ``statistics_enabled``.
    """

    _how_to_close: ClassVar[str] = "shutdown()"

    make_near_cached: ClassVar[MakeOperations | None] = None
    """Makes the operations of objects that the option ``near_caches`` names; None where that is not available."""

    def __init__(
        self,
        config: ClientConfig | None,
        make_driver: Callable[[str, ClientConfig], IO],
        lock_owner: Callable[[], int],
        make_machine: Callable[[], Machine],
        observer: InvocationObserver | None = None,
    ) -> None:
        self._closed = True  # until there is something to close
        check_interpreter()
        config = ClientConfig() if config is None else config
        for one in cluster_configs(config):
            one.check_available(near_caches=self.make_near_cached is not None)
        self.config = config
        self.name: str = config.client_name or f"hz.client_{next(_client_numbers)}"
        self.serialization: SerializationService = SerializationService(config.serialization())
        balancer = config.load_balancer or RoundRobinLB()
        self._engine = Engine(
            make_driver(self.name, config),
            config,
            self.serialization,
            self.name,
            balancer,
            lock_owner,
            observer,
        )
        if config.slow_operation_threshold is not None:
            from hz_core.observability.slow_operations import SlowOperationLog

            self.add_observer(SlowOperationLog(self._engine, config.slow_operation_threshold))
        self.statistics: ClientStatistics | None = None
        if config.statistics_enabled:
            from hz_core.statistics import service

            self.statistics = service.ClientStatistics(self._engine, make_machine(), config.statistics_period)
            self._engine.background.append((self.statistics.run, "sending statistics"))
        self.cluster_service: ClusterService = ClusterService(self._engine.view)
        balancer.init(self.cluster_service)
        self._objects = ObjectTable(self._engine, type(self).make_near_cached if config.near_caches else None)
        _clients.add(self)

    @property
    def lifecycle_service(self) -> LifecycleService:
        """The state of the client, and its listeners."""
        return self._engine.lifecycle

    def add_observer(self, observer: InvocationObserver) -> None:
        """Let ``observer`` watch all operations that begin from now on."""
        self._engine.observation.add(observer)

    def remove_observer(self, observer: InvocationObserver) -> None:
        """Remove an observer; no effect if it is unknown. It is still told the ends of operations that have begun."""
        self._engine.observation.remove(observer)

    def diagnostics(self) -> "Diagnostics":
        """Return a snapshot of what the client does, with its connections, pending operations, errors and queues.

        It costs operations nothing, and can be taken at any time, also while the client connects or after its end.
        ``to_dict()`` of the result is ready for JSON.
        """
        from hz_core.observability.diagnostics import diagnose

        return diagnose(self._engine, __version__)

    def debug(self, *, internal: bool = False) -> "DebugSession":
        """Return a context manager that notes the steps of calls with their times, and logs on the level DEBUG.

        Args:
            internal: Whether the client's own requests are noted, too, for example heartbeats.
        """
        from hz_core.observability.debugging import DebugSession

        return DebugSession(self._engine, internal=internal)

    def _in_flight_limit(
        self, new_waiter: Callable[[], Any], may_wait: Callable[[], bool]
    ) -> InFlightLimit | None:
        most = self.config.max_in_flight
        if most is None:
            return None
        return InFlightLimit(
            most, self.config.invocation_timeout, self._engine.invocations, new_waiter, may_wait
        )

    def _with_limit(
        self, futures: FuturesCaller, may_wait: Callable[[], bool]
    ) -> tuple[FuturesCaller, BlockingCaller]:
        """Return the callers for users: with the limit of operations in flight, if there is one."""
        limit = self._in_flight_limit(futures.new_future, may_wait)
        if limit is None:
            return futures, futures.blocking()
        return LimitedFutures(limit, futures), LimitedBlocking(limit, futures.blocking())

    def _check_not_shut_down(self) -> None:
        try:
            self._engine.check_active()
        except ClientOfflineError:
            return  # async_start: not connected so far
        except HazelcastClientNotActiveError as e:
            raise HazelcastClientNotActiveError(
                f"client {self.name} was shut down and cannot be started again: create a new client"
            ) from e

    def _instead_of_a_copy(self) -> str:
        return "it has connections of its own; pass on its config, and make another client from that"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self._engine.states.state.value})"

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            self._closed = True
            warnings.warn(
                f"{self!r} was not closed: call {self._how_to_close}, or use the client as a context manager",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )
            self._abandon()

    def _abandon(self) -> None:
        """Begin to close a client that was not closed, without waiting."""

    def _forked(self) -> None:
        """End, in a forked child process: nothing of the parent's client may be used there."""
        self._closed = True
        self._engine.forked()
        self._objects.forked()


def _forked() -> None:
    for client in list(_clients):
        try:
            client._forked()
        except Exception:
            _logger.exception("%r of the parent process is not closed in this child", client)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def limited(flow: FlowOrAnswer[T], seconds: float) -> FlowOrAnswer[T]:
    """Return a flow with a time limit.

    Raises:
        OperationTimeoutError: The time limit expired; the steps in progress were cancelled.
    """
    return flow if isinstance(flow, AnsweredOp) else _within(flow, seconds)


def _within(flow: Flow[T], seconds: float) -> Flow[T]:
    try:
        result: T = yield Within(seconds, flow)
    except TimeoutError:
        raise OperationTimeoutError(
            f"the operation did not end within its time limit of {seconds:g} s"
        ) from None
    return result
