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
        deadline: Time (of the engine's clock, in seconds) after which it isn't tried again.
        connection: Where the current try was sent.
        tries: How often it was sent or could not be sent.
        acks_wanted: Backup acks to wait for, known with the reply.
        acks: Backup acks that came.
        reply: The reply, kept while backup acks are missing.
        replied_at: When the reply came, in seconds of the engine's clock.
    """

    __slots__ = (
        "acks",
        "acks_wanted",
        "connection",
        "deadline",
        "op",
        "promise",
        "replied_at",
        "reply",
        "tries",
    )

    def __init__(self, op: Op[Any], promise: Promise, deadline: float) -> None:
        self.op = op
        self.promise = promise
        self.deadline = deadline
        self.connection: Connection | None = None
        self.tries = 0
        self.acks_wanted = -1
        self.acks = 0
        self.reply: bytes | None = None
        self.replied_at = 0.0
