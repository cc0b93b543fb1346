"""Base classes of the generated surfaces: three ways to wait for the same operations."""

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from hz_core.arguments import duration
from hz_core.callers import AsyncioCaller, BlockingCaller, FuturesCaller
from hz_core.op import Flow, Op
from hz_core.pipeline import DEFAULT_DEPTH, Pipeline
from hz_core.uncopied import Uncopied

if TYPE_CHECKING:
    from hz_core.aio_pipeline import AsyncioPipeline

T = TypeVar("T")
R = TypeVar("R")


class _Surface(Uncopied):
    """The common part of the three surfaces."""

    _caller: Any
    _ops: Any

    def __repr__(self) -> str:
        name = self._name()
        return object.__repr__(self) if name is None else f"{type(self).__name__}(name={name!r})"

    def __str__(self) -> str:
        # The documented name of the kind of object, which is the same on every surface.
        name = self._name()
        kind = type(self._ops).__name__.removesuffix("Operations")
        return repr(self) if name is None else f'{kind}(name="{name}")'

    def _instead_of_a_copy(self) -> str:
        name = self._name()
        if name is None:
            return super()._instead_of_a_copy()
        return f"it belongs to one client; pass on its name, {name!r}, and get it from a client there"

    def _name(self) -> str | None:
        """Return the name of the object in the cluster; None for what has no name."""
        name: str | None = getattr(self._ops, "name", None)
        return name

    def with_timeout(self, seconds: float) -> Self:
        """Return the same object with a time limit for each of its operations.

        Args:
            seconds: The time limit, after which an operation fails with OperationTimeoutError. It may still be
                executed.

        Raises:
            TypeError, ValueError: It is not a number, or negative or not finite.
        """
        return self._with_caller(self._caller.within(duration(seconds, "seconds")))

    def _with_caller(self, caller: Any) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, _caller=caller, _call=caller.call, _run=caller.run)
        return copy


class FuturesSurface(_Surface):
    """Operations that return a :class:`Future` at once.

    Args:
        caller: Runs the operations.
        operations: Declares them.
    """

    _caller: FuturesCaller

    def __init__(self, caller: FuturesCaller, operations: Any) -> None:
        self._caller = caller
        self._ops = operations
        # Bound once, so that a call needs no further function.
        self._call = caller.call
        self._run = caller.run


class BlockingSurface(_Surface):
    """Operations that wait and return the value itself.

    Args:
        caller: Runs the operations.
        operations: Declares them.
    """

    _caller: BlockingCaller

    def __init__(self, caller: BlockingCaller, operations: Any) -> None:
        self._caller = caller
        self._ops = operations
        self._call = caller.call
        self._run = caller.run


class AsyncioSurface(_Surface):
    """Operations that are coroutines.

    Args:
        caller: Runs the operations.
        operations: Declares them.
    """

    _caller: AsyncioCaller

    def __init__(self, caller: AsyncioCaller, operations: Any) -> None:
        self._caller = caller
        self._ops = operations
        self._call = caller.call
        self._run = caller.run


def wrapped(step: Op[R] | Flow[R], make: Callable[[R], T]) -> Flow[T]:
    """Return a surface of the operations that a step returns."""
    if isinstance(step, Op):
        return make((yield step))
    return make((yield from step))


def wrapped_all(step: Op[list[R]] | Flow[list[R]], make: Callable[[R], T]) -> Flow[list[T]]:
    """Return surfaces of all operations that a step returns."""
    return (yield from wrapped(step, lambda found: [make(one) for one in found]))


class BlockingContextManager(BlockingSurface):
    """A context manager for ``with``, implemented by the flows ``_enter`` and ``_exit`` of the operations."""

    def __enter__(self) -> Self:
        self._run(self._ops._enter())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._run(self._ops._exit(error))


class AsyncioContextManager(AsyncioSurface):
    """A context manager for ``async with``; see :class:`BlockingContextManager`."""

    async def __aenter__(self) -> Self:
        await self._run(self._ops._enter())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._run(self._ops._exit(error))


class _Named:
    """The common part of all surfaces of an object in the cluster."""

    _ops: Any

    @property
    def name(self) -> str:
        """Name of the object."""
        name: str = self._ops.name
        return name

    @property
    def service_name(self) -> str:
        """Name of the member's service for the object, such as ``hz:impl:mapService``."""
        service_name: str = self._ops.service_name
        return service_name


class FuturesObject(_Named, FuturesSurface):
    """An object in the cluster whose operations return a :class:`Future` at once."""

    def destroy(self) -> bool:
        """Destroy the distributed object in the cluster with all its data; block until this is done.

        Returns:
            True, also if the object did not exist.
        """
        return self._caller.destroy(self._ops)

    def pipeline(self, depth: int = DEFAULT_DEPTH) -> Pipeline[Self]:
        """Return a block, for ``with``, whose operations wait while ``depth`` of them are in progress.

        Args:
            depth: The most operations that are in progress at the same time, at least 1.

        Raises:
            TypeError, ValueError: It is not an integer, or out of range.
        """
        return Pipeline(self._with_caller, self._caller, depth)


class BlockingObject(_Named, BlockingSurface):
    """An object in the cluster whose operations wait and return the value itself."""

    def blocking(self) -> Self:
        """Return this object, whose operations wait already."""
        return self

    def destroy(self) -> bool:
        """Destroy the distributed object in the cluster with all its data.

        Returns:
            True, also if the object did not exist.
        """
        return self._caller.destroy(self._ops)


class AsyncioObject(_Named, AsyncioSurface):
    """An object in the cluster whose operations are coroutines."""

    async def destroy(self) -> bool:
        """Destroy the distributed object in the cluster with all its data.

        Returns:
            True, also if the object did not exist.
        """
        return await self._caller.destroy(self._ops)

    def pipeline(self, depth: int = DEFAULT_DEPTH) -> "AsyncioPipeline":
        """Return a block, for ``async with``, whose operations wait while ``depth`` of them are in progress.

        They do not wait for their results: ``await`` returns the future of the result.

        Args:
            depth: The most operations that are in progress at the same time, at least 1.

        Raises:
            TypeError, ValueError: It is not an integer, or out of range.
        """
        from hz_core.aio_pipeline import AsyncioPipeline  # not loaded in threaded programs

        return AsyncioPipeline(self._with_caller, self._caller, depth)
