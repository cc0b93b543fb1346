"""Running flows: the one place that knows how multi-step operations go on."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from hz_core.invocation.op import Await, Flow, Op, Settled, Sleep, Step
from hz_core.invocation.promise import CallbackPromise, Promise

T = TypeVar("T")


class Submitter(Protocol):
    """What a flow needs of the engine."""

    def submit(self, op: Op[Any], promise: Promise) -> object:
        """Send `op`, complete `promise` with its outcome."""
        ...

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call `callback` after `seconds`; callable from any thread."""
        ...


def run_flow(submitter: Submitter, flow: Flow[T], promise: Promise) -> None:
    """Run `flow` to its end and complete `promise` with what it returns or raises.

    The first step runs in the calling thread, each later one where the outcome of the step before it came in.
    """
    _Runner(submitter, flow, promise).step(None, None)


class _Runner:
    __slots__ = ("_flow", "_promise", "_submitter")

    def __init__(self, submitter: Submitter, flow: Flow[Any], promise: Promise) -> None:
        self._submitter = submitter
        self._flow = flow
        self._promise = promise

    def step(self, value: Any, error: BaseException | None) -> None:
        if self._promise.cancelled():
            self._flow.close()
            return
        try:
            wanted = self._flow.send(value) if error is None else self._flow.throw(error)
        except StopIteration as stop:
            self._promise.set_result(stop.value)
        except Exception as e:
            self._promise.set_exception(e)
        else:
            wait_for(self._submitter, wanted, CallbackPromise(self.step))


def wait_for(submitter: Submitter, wanted: Step, promise: Promise) -> None:
    """Start what a flow yielded and complete `promise` when it is there."""
    try:
        if isinstance(wanted, Op):
            submitter.submit(wanted, promise)
        elif isinstance(wanted, Sleep):
            submitter.after(wanted.seconds, lambda: promise.set_result(None))
        elif isinstance(wanted, Await):
            wanted.start(promise)
        elif isinstance(wanted, Settled):
            _Gather(submitter, wanted.steps, promise, settle=True)
        else:
            _Gather(submitter, wanted, promise, settle=False)
    except Exception as e:
        promise.set_exception(e)


class _Gather:
    """Several steps in parallel. Waits for all of them, also when one fails."""

    __slots__ = ("_left", "_promise", "_results", "_settle")

    def __init__(
        self, submitter: Submitter, steps: Sequence[Step], promise: Promise, *, settle: bool
    ) -> None:
        self._promise = promise
        self._results: list[Any] = [None] * len(steps)
        # Counted down by popping, which is atomic, so replies may come in on several threads.
        self._left = list(range(len(steps) + 1))
        self._settle = settle
        for index, step in enumerate(steps):
            wait_for(submitter, step, CallbackPromise(_Slot(self, index)))
        self._one_less()

    def arrived(self, index: int, value: Any) -> None:
        self._results[index] = value
        self._one_less()

    def _one_less(self) -> None:
        if self._left.pop():
            return
        if not self._settle:
            for result in self._results:
                if isinstance(result, _Failed):
                    self._promise.set_exception(result.error)
                    return
        self._promise.set_result([r.error if isinstance(r, _Failed) else r for r in self._results])


class _Slot:
    __slots__ = ("_gather", "_index")

    def __init__(self, gather: _Gather, index: int) -> None:
        self._gather = gather
        self._index = index

    def __call__(self, result: Any, error: BaseException | None, /) -> None:
        self._gather.arrived(self._index, result if error is None else _Failed(error))


class _Failed:
    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error
