"""The messages of a topic as an iterator, with a bounded buffer."""

from collections import deque
from collections.abc import Callable
from typing import Generic

from hz_core.context import ClientContext
from hz_core.errors import HazelcastClientNotActiveError
from hz_core.log import get_logger
from hz_core.op import Flow, WaitFor
from hz_core.promise import Promise
from hz_proxies.events import MessageCallback, TopicMessage
from hz_proxies.types import E

_logger = get_logger("topic")


class MessageSource(Generic[E]):
    """Keeps what a listener receives until it is fetched.

    When too many messages wait, the oldest are dropped, and the log says so.

    Args:
        context: The client.
        name: Name of the topic.
        most: How many messages may wait.
        listen: Returns the flow that registers a listener; its result is the registration id.
        ended: Called when nothing is received any more.
    """

    def __init__(
        self,
        context: ClientContext,
        name: str,
        most: int,
        listen: Callable[[MessageCallback[E]], Flow[str]],
        ended: Callable[["MessageSource[E]"], object],
    ) -> None:
        self._context = context
        self._name = name
        self._listen = listen
        self._ended = ended
        self._mutex = context.io.mutex()
        self._waiting: deque[TopicMessage[E]] = deque(maxlen=most)
        self._dropped = 0
        self._fetching: Promise | None = None
        self._ending: Promise | None = None
        self._error: Exception | None = None
        self.more: bool = True

    def start(self) -> None:
        """Register the listener, in the background."""
        self._context.start(self._live(), f"listening to topic {self._name!r}")

    def fetch(self) -> Flow[list[TopicMessage[E]]]:
        """Return the messages that wait; wait for one if there is none. An empty list after the end.

        Raises:
            HazelcastError: The listener could not be registered, or the client was shut down.
        """
        while True:
            with self._mutex:
                found = list(self._waiting)
                self._waiting.clear()
                error = self._error
            if found or not self.more:
                return found
            if error is not None:
                raise error
            yield WaitFor(self._wait)

    def end(self) -> Flow[None]:
        """Remove the listener."""
        self.more = False
        with self._mutex:
            ending = self._ending
        self._wake()
        if ending is not None:
            ending.set_result(None)
        yield []

    def _live(self) -> Flow[None]:
        """Listen until the end."""
        try:
            registration = yield from self._listen(self._received)
            try:
                yield WaitFor(self._wait_for_end)
            finally:
                yield from self._context.remove_listener(registration)
        except Exception as error:
            self._error = error
        finally:
            if self._error is None:
                self._error = HazelcastClientNotActiveError(
                    f"the client of topic {self._name!r} was shut down"
                )
            self._wake()
            self._ended(self)

    def _received(self, message: TopicMessage[E]) -> None:
        with self._mutex:
            if len(self._waiting) == self._waiting.maxlen:
                self._dropped += 1
                dropped = self._dropped
            else:
                dropped = 0
            self._waiting.append(message)
        if dropped and dropped & (dropped - 1) == 0:
            _logger.warning(
                "%d messages of topic %r were dropped so far: their iterator is too slow", dropped, self._name
            )
        self._wake()

    def _wait(self, promise: Promise) -> None:
        with self._mutex:
            self._fetching = promise
            ready = self._waiting or self._error is not None or not self.more
        if ready:
            self._wake()

    def _wait_for_end(self, promise: Promise) -> None:
        with self._mutex:
            self._ending = promise
        if not self.more:
            promise.set_result(None)

    def _wake(self) -> None:
        with self._mutex:
            promise, self._fetching = self._fetching, None
        if promise is not None:
            promise.set_result(None)
