"""Invocations: requests in progress, from the first attempt to the reply or the last error."""

from contextlib import suppress
from struct import Struct
from typing import Any, Final

from hz_core.compiled import InvocationBase, PromisedBase, prefer_compiled
from hz_core.connection import Connection
from hz_core.op import Op
from hz_core.promise import Promise

_CORRELATION: Final = Struct("<q")
_CORRELATION_OFFSET: Final = 10


@prefer_compiled
class Invocation(InvocationBase):
    """One Op in progress. Retries reuse the object, each with a new correlation id.

    Subclasses override ``complete`` and ``unwanted`` to deliver the outcome.

    Attributes:
        op: The operation.
        started: Time of its submission, in seconds of the engine's clock.
        finished: Whether it has an outcome.
        connection: Connection of the current attempt.
        last_connection: Connection of the last attempt, also after its end; only where there is an observer.
        tries: Number of attempts, including those that could not be sent.
        accepted: Whether it was counted against the limit of pending invocations, while there was no connection.
        last_error: Why the last attempt failed.
        interrupted: Whether a thread was interrupted while it was reading the reply.
        acks_wanted: Number of backup acks to wait for, known from the reply.
        acks: The connections, by id, over which backup acks were received.
        acks_until: Time until which it waits for backup acks, in seconds of the engine's clock.
        waits_for_acks: Exists while backup acks are missing. The thread that deletes it completes the invocation.
        reply: The reply, stored while backup acks are missing.
        replied_over: Connection to the owner, over which that reply was received.
        acks_table: The table of those that wait for backup acks, by correlation id, once it is there.
        waits_in: The table of those that wait for a connection or for their next attempt, while it is there; with its
            pause, if any.
        schemas_replicated: Whether its Compact schemas have been replicated.
        deadline_watched: Whether a timer watches its deadline.
        given_up: Whether it ended with an error, for example at its deadline, although a reply may still be received.
        in_doubt: Whether a member may have executed an attempt whose reply was lost, for operations that acquire
            something. Then it is repeated until the client knows, even if nobody waits for it any more.
    """

    # Class attributes instead of slots: an invocation is created for every call, and most never change these.
    connection: Connection | None = None
    last_connection: Connection | None = None
    tries = 0
    accepted = False
    last_error: Exception | None = None
    interrupted = False
    acks_wanted = -1
    acks: tuple[int, ...] = ()
    acks_until: float = 0.0
    reply: bytes | None = None
    replied_over: Connection | None = None
    acks_table: "dict[int, Invocation] | None" = None
    waits_in: "dict[Invocation, Any] | None" = None
    waits_for_acks: bool
    schemas_replicated = False
    deadline_watched = False
    given_up = False
    in_doubt = False

    def __init__(self, op: Op[Any], started: float) -> None:
        self.op = op
        self.started = started
        # On the instance, because every call reads it: the interpreter finds it much faster there.
        self.finished = False

    def complete(self, result: Any, error: BaseException | None) -> None:
        """Deliver the outcome to the caller. Every invocation ends here.

        Only the first outcome counts, because a deadline may expire before the reply is received. A thread that is
        interrupted here must leave an invocation that another call of this method completes.
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
        """Return whether the outcome is no longer needed, so that the operation is not retried."""
        return False

    def forget(self) -> None:
        """Free the entry among the requests that wait for whatever it is, since nobody wants this one.

        What an operation has acquired must be given back: so the reply to one that may do so is needed all the same.
        """
        connection, table, waits_in = self.connection, self.acks_table, self.waits_in
        if waits_in is not None and not self.in_doubt and self.op.on_failure is None:
            pause = waits_in.pop(self, None)
            if pause is not None:
                pause.cancel()
        if self.op.on_lost is None and (connection is not None or table is not None):
            (correlation_id,) = _CORRELATION.unpack_from(self.op.request, _CORRELATION_OFFSET)
            if connection is not None:
                connection.pending.pop(correlation_id, None)
            if table is not None:
                table.pop(correlation_id, None)

    def __repr__(self) -> str:
        if self.finished:
            state = "finished"
        elif self.reply is not None:
            state = f"waiting for {self.acks_wanted - len(self.acks)} backup acks"
        elif self.connection is not None:
            state = f"sent to {self.connection.address}"
        else:
            state = "not sent" if not self.tries else f"failed {self.tries} times"
        return f"{type(self).__name__}({self.op.method.name}, partition {self.op.partition_id}, {state})"


@prefer_compiled
class PromisedInvocation(PromisedBase, Invocation):
    """An invocation that completes a promise."""

    def __init__(self, op: Op[Any], started: float, promise: Promise) -> None:
        self.op = op
        self.started = started
        self.finished: bool = False
        self.promise = promise

    def complete(self, result: Any, error: BaseException | None) -> None:
        """Complete the promise, unless it was cancelled."""
        if self.finished:
            if error is None and self.given_up:
                self.op.lost(result)
            return
        promise = self.promise
        if error is not None:
            self.given_up = True
            if not promise.cancelled():
                # asyncio raises this when the waiter's event loop is closed, so that nobody waits any more.
                with suppress(RuntimeError):
                    promise.set_exception(error)
        elif promise.cancelled() or (
            promise.set_result(result) is False and (self.given_up or promise.cancelled())
        ):
            # If the promise has a result already, it was this one, before a thread was interrupted.
            self.op.lost(result)
        # Not before: if this thread is interrupted, the next one that handles the reply does this again.
        self.finished = True

    def unwanted(self) -> bool:
        """Return whether the promise was cancelled, or completed at the deadline."""
        return self.finished or self.promise.cancelled()
