"""The operations of a proxy: one request (``Op``), or several steps (``Flow``)."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar
from uuid import UUID

from hz_core.compiled import OpBase, prefer_compiled
from hz_core.connection import Connection
from hz_core.promise import Promise
from hz_core.wire.method import Method, ReadData

T = TypeVar("T")
R = TypeVar("R")

ANY_PARTITION: Final = -1
"""Partition id of a request that is bound to no partition."""


class Group(Protocol):
    """A group of members that agree on what is done: a CP group."""

    frames: bytes
    """Its id, as it is written in requests."""


@prefer_compiled
class Op(OpBase, Generic[T]):
    """One request: its bytes, its route and the decoder of its reply.

    An Op is independent of threads and of the way to wait, so every surface can send it. The generated codecs
    create Ops, with the route that the protocol prescribes.

    Args:
        method: The protocol message.
        request: The encoded request; the engine writes the correlation id into it when it is sent.
        partition_id: Partition whose owner executes it; -1 for any member.
        connection: Send over this connection only (transactions, SQL pages, internal requests of the client).

    Attributes:
        member: Send to the member with this UUID only.
        group: The CP group that executes it; its leader does so without the help of others. None for no group.
        deadline: Time of the engine's clock (seconds) after which the operation fails; None for the client's
            ``invocation_timeout``.
        on_failure: Called with the error when the operation fails, by the thread that completes it.
        on_lost: Called once with a result that nobody gets, because the caller has given up. Operations that acquire
            something give it back there.
    """

    __slots__ = ()  # those of the base: there is no need to refer to an operation weakly

    # Class attributes, because they are rarely used. What every submission reads is set on the instance: the
    # interpreter finds an attribute of the instance much faster than a default of the class.
    on_failure: Callable[[BaseException], object] | None = None
    on_lost: Callable[[Any], object] | None = None
    connection: Connection | None = None
    member: UUID | None = None
    deadline: float | None = None
    group: Group | None = None
    _on_results: tuple[Callable[[Any], object], ...] = ()

    def __init__(
        self,
        method: Method[T],
        request: bytearray,
        partition_id: int = ANY_PARTITION,
        *,
        connection: Connection | None = None,
    ) -> None:
        self.method: Method[Any] = method
        self.request = request
        self.partition_id = partition_id
        self.decode: Callable[[bytes, ReadData], T] = method.decode
        self.connection = connection
        self.member = None
        self.deadline = None

    def decoded(self, decode: Callable[[bytes, ReadData], R]) -> "Op[R]":
        """Read the reply with ``decode`` instead of the message's own decoder; return this Op.

        Functions that were passed to ``then`` before receive the result of ``decode``.
        """
        changed: Op[Any] = self
        changed.decode = decode
        for on_result in self._on_results:
            changed.decode = _decode_and_call(changed.decode, on_result)
        return changed

    def then(
        self, on_result: Callable[[T], object], on_failure: Callable[[BaseException], object] | None = None
    ) -> "Op[T]":
        """Call ``on_result`` with the result before the caller gets it, or ``on_failure`` with the error.

        Both run on the thread that completes the operation, and must not block. Neither may be called if the caller has
        cancelled it. Return this Op.
        """
        self._on_results = (*self._on_results, on_result)
        self.decode = _decode_and_call(self.decode, on_result)
        if on_failure is not None:
            self.on_failure = on_failure
        return self

    def mapped(self, change: Callable[[T], R]) -> "Op[R]":
        """Return what ``change`` makes of the reply of the message; return this Op. It runs where replies are read."""
        decode = self.decode
        changed: Op[Any] = self
        changed.decode = lambda message, read: change(decode(message, read))
        return changed

    def lost(self, result: T) -> bool:
        """Tell ``on_lost``, if there is one, that nobody gets ``result``. Callable from any thread; once counts.

        Returns:
            Whether it was told now.
        """
        # Removing the entry succeeds in one thread only.
        on_lost = self.__dict__.pop("on_lost", None)
        if on_lost is None:
            return False
        on_lost(result)
        return True

    def kept(self) -> None:
        """Forget ``on_lost``: what was acquired belongs to somebody else than the caller by now."""
        self.on_lost = None

    @staticmethod
    def ready(result: R) -> "Op[R]":
        """Return an operation whose result is known, so that no request is sent (near caches)."""
        return AnsweredOp(result)

    def __repr__(self) -> str:
        return f"Op({self.method.name}, partition {self.partition_id})"


class AnsweredOp(Op[T]):
    """An operation whose result is known; see :meth:`Op.ready`."""

    def __init__(self, result: T) -> None:
        self.result = result

    def then(
        self, on_result: Callable[[T], object], on_failure: Callable[[BaseException], object] | None = None
    ) -> Op[T]:
        """Call ``on_result`` with the result; return this Op."""
        on_result(self.result)
        return self

    def __repr__(self) -> str:
        return "Op(answered)"


def _decode_and_call(
    decode: Callable[[bytes, ReadData], R], on_result: Callable[[R], object]
) -> Callable[[bytes, ReadData], R]:
    def decode_and_call(message: bytes, read: ReadData) -> R:
        result = decode(message, read)
        on_result(result)
        return result

    return decode_and_call


class Sleep:
    """Yielded by a flow to continue after ``seconds``."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds: float = seconds


class WaitFor:
    """Yielded by a flow to wait for any other event: ``start`` is called with the promise to complete."""

    __slots__ = ("start",)

    def __init__(self, start: Callable[[Promise], object]) -> None:
        self.start: Callable[[Promise], object] = start


class Acquired:
    """Yielded by a flow that has acquired something: ``give_back`` is called if nobody gets the flow's result.

    An Op with ``on_lost`` needs no such step. ``give_back`` is called once at most, and must not block.
    """

    __slots__ = ("_give_back",)

    def __init__(self, give_back: Callable[[], object]) -> None:
        self._give_back: Callable[[], object] | None = give_back

    def __call__(self) -> None:
        """Give it back."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


class GatherOutcomes:
    """Yielded by a flow to run several steps and get the result or the error of each; none is raised."""

    __slots__ = ("steps",)

    def __init__(self, steps: "Sequence[Step]") -> None:
        self.steps: Sequence[Step] = steps


class Within:
    """Yielded by a flow to give a step a time limit.

    When the limit expires, the step is cancelled and TimeoutError is raised in the flow.
    """

    __slots__ = ("seconds", "step")

    def __init__(self, seconds: float, step: "Step") -> None:
        self.seconds: float = seconds
        self.step: Step = step


Flow: TypeAlias = Generator["Step", Any, T]
"""A multi-step operation: a generator of steps, which every surface can run."""

FlowOrAnswer: TypeAlias = Flow[T] | AnsweredOp[T]
"""A multi-step operation whose result may be known already, without any step."""

Step: TypeAlias = (
    "Op[Any] | Sequence[Step] | GatherOutcomes | Within | Sleep | WaitFor | Acquired | Flow[Any]"
)
"""One step of a flow. The steps of a list run in parallel; the result is the list of results in the same order.

A flow in a list runs in parallel to the others.
"""
