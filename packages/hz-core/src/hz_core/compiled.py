"""The compiled bases of the classes that every call uses, from the distribution ``hz-speedups`` if it is installed.

A class derives from its base here, and is decorated with :func:`prefer_compiled`. The methods that are written in it
are the specification; with the compiled base, those that the base has are removed, and stay as ``_pure_<name>``,
to which the base leaves whatever is not common. Without it the base is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Final, TypeVar

from hz_serialization.speedups import compiled, why_pure

ClassT = TypeVar("ClassT", bound=type)
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_calls: Final[Any] = compiled("_calls")

IS_COMPILED: Final = _calls is not None
"""Whether the compiled bases are used."""

WHY_PURE: Final = why_pure()
"""Why compiled code was not used when the client was imported, and what to do; None if it was."""


class Empty:
    """The base of a class without a compiled one."""

    __slots__ = ()


def compiled_base(name: str, slots: tuple[str, ...] = ()) -> Any:
    """Return a compiled base, or an empty class of its own: a class may have two bases, none twice.

    Args:
        name: Of the compiled base.
        slots: What the class without one has: a compiled base has its own.
    """
    return type(name, (Empty,), {"__slots__": slots}) if _calls is None else getattr(_calls, name)


if TYPE_CHECKING:

    class OpBase(Empty):
        """The base of :class:`hz_core.op.Op`."""

    class InvocationBase(Empty):
        """The base of invocations."""

    class BlockingBase(Empty):
        """The base of blocking calls."""

    class PromisedBase(Empty):
        """The base of invocations with a promise."""

    class FutureBase(Empty):
        """The base of futures."""

    class ConnectionBase(Empty):
        """The base of connections."""

    class RoutingBase(Empty):
        """The base of the routing."""

    class ServiceBase(Empty):
        """The base of the invocation service."""

    class IncompleteBase(Empty):
        """The base of what is received of a message."""

    class ReaderBase(Empty):
        """The base of the message reader."""

    class HandoverBase(Empty):
        """The base of the handover of reading."""

    class DriverBase(Empty):
        """The base of the driver for threads."""

    class TransportBase(Empty):
        """The base of the transport for threads."""

    class AsyncioTransportBase(Empty):
        """The base of the transport of asyncio."""

    class BlockingCallerBase(Empty):
        """The base of blocking operations."""

    class FuturesCallerBase(Empty):
        """The base of operations that return futures."""

    class AsyncioCallerBase(Empty):
        """The base of operations on the event loop."""

    class UserCallbackBase(Empty):
        """The base of callbacks of users."""

    class ExecutorBase(Empty):
        """The base of the executor of callbacks."""

    class OperationsBase(Empty):
        """The base of declarations of operations."""

else:
    OpBase = compiled_base("OpBase", ("__dict__",))
    InvocationBase = compiled_base("InvocationBase")
    BlockingBase = compiled_base("BlockingBase")
    PromisedBase = compiled_base("PromisedBase")
    FutureBase = compiled_base("FutureBase")
    ConnectionBase = compiled_base("ConnectionBase")
    RoutingBase = compiled_base("RoutingBase")
    ServiceBase = compiled_base("ServiceBase")
    IncompleteBase = compiled_base("IncompleteBase")
    ReaderBase = compiled_base("ReaderBase")
    HandoverBase = compiled_base("HandoverBase")
    DriverBase = compiled_base("DriverBase")
    TransportBase = compiled_base("TransportBase")
    AsyncioTransportBase = compiled_base("AsyncioTransportBase")
    BlockingCallerBase = compiled_base("BlockingCallerBase")
    FuturesCallerBase = compiled_base("FuturesCallerBase")
    AsyncioCallerBase = compiled_base("AsyncioCallerBase")
    UserCallbackBase = compiled_base("UserCallbackBase")
    ExecutorBase = compiled_base("ExecutorBase")
    OperationsBase = compiled_base("OperationsBase")


def prefer_compiled(cls: ClassT, only: type | None = None) -> ClassT:
    """Remove from a class what its compiled bases have. A decorator.

    Args:
        cls: The class.
        only: The one compiled base that counts, for a class that overrides compiled methods of the others.
    """
    if _calls is not None:
        _calls.prefer(cls, only)
    return cls


def acquires_in_python(cls: ClassT) -> ClassT:
    """Let a class's method ``call`` be the pure one for operations that acquire something. A decorator.

    After a function written in C has returned, and before its result is stored, a signal handler may raise an error:
    then nobody would have what was acquired. After one written in Python, it cannot.
    """
    if _calls is not None:
        pure_call: Callable[[Any, Any], Any] = cls._pure_call  # type: ignore[attr-defined]  # see above
        compiled_call: Callable[[Any, Any], Any] = cls.call  # type: ignore[attr-defined]  # of the compiled base

        def call(self: Any, op: Any) -> Any:
            return compiled_call(self, op) if op.on_lost is None else pure_call(self, op)

        cls.call = call  # type: ignore[attr-defined]  # it hides that of the base
    return cls


def response_decoder(function: FunctionT) -> FunctionT:
    """Return the compiled version of a decoder of responses, if there is one. A decorator."""
    if _calls is None:
        return function
    decoder: FunctionT = _calls.Decoder(function)
    return decoder


def list_writer(are_pairs: bool) -> Callable[[FunctionT], FunctionT]:
    """Return what makes the compiled version of a function that appends the frames of a list. For a decorator.

    Args:
        are_pairs: Whether the list is one of entries.
    """

    def build(function: FunctionT) -> FunctionT:
        if _calls is None:
            return function
        writer: FunctionT = _calls.ListWriter(function, are_pairs)
        return writer

    return build


def request_builder(shape: str) -> Callable[[FunctionT], FunctionT]:
    """Return what makes the compiled version of a function that builds an operation. For a decorator.

    Args:
        shape: A letter for each parameter after partition and name, which are all that the request holds: ``d``
            (``Data``), ``D`` (list of ``Data``), ``E`` (list of entries of ``Data``), ``q`` (long), ``i`` (int) and
            ``z`` (boolean).
    """

    def build(function: FunctionT) -> FunctionT:
        if _calls is None:
            return function
        request: FunctionT = _calls.Request(function, shape)
        update_wrapper(request, function)
        return request

    return build


def configure_reader(small: tuple[int], large: tuple[int]) -> None:
    """Tell the compiled reader how much to receive, normally and while a large frame is incomplete."""
    if _calls is not None:
        _calls.configure_reader(small=small, large=large)


def configure_reading(watched: object, left_to_leader: object, longest: float) -> None:
    """Tell the compiled transport the states of reading that callers meet, and how long (seconds) a receive blocks."""
    if _calls is not None:
        _calls.configure(watched=watched, left_to_leader=left_to_leader, step=_step, longest=longest)


def _step() -> None:
    """Let the interpreter handle signals, and exceptions that other threads raise in this one."""
