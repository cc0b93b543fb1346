"""Listeners of reliable topics."""

from typing import Generic

from hz_proxies.events import MessageCallback, TopicMessage
from hz_proxies.types import E


class ReliableMessageListener(Generic[E]):
    """A listener that decides itself where to begin, and when to end. Derive from it.

    All methods but ``retrieve_initial_sequence``, which the caller of ``add_listener`` calls, are called by the
    client's thread of listeners, on asyncio by the event loop.
    """

    def on_message(self, message: TopicMessage[E]) -> None:
        """Handle a message. The next messages are read after that."""
        raise NotImplementedError(f"{type(self).__name__} must define on_message")

    def retrieve_initial_sequence(self) -> int:
        """Return the sequence of the first message to receive; -1, the default, for the next one to be published.

        To go on where ``store_sequence`` has stored a sequence, return that plus one.
        """
        return -1

    def store_sequence(self, sequence: int) -> None:
        """Note the sequence of the message that ``on_message`` is called with next, to begin there another time."""

    def is_loss_tolerant(self) -> bool:
        """Return whether to go on when messages were lost: overwritten, expired, or lost with their member.

        False, the default, ends the listener.
        """
        return False

    def is_terminal(self, error: Exception) -> bool:
        """Return whether an error ends the listener. False, the default, goes on with the next message.

        Args:
            error: What ``on_message`` or ``store_sequence`` has raised, or why a message cannot be deserialized.
        """
        return False

    def on_cancel(self) -> None:
        """Note that the listener has ended: removed, by an error, by lost messages, or with the topic or client."""


class FunctionListener(ReliableMessageListener[E]):
    """Calls a function with each message.

    Args:
        on_message: The function.
    """

    def __init__(self, on_message: MessageCallback[E]) -> None:
        self._on_message = on_message

    def on_message(self, message: TopicMessage[E]) -> None:
        """Call the function."""
        self._on_message(message)
