"""A request on its way: from the first try to its reply or its last error."""

from typing import TYPE_CHECKING, Any

from hz_core.invocation.op import Op
from hz_core.invocation.promise import Promise

if TYPE_CHECKING:
    from hz_core.connection import Connection


class Invocation:
    """One Op under way. Retries reuse the object, with a new correlation id each.

    Attributes:
        op: What is asked.
        promise: Who waits for it.
        started: When it was submitted, in seconds of the engine's clock.
        connection: Where the current try was sent.
        tries: How often it was sent or could not be sent.
        acks_wanted: Backup acks to wait for, known with the reply.
        acks: Backup acks that came.
        reply: The reply, kept while backup acks are missing.
        replied_at: When the reply came, in seconds of the engine's clock.
        schemas_settled: It has waited for its Compact schemas to be replicated.
    """

    # Class attributes instead of slots: most invocations never change them, and one is made for every call.
    connection: "Connection | None" = None
    tries = 0
    acks_wanted = -1
    acks = 0
    reply: bytes | None = None
    replied_at = 0.0
    schemas_settled = False

    def __init__(self, op: Op[Any], promise: Promise, started: float) -> None:
        self.op = op
        self.promise = promise
        self.started = started

    def succeed(self, result: Any) -> None:
        """Give the result to whoever waits, if they still do."""
        promise = self.promise
        if not promise.cancelled():
            promise.set_result(result)

    def fail(self, error: BaseException) -> None:
        """Give the error to whoever waits, if they still do."""
        promise = self.promise
        if not promise.cancelled():
            promise.set_exception(error)

    def unwanted(self) -> bool:
        """Return whether nobody waits any more."""
        return self.promise.cancelled()
