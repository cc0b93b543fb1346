"""Execution and cancellation of flows, the multi-step operations."""

from collections.abc import Callable, Sequence
from functools import partial
from types import GeneratorType
from typing import Any, Protocol, TypeVar, cast

from hz_core.errors import HazelcastError
from hz_core.op import AnsweredOp, Flow, GatherOutcomes, Op, Sleep, Step, WaitFor, Within
from hz_core.promise import Promise

T = TypeVar("T")

Cancel = Callable[[], None]


class FlowCancelled(BaseException):
    """Raised in a flow, at the step that it waits for, when the flow is cancelled.

    Not a subclass of Exception, so that a flow that handles errors does not catch it by accident. A flow may clean
    up in a ``finally`` block and yield further steps there; these are not cancelled.
    """


class Submitter(Protocol):
    """The part of the engine that flows use."""

    def submit(self, op: Op[Any], promise: Promise) -> object:
        """Send ``op`` and complete ``promise`` with its outcome."""
        ...

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call ``callback`` after ``seconds``; callable from any thread."""
        ...


def run_flow(submitter: Submitter, flow: Flow[T], promise: Promise) -> "RunningFlow":
    """Run ``flow`` to its end and complete ``promise`` with its result or error.

    The first step runs in the calling thread, each later one on the thread that receives the outcome of the step
    before it.
    """
    running = RunningFlow(submitter, flow, promise)
    running.advance(None, None)
    return running


class RunningFlow:
    """A flow in progress."""

    __slots__ = ("_cancel_raised", "_cancelled", "_flow", "_promise", "_step", "_submitter")

    def __init__(self, submitter: Submitter, flow: Flow[Any], promise: Promise) -> None:
        self._submitter = submitter
        self._flow = flow
        self._promise = promise
        self._step: _PendingStep | None = None
        self._cancelled = False
        self._cancel_raised = False

    def cancel(self) -> None:
        """Cancel the step that the flow waits for, and raise FlowCancelled in the flow. Callable from any thread."""
        self._cancelled = True
        # Set before the step is read, while `advance` stores the step before it checks whether the flow is
        # cancelled: so one of the two sees the other, and whichever claims the step continues the flow.
        step = self._step
        if step is not None and not self._cancel_raised and step.claim():
            step.abandon()
            self.advance(None, None)

    def advance(self, value: Any, error: BaseException | None) -> None:
        """Continue the flow with the outcome of its last step."""
        flow = self._flow
        while True:
            if not self._cancel_raised and (self._cancelled or self._promise.cancelled()):
                self._cancel_raised, value, error = True, None, FlowCancelled()
            try:
                wanted = flow.send(value) if error is None else flow.throw(error)
            except StopIteration as stop:
                if not self._promise.cancelled():
                    self._promise.set_result(stop.value)
            except FlowCancelled as e:
                if not self._promise.cancelled():
                    self._promise.set_exception(e)
            except Exception as e:
                if not self._promise.cancelled():
                    self._promise.set_exception(e)
            except BaseException as e:
                # The thread that runs the flow was interrupted, and has ended it.
                self._promise.set_exception(_interrupted(e))
                raise
            else:
                if isinstance(wanted, AnsweredOp):
                    value, error = wanted.result, None
                    continue
                step = self._step = _PendingStep(self)
                if self._cancelled and not self._cancel_raised and step.claim():
                    continue
                step.start(self._submitter, wanted)
            return

    def __repr__(self) -> str:
        state = "cancelled" if self._cancelled else "running"
        return f"RunningFlow({getattr(self._flow, '__name__', 'flow')}, {state})"


class _PendingStep:
    """The promise of the step that a flow waits for. The thread that deletes ``_open`` continues the flow."""

    __slots__ = ("_abandoned", "_advancing", "_cancel", "_flow", "_open")

    def __init__(self, flow: RunningFlow) -> None:
        self._flow = flow
        self._open = True
        self._advancing = False
        self._abandoned = False
        self._cancel: Cancel | None = None

    def start(self, submitter: Submitter, wanted: Step) -> None:
        self._cancel = wait_for(submitter, wanted, self)
        if self._abandoned and self._cancel is not None:
            self._cancel()

    def claim(self) -> bool:
        try:
            del self._open
        except AttributeError:
            return False
        return True

    def abandon(self) -> None:
        self._abandoned = True
        if self._cancel is not None:
            self._cancel()

    def cancelled(self) -> bool:
        return self._abandoned

    def set_result(self, result: Any, /) -> None:
        self._continue(result, None)

    def set_exception(self, exception: BaseException, /) -> None:
        self._continue(None, exception)

    def _continue(self, result: Any, exception: BaseException | None) -> None:
        try:
            if self.claim():
                self._advancing = True
                self._flow.advance(result, exception)
        except BaseException:
            if not self._advancing:
                # Interrupted before the flow has seen the outcome: whoever completes this step again continues it.
                self._open = True
            raise


def _interrupted(error: BaseException) -> HazelcastError:
    """Return the error of a flow whose thread was interrupted: the caller of the flow may be another thread."""
    interrupted = HazelcastError(
        f"the operation was interrupted in the middle by {type(error).__name__}, which was raised in the thread that"
        " ran it; a part of it may be done"
    )
    interrupted.__cause__ = error
    return interrupted


def cancellable(step: Step, clean_up: Callable[[], Step]) -> Flow[Any]:
    """Wait for ``step`` and return its result; if the flow is cancelled meanwhile, run ``clean_up`` before it ends.

    For steps that acquire something. ``clean_up`` may fail, so wrap it in GatherOutcomes.
    """
    try:
        return (yield step)
    except Exception:
        raise
    except BaseException:
        yield clean_up()
        raise


def wait_for(submitter: Submitter, wanted: Step, promise: Promise) -> Cancel | None:
    """Start a step that a flow yielded and complete ``promise`` with its outcome.

    Returns:
        A function that cancels the step; None if it is sufficient that the promise is cancelled.
    """
    try:
        if isinstance(wanted, AnsweredOp):
            promise.set_result(wanted.result)
        elif isinstance(wanted, Op):
            submitter.submit(wanted, promise)
        elif isinstance(wanted, Sleep):
            submitter.after(wanted.seconds, partial(promise.set_result, None))
        elif isinstance(wanted, WaitFor):
            wanted.start(promise)
        elif isinstance(wanted, GatherOutcomes):
            return _Gather(submitter, wanted.steps, promise, keep_errors=True).cancel
        elif isinstance(wanted, Within):
            return _Limited(submitter, wanted, promise).cancel
        elif isinstance(wanted, GeneratorType):
            return run_flow(submitter, wanted, promise).cancel
        else:
            steps = cast("Sequence[Step]", wanted)
            return _Gather(submitter, steps, promise, keep_errors=False).cancel
    except Exception as e:
        promise.set_exception(e)
    return None


class _Limited:
    """The promise of a step with a time limit. Whichever is first, outcome or limit, deletes ``_open``."""

    __slots__ = ("_cancel", "_expired", "_open", "_promise", "_seconds")

    def __init__(self, submitter: Submitter, limited: Within, promise: Promise) -> None:
        self._open = True
        self._expired = False
        self._promise = promise
        self._seconds = limited.seconds
        self._cancel = wait_for(submitter, limited.step, self)
        if hasattr(self, "_open"):
            submitter.after(limited.seconds, self._expire)

    def cancel(self) -> None:
        if self._cancel is not None:
            self._cancel()

    def cancelled(self) -> bool:
        return self._expired or self._promise.cancelled()

    def set_result(self, result: Any, /) -> None:
        self._end(self._promise.set_result, result)

    def set_exception(self, exception: BaseException, /) -> None:
        self._end(self._promise.set_exception, exception)

    def _expire(self) -> None:
        self._end(self._time_out, None)

    def _time_out(self, _: object) -> None:
        self._expired = True
        self.cancel()
        self._promise.set_exception(TimeoutError(f"no result within {self._seconds:g} s"))

    def _end(self, complete: Callable[[Any], object], outcome: object) -> None:
        try:
            del self._open
        except AttributeError:
            return
        try:
            complete(outcome)
        except BaseException:
            self._open = True  # this thread was interrupted: whoever completes the step again does this again
            raise


class _Gather:
    """Several steps in parallel. Waits for all of them, even if one fails."""

    __slots__ = ("_begun", "_cancels", "_keep_errors", "_promise", "_remaining", "_results")

    def __init__(
        self, submitter: Submitter, steps: Sequence[Step], promise: Promise, *, keep_errors: bool
    ) -> None:
        self._promise = promise
        self._results: list[Any] = [None] * len(steps)
        # Changed by single operations, which are atomic, so replies may be received on several threads; and the same
        # step may be completed twice, if a thread is interrupted.
        self._remaining = dict.fromkeys(range(len(steps)))
        self._begun = False
        self._keep_errors = keep_errors
        self._cancels: list[Cancel] = []
        for index, step in enumerate(steps):
            cancel = wait_for(submitter, step, _Slot(self, index))
            if cancel is not None:
                self._cancels.append(cancel)
        self._begun = True
        self._end_if_complete()

    def cancel(self) -> None:
        for cancel in self._cancels:
            cancel()

    def cancelled(self) -> bool:
        return self._promise.cancelled()

    def received(self, index: int, value: Any) -> None:
        self._results[index] = value
        self._remaining.pop(index, None)
        self._end_if_complete()

    def _end_if_complete(self) -> None:
        if self._remaining or not self._begun:
            return
        if not self._keep_errors:
            for result in self._results:
                if isinstance(result, _Failed):
                    self._promise.set_exception(result.error)
                    return
        self._promise.set_result([r.error if isinstance(r, _Failed) else r for r in self._results])


class _Slot:
    """The promise of one step of a gather."""

    __slots__ = ("_gather", "_index")

    def __init__(self, gather: _Gather, index: int) -> None:
        self._gather = gather
        self._index = index

    def cancelled(self) -> bool:
        return self._gather.cancelled()

    def set_result(self, result: Any, /) -> None:
        self._gather.received(self._index, result)

    def set_exception(self, exception: BaseException, /) -> None:
        self._gather.received(self._index, _Failed(exception))


class _Failed:
    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error
