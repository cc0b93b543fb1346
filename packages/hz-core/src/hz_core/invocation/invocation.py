"""A request on its way: from the first attempt to its reply or its last error."""

from typing import Any, Protocol, TypeVar

from hz_core.connection import Connection
from hz_core.op import Op
from hz_core.promise import Promise


class Invocation:
    """One Op under way. Retries reuse the object, with a new correlation id each.

    Subclasses say where the outcome goes: override `complete` and `unwanted`.

    Attributes:
        op: What is requested.
        started: When it was submitted, in seconds of the engine's clock.
        finished: Whether it has an outcome.
        connection: Where the current attempt was sent.
        tries: How often it was sent or could not be sent.
        acks_wanted: Backup acks to wait for, known with the reply.
        acks: Backup acks that were received.
        reply: The reply, kept while backup acks are missing.
        replied_at: When the reply was received, in seconds of the engine's clock.
        schemas_replicated: It has waited for its Compact schemas to be replicated.
        deadline_watched: A timer ends it at its deadline.
    """

    # Class attributes instead of slots: most invocations never change them, and one is made for every call.
    finished = False
    connection: Connection | None = None
    tries = 0
    acks_wanted = -1
    acks = 0
    reply: bytes | None = None
    replied_at = 0.0
    schemas_replicated = False
    deadline_watched = False

    def __init__(self, op: Op[Any], started: float) -> None:
        self.op = op
        self.started = started

    def complete(self, result: Any, error: BaseException | None) -> None:
        """Give the outcome to the caller. Every invocation ends here, whatever its outcome.

        Only the first outcome counts: a deadline may be faster than the reply.
        """
        raise NotImplementedError(f"{type(self).__name__} must define complete")

    def fail(self, error: BaseException) -> None:
        """Complete with an error."""
        if not self.finished:
            on_failure = self.op.on_failure
            if on_failure is not None:
                on_failure(error)
            self.complete(None, error)

    def unwanted(self) -> bool:
        """Return whether nobody waits for the outcome any more, so that there is no point in trying again."""
        return False

    def __repr__(self) -> str:
        if self.finished:
            state = "finished"
        elif self.reply is not None:
            state = f"waiting for {self.acks_wanted - self.acks} backup acks"
        elif self.connection is not None:
            state = f"sent to {self.connection.address}"
        else:
            state = "not sent" if not self.tries else f"failed {self.tries} times"
        return f"{type(self).__name__}({self.op.method.name}, partition {self.op.partition_id}, {state})"


class PromisedInvocation(Invocation):
    """An invocation whose outcome goes to a promise."""

    def __init__(self, op: Op[Any], started: float, promise: Promise) -> None:
        self.op = op
        self.started = started
        self.promise = promise

    def complete(self, result: Any, error: BaseException | None) -> None:
        """Complete the promise, unless it was cancelled."""
        if self.finished:
            return
        self.finished = True
        promise = self.promise
        if promise.cancelled():
            return
        if error is None:
            promise.set_result(result)
        else:
            promise.set_exception(error)

    def unwanted(self) -> bool:
        """Return whether the promise was cancelled, or completed at the deadline."""
        return self.finished or self.promise.cancelled()


class InvocationObserver(Protocol):
    """Watches every operation of a client, for tracing and metrics."""

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        """Handle the end of an operation; called on the thread that completes it, so it must not block.

        ``error`` is None for a result. ``invocation.op.method.name`` and ``invocation.started`` tell what and when.
        """
        ...


InvocationT = TypeVar("InvocationT", bound=Invocation)


def observed(kind: type[InvocationT], observer: InvocationObserver | None) -> type[InvocationT]:
    """Return a subclass of ``kind`` that tells ``observer`` of each completion; ``kind`` itself without observer.

    So clients without an observer pay nothing for the possibility.
    """
    if observer is None:
        return kind
    completed = observer.invocation_completed

    class Observed(kind):  # type: ignore[valid-type, misc]  # a base that is known at run time only
        def complete(self, result: Any, error: BaseException | None) -> None:
            first = not self.finished
            super().complete(result, error)
            if first:
                completed(self, error)

    Observed.__name__ = Observed.__qualname__ = kind.__name__
    return Observed
