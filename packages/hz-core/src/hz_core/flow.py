"""Execution and cancellation of flows, the multi-step operations."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import GeneratorType
from typing import Any, Final, Protocol, TypeAlias, TypeVar, cast

from hz_core.errors import HazelcastError
from hz_core.op import Acquired, AnsweredOp, Flow, GatherOutcomes, Op, Sleep, Step, WaitFor, Within
from hz_core.promise import CallbackPromise, Promise

T = TypeVar("T")

Cancel = Callable[[], None]

Acquisitions: TypeAlias = list[Callable[[], object]]
"""What steps have acquired: functions that give it back, each of them at most once."""


class FlowCancelled(BaseException):
    """Raised in a flow, at the step that it waits for, when the flow is cancelled.

    Not a subclass of Exception, so that a flow that handles errors does not catch it by accident. A flow may clean
    up in a ``finally`` block and yield further steps there; these are not cancelled.
    """


class Submitter(Protocol):
    """The part of the engine that flows use."""

    @property
    def flows(self) -> "type[RunningFlow]":
        """Return the class of flows in progress."""
        ...

    def submit(self, op: Op[Any], promise: Promise) -> object:
        """Send ``op`` and complete ``promise`` with its outcome."""
        ...

    def after(self, seconds: float, promise: Promise) -> Cancel:
        """Complete ``promise`` with None after ``seconds``, or with an error when the client is shut down.

        Returns:
            A function that drops the promise. Both are callable from any thread.
        """
        ...


def run_flow(
    submitter: Submitter, flow: Flow[T], promise: Promise, acquired: Acquisitions | None = None
) -> "RunningFlow":
    """Run ``flow`` to its end and complete ``promise`` with its result or error.

    The first step runs in the calling thread, each later one on the thread that receives the outcome of the step
    before it.

    Args:
        submitter: Sends operations.
        flow: The flow.
        promise: Receives the outcome.
        acquired: Gets what the flow has acquired, if it succeeds.
    """
    running = submitter.flows(submitter, flow, promise, acquired)
    running.advance(None, None)
    return running


class RunningFlow:
    """A flow in progress.

    What it has acquired is given back if it fails, or if its promise does not take the result.
    """

    __slots__ = (
        "_acquired",
        "_cancel_raised",
        "_cancelled",
        "_flow",
        "_flows",
        "_outer",
        "_promise",
        "_step",
        "_submitter",
    )

    def __init__(
        self,
        submitter: Submitter,
        flow: Flow[Any],
        promise: Promise,
        acquired: Acquisitions | None = None,
    ) -> None:
        self._submitter = submitter
        self._flow = flow
        # A flow that yields another one waits below it, so that flows in flows need no stack of the interpreter.
        self._flows = [flow]
        self._promise = promise
        self._outer = acquired
        self._acquired: Acquisitions = []
        self._step: _PendingStep | None = None
        self._cancelled = False
        self._cancel_raised = False

    @property
    def request(self) -> Any:
        """The invocation that the flow waits for; None if it waits for anything else, or for nothing."""
        step = self._step
        return None if step is None else step.request

    def forget(self) -> None:
        """Cancel the flow, since its future was cancelled. See ``Future.operation``."""
        self.cancel()

    def cancel(self) -> None:
        """Cancel the step that the flow waits for, and raise FlowCancelled in the flow. Callable from any thread."""
        self._cancelled = True
        # Set before the step is read, while `advance` stores the step before it checks whether the flow is
        # cancelled: so one of the two sees the other, and whichever claims the step continues the flow.
        step = self._step
        if step is not None and not self._cancel_raised and step.claim():
            step.abandon()
            step.arrived()

    def lost(self, result: object) -> bool:
        """Give back what the flow has acquired, since nobody gets its result after all. Callable from any thread.

        Returns:
            Whether there was anything.
        """
        something = bool(self._acquired)
        give_back(self._acquired)
        return something

    def advance(self, value: Any, error: BaseException | None) -> None:
        """Continue the flow with the outcome of its last step; with None and None begin it."""
        flows = self._flows
        has_gone_on = False
        try:
            while flows:
                if not self._cancel_raised and (self._cancelled or self._promise.cancelled()):
                    self._cancel_raised, value, error = True, None, FlowCancelled()
                flow = flows[-1]
                has_gone_on = True
                try:
                    wanted = flow.send(value) if error is None else flow.throw(error)
                except StopIteration as stop:
                    flows.pop()
                    value, error = stop.value, None
                    continue
                except (Exception, FlowCancelled) as e:
                    flows.pop()
                    value, error = None, e
                    continue
                value = error = None
                if isinstance(wanted, AnsweredOp):
                    value = wanted.result
                elif isinstance(wanted, GeneratorType):
                    flows.append(wanted)
                elif isinstance(wanted, Acquired):
                    self._acquired.append(wanted)
                else:
                    step = self._step = _PendingStep(self)
                    if self._cancelled and not self._cancel_raised and step.claim():
                        continue
                    if not step.start(self._submitter, wanted, self._acquired):
                        return
                    value, error = step.value, step.error
        except BaseException as e:
            # This thread was interrupted. That ends the flow, whose caller may be another thread; but if it has not
            # gone on yet, whoever brings the outcome again continues it.
            if has_gone_on:
                self._close()
                self._end(None, _interrupted(e))
            raise
        self._end(value, error)

    def _close(self) -> None:
        """Close all flows, as an interrupt may have come just after one has yielded its step."""
        while self._flows:
            with suppress(RuntimeError):  # it has yielded a further step, to clean up, which nobody runs
                self._flows.pop().close()

    def _end(self, value: Any, error: BaseException | None) -> None:
        promise, self._promise, self._step = self._promise, _NOBODY, None
        acquired = self._acquired
        if error is not None:
            give_back(acquired)
            if not promise.cancelled():
                promise.set_exception(error)
            return
        if acquired and self._outer is not None:
            # From now on the outer flow gives it back. Whoever is first does it.
            self._outer.extend(acquired)
        if promise.cancelled() or promise.set_result(value) is False:
            give_back(acquired)

    def __repr__(self) -> str:
        state = "cancelled" if self._cancelled else "running"
        return f"RunningFlow({getattr(self._flow, '__name__', 'flow')}, {state})"


def give_back(acquired: Acquisitions) -> None:
    """Give back all that was acquired, the last first."""
    while acquired:
        try:
            one = acquired.pop()
        except IndexError:  # another thread took the last one
            return
        one()


class _Nobody:
    """The promise of a flow that has ended."""

    def cancelled(self) -> bool:
        return True

    def set_result(self, result: Any, /) -> object:
        return False

    def set_exception(self, exception: BaseException, /) -> None:
        pass


_NOBODY: Final = _Nobody()


class _PendingStep:
    """The promise of the step that a flow waits for.

    The thread that deletes ``_open`` brings the outcome. The flow goes on when the step has been started and has its
    outcome; whichever is second finds ``_apart`` deleted, and continues the flow. So a step that is done at once
    needs no stack.
    """

    __slots__ = (
        "_abandoned",
        "_acquiring",
        "_apart",
        "_cancel",
        "_flow",
        "_open",
        "_to_continue",
        "error",
        "request",
        "value",
    )

    def __init__(self, flow: RunningFlow) -> None:
        self._flow = flow
        self._open = True
        self._apart = True
        self._to_continue = True
        self._abandoned = False
        self._acquiring: Op[Any] | None = None
        self._cancel: Cancel | None = None
        self.request: Any = None
        self.value: Any = None
        self.error: BaseException | None = None

    def start(self, submitter: Submitter, wanted: Step, acquired: Acquisitions) -> bool:
        """Start the step; return whether it has its outcome already."""
        try:
            if type(wanted) is Op:
                self._acquiring = None if wanted.on_lost is None else wanted
                try:
                    self.request = submitter.submit(wanted, self)
                except Exception as e:
                    self.set_exception(e)
            else:
                self._cancel = wait_for(submitter, wanted, self, acquired)
            if self._abandoned and self._cancel is not None:
                self._cancel()
            return self._goes_on()
        except BaseException:
            # Interrupted in the thread of a caller, who gets this error: nobody waits for the outcome.
            self.claim()
            self.abandon()
            give_back(acquired)
            raise

    def claim(self) -> bool:
        """Return True in the one thread that brings the outcome."""
        # Nothing can interrupt the thread from here until it has stored the outcome. If it is interrupted after that,
        # whoever brings the outcome again continues the flow.
        try:
            del self._open
        except AttributeError:
            return False
        return True

    def abandon(self) -> None:
        """Cancel the step, which was claimed."""
        self._abandoned = True
        cancel = self._cancel
        if cancel is not None:
            cancel()

    def arrived(self) -> None:
        """Continue the flow with the outcome, unless the thread that starts the step does."""
        if self._goes_on():
            flow = self._flow
            try:
                flow.advance(self.value, self.error)
            except BaseException:
                if flow._step is self:
                    # Interrupted before it went on: whoever brings the outcome again continues the flow.
                    self._to_continue = True
                raise

    def _goes_on(self) -> bool:
        """Return True in the one thread that continues the flow: the step is started, and its outcome is here."""
        try:
            del self._apart
        except AttributeError:
            pass  # the other one of the two was first
        else:
            return False
        try:
            del self._to_continue
        except AttributeError:
            return False
        self.request = self._cancel = None  # which refer to this step
        return True

    def cancelled(self) -> bool:
        return self._abandoned

    def set_result(self, result: Any, /) -> bool:
        if self._acquiring is not None:
            # Noted before the result is taken; twice does no harm, since `lost` counts once.
            self._flow._acquired.append(partial(self._acquiring.lost, result))
        taken = self.claim()
        if taken:
            self.value = result
        self.arrived()  # also if another thread brought the outcome, which may have been interrupted
        return taken

    def set_exception(self, exception: BaseException, /) -> None:
        if self.claim():
            self.error = exception
        self.arrived()


def _interrupted(error: BaseException) -> HazelcastError:
    interrupted = HazelcastError(
        f"the operation was interrupted in the middle by {type(error).__name__}, which was raised in the thread that"
        " ran it; a part of it may be done"
    )
    interrupted.__cause__ = error
    return interrupted


def cancellable(step: Step, clean_up: Callable[[], Step]) -> Flow[Any]:
    """Wait for ``step`` and return its result; if the flow is cancelled meanwhile, run ``clean_up`` before it ends.

    For steps that are ended in another way than by giving back what they acquire, which ``Op.on_lost`` does.
    ``clean_up`` may fail, so wrap it in GatherOutcomes.
    """
    try:
        return (yield step)
    except Exception:
        raise
    except BaseException:
        yield clean_up()
        raise


def wait_for(submitter: Submitter, wanted: Step, promise: Promise, acquired: Acquisitions) -> Cancel | None:
    """Start a step that a flow yielded and complete ``promise`` with its outcome.

    Args:
        submitter: Sends operations.
        wanted: The step.
        promise: Receives the outcome.
        acquired: Gets what the step acquires.

    Returns:
        A function that cancels the step; None if it is sufficient that the promise is cancelled.
    """
    try:
        if isinstance(wanted, AnsweredOp):
            promise.set_result(wanted.result)
        elif isinstance(wanted, Op):
            _sent(submitter, wanted, promise, acquired)
        elif isinstance(wanted, Sleep):
            return submitter.after(wanted.seconds, promise)
        elif isinstance(wanted, WaitFor):
            wanted.start(promise)
        elif isinstance(wanted, GatherOutcomes):
            return _Gather(submitter, wanted.steps, promise, acquired, keep_errors=True).cancel
        elif isinstance(wanted, Within):
            return _Limited(submitter, wanted, promise, acquired).cancel
        elif isinstance(wanted, GeneratorType):
            return run_flow(submitter, wanted, promise, acquired).cancel
        elif isinstance(wanted, Acquired):
            acquired.append(wanted)
            promise.set_result(None)
        else:
            steps = cast("Sequence[Step]", wanted)
            return _Gather(submitter, steps, promise, acquired, keep_errors=False).cancel
    except Exception as e:
        promise.set_exception(e)
    return None


def _sent(submitter: Submitter, op: Op[Any], promise: Promise, acquired: Acquisitions) -> object:
    """Send an operation for a flow; return its invocation, or None if it could not be sent."""
    if op.on_lost is not None:
        promise = _Acquiring(op, promise, acquired)
    try:
        return submitter.submit(op, promise)
    except Exception as e:
        promise.set_exception(e)
        return None


class _Acquiring:
    """The promise of an operation that acquires something; notes that, before the result is taken."""

    __slots__ = ("_acquired", "_op", "_promise")

    def __init__(self, op: Op[Any], promise: Promise, acquired: Acquisitions) -> None:
        self._op = op
        self._promise = promise
        self._acquired = acquired

    def cancelled(self) -> bool:
        return self._promise.cancelled()

    def set_result(self, result: Any, /) -> object:
        self._acquired.append(partial(self._op.lost, result))
        return self._promise.set_result(result)

    def set_exception(self, exception: BaseException, /) -> None:
        self._promise.set_exception(exception)


class _Limited:
    """The promise of a step with a time limit. Whichever is first, outcome or limit, deletes ``_open``."""

    __slots__ = ("_cancel", "_drop_timer", "_expired", "_open", "_promise", "_seconds")

    def __init__(
        self, submitter: Submitter, limited: Within, promise: Promise, acquired: Acquisitions
    ) -> None:
        self._open = True
        self._expired = False
        self._promise = promise
        self._seconds = limited.seconds
        self._drop_timer: Cancel | None = None
        self._cancel = wait_for(submitter, limited.step, self, acquired)
        if hasattr(self, "_open"):
            self._drop_timer = submitter.after(limited.seconds, CallbackPromise(self._expire))
            if not hasattr(self, "_open"):
                self._drop_timer()

    def cancel(self) -> None:
        if self._drop_timer is not None:
            self._drop_timer()
        if self._cancel is not None:
            self._cancel()

    def cancelled(self) -> bool:
        return self._expired or self._promise.cancelled()

    def set_result(self, result: Any, /) -> bool:
        return self._end(self._promise.set_result, result)

    def set_exception(self, exception: BaseException, /) -> None:
        self._end(self._promise.set_exception, exception)

    def _expire(self, _: object, error: BaseException | None) -> None:
        self._end(self._give_up, error or TimeoutError(f"there was no result within {self._seconds:g} s"))

    def _give_up(self, error: BaseException) -> None:
        self._expired = True
        self.cancel()
        self._promise.set_exception(error)

    def _end(self, complete: Callable[[Any], object], outcome: object) -> bool:
        """Complete the promise, unless that was done; return whether it takes the outcome."""
        try:
            del self._open
        except AttributeError:
            return False
        try:
            taken = complete(outcome) is not False
            # The timer must not keep the client and the result alive until the limit.
            if self._drop_timer is not None:
                self._drop_timer()
        except BaseException:
            self._open = True  # this thread was interrupted: whoever brings the outcome again does this again
            raise
        return taken


class _Gather:
    """Several steps in parallel. Waits for all of them, even if one fails."""

    __slots__ = (
        "_acquired",
        "_begun",
        "_cancels",
        "_keep_errors",
        "_outer",
        "_promise",
        "_remaining",
        "_results",
    )

    def __init__(
        self,
        submitter: Submitter,
        steps: Sequence[Step],
        promise: Promise,
        acquired: Acquisitions,
        *,
        keep_errors: bool,
    ) -> None:
        self._promise = promise
        self._results: list[Any] = [None] * len(steps)
        # Changed by single operations, which are atomic, so replies may be received on several threads; and the same
        # step may be completed twice, if a thread is interrupted.
        self._remaining = dict.fromkeys(range(len(steps)))
        self._begun = False
        self._keep_errors = keep_errors
        self._outer = acquired
        self._acquired: Acquisitions = []
        self._cancels: list[Cancel] = []
        for index, step in enumerate(steps):
            cancel = wait_for(submitter, step, _Slot(self, index), self._acquired)
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
        acquired = self._acquired
        if not self._keep_errors:
            for result in self._results:
                if isinstance(result, _Failed):
                    give_back(acquired)  # the flow does not get the other results
                    self._promise.set_exception(result.error)
                    return
        if acquired:
            self._outer.extend(acquired)
        results = [r.error if isinstance(r, _Failed) else r for r in self._results]
        if self._promise.set_result(results) is False:
            give_back(acquired)


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
