"""Reading for one listener of a reliable topic."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Generic

from hz_core.context import ClientContext, Service
from hz_core.errors import (
    ClientOfflineError,
    DistributedObjectDestroyedError,
    HazelcastClientNotActiveError,
    HazelcastInstanceNotActiveError,
    HazelcastOverloadError,
    OperationTimeoutError,
    StaleSequenceError,
    TargetDisconnectedError,
)
from hz_core.errors.server import is_retryable
from hz_core.flow import RunningFlow
from hz_core.log import get_logger
from hz_core.model import MemberInfo
from hz_core.op import Flow, Op, Sleep, WaitFor
from hz_core.promise import Promise
from hz_proxies.events import TopicMessage
from hz_proxies.reliable_topic.listener import ReliableMessageListener
from hz_proxies.ringbuffer.operations import RingbufferOperations
from hz_proxies.ringbuffer.result import ReadResult, Unread
from hz_proxies.types import E

_logger = get_logger("reliable_topic")

FIRST_PAUSE: Final = 0.1
"""Seconds before what has failed is tried again; they are doubled each time."""

LONGEST_PAUSE: Final = 2.0

_REMEMBERED: Final = 1000
"""So many messages may be lost after they were handled, and the listener still knows where it was."""

_PASSING: Final = (
    ClientOfflineError,
    HazelcastInstanceNotActiveError,
    HazelcastOverloadError,
    OperationTimeoutError,
    TargetDisconnectedError,
)


def longer(pause: float) -> float:
    """Return the pause after ``pause``."""
    return min(2 * pause, LONGEST_PAUSE)


class Runners(Service):
    """The client's listeners of reliable topics."""

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self.running: dict[Runner[Any], None] = {}
        context.view.add_listener(None, self._member_left)

    def _member_left(self, member: MemberInfo) -> None:
        """Let all see whether messages were lost with a member, before others get their sequences."""
        self.on_cluster_changed()

    def on_cluster_changed(self) -> None:
        """Let all see whether their ringbuffers have begun anew, or end before they did."""
        for runner in list(self.running):
            runner.look_again()


class Runner(Generic[E]):
    """Reads messages for a listener, as fast as the listener handles them.

    Args:
        context: The client.
        name: Name of the topic.
        listener: The listener.
        ringbuffer: The ringbuffer.
        read: Returns the request for the messages from a sequence on, at least one.
        ended: Called when the listener has ended.
    """

    def __init__(
        self,
        context: ClientContext,
        name: str,
        listener: ReliableMessageListener[E],
        ringbuffer: RingbufferOperations[Any],
        read: Callable[[int], Op[ReadResult[TopicMessage[E]]]],
        ended: Callable[[], object],
    ) -> None:
        self._context = context
        self._name = name
        self._listener = listener
        self._ringbuffer = ringbuffer
        self._read = read
        self._ended = ended
        self._runners = context.service(Runners)
        self._active = True
        self._next = 0
        self._look = True
        self._to_head = False
        self._times: dict[int, int | None] = {}
        self._waiting: Promise | None = None
        self._reading: RunningFlow | None = None

    def start(self, sequence: int) -> None:
        """Begin to read at a sequence, in the background."""
        self._next = sequence
        self._runners.running[self] = None
        self._context.start(self._run(), f"a listener of reliable topic {self._name!r}")

    def stop(self) -> None:
        """End, after the message that is being handled. Callable from any thread."""
        self._active = False
        self._interrupt()

    def look_again(self) -> None:
        """See whether the ringbuffer has begun anew, which a read that waits would not tell."""
        self._look = True
        self._interrupt()

    def _interrupt(self) -> None:
        waiting = self._waiting
        if waiting is not None:
            waiting.set_result(None)

    # --- reading -------------------------------------------------------------------------------------------

    def _run(self) -> Flow[None]:
        pause = FIRST_PAUSE
        try:
            while self._active:
                try:
                    yield from self._step()
                    pause = FIRST_PAUSE
                except StaleSequenceError as error:
                    self._jump(str(error), self._next)
                except Exception as error:
                    if not self._goes_on_after(error):
                        return
                    self._look = True
                    yield Sleep(pause)
                    pause = longer(pause)
        finally:
            self._stop_reading()
            self._end()

    def _step(self) -> Flow[None]:
        """Read some messages and let the listener handle them."""
        if self._to_head:
            head = yield self._ringbuffer.head_sequence()
            self._next = max(self._next, head)
            self._to_head = False
        if self._look:
            self._look = False
            tail = yield self._ringbuffer.tail_sequence()
            if self._next > tail + 1:
                yield from self._shorter(tail)
                return
        try:
            found: ReadResult[TopicMessage[E]] | None = yield WaitFor(self._start_reading)
        finally:
            self._stop_reading()
        if found is None:
            return
        begin = found.next_sequence_to_read_from - found.read_count
        if begin < self._next:
            yield from self._shorter(begin - 1)
            return
        if begin > self._next:
            if not self._tolerates(f"{begin - self._next} messages are lost"):
                return
            self._next = begin
        self._remember(found, begin)
        while not (yield WaitFor(partial(self._deliver, found, begin))):
            yield Sleep(FIRST_PAUSE)  # too many callbacks wait

    def _shorter(self, tail: int) -> Flow[None]:
        """Go on with a ringbuffer that ends before the next sequence.

        Either it has begun anew; or messages that no backup had were lost with their member after they were read, and
        those before them are the ones that the listener has got.
        """
        known = self._times.get(tail)
        if known is not None:
            found: ReadResult[TopicMessage[E]] = yield self._read(tail)
            item = found.raw_items[0]
            if found.next_sequence_to_read_from - found.read_count == tail and _time_of(item) == known:
                _logger.warning(
                    "listener of %r: %d messages that it has got were lost with a member; it goes on at sequence %d",
                    self._name,
                    self._next - 1 - tail,
                    tail + 1,
                )
                self._next = tail + 1
                return
        self._jump(f"the ringbuffer was lost: it ends at {tail}", 0)

    def _remember(self, found: ReadResult[TopicMessage[E]], begin: int) -> None:
        """Remember the times of the last messages, to know them again."""
        times = self._times
        for sequence, item in enumerate(found.raw_items, begin):
            times.pop(sequence, None)
            times[sequence] = _time_of(item)
        while len(times) > _REMEMBERED:
            del times[next(iter(times))]

    def _start_reading(self, promise: Promise) -> None:
        # Stored before the flags are read, while others set a flag before they look for it: so one sees the other.
        self._waiting = promise
        if self._look or not self._active:
            promise.set_result(None)
        else:
            self._reading = self._context.start(self._read_for(promise), f"reading {self._name!r}")

    def _read_for(self, promise: Promise) -> Flow[None]:
        try:
            found = yield self._read(self._next)
        except Exception as error:
            promise.set_exception(error)
        else:
            promise.set_result(found)

    def _stop_reading(self) -> None:
        self._waiting = None
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()

    def _jump(self, why: str, first: int) -> None:
        """Go on with the oldest message that is not before ``first``, if the listener tolerates what is lost."""
        if self._tolerates(why):
            self._next = first
            self._to_head = True

    def _tolerates(self, why: str) -> bool:
        try:
            tolerates = self._listener.is_loss_tolerant()
        except Exception:
            _logger.exception("is_loss_tolerant of a listener of %r failed", self._name)
            tolerates = False
        goes_on = "goes on" if tolerates else "ends, because it does not tolerate that"
        _logger.warning("listener of %r at sequence %d: %s; it %s", self._name, self._next, why, goes_on)
        self._active = self._active and tolerates
        return tolerates

    def _goes_on_after(self, error: Exception) -> bool:
        if isinstance(error, _PASSING) or is_retryable(error):
            return True
        if isinstance(error, DistributedObjectDestroyedError):
            _logger.info("listener of %r ends: the topic was destroyed", self._name)
        elif not isinstance(error, HazelcastClientNotActiveError):
            _logger.error("listener of %r ends: its messages cannot be read", self._name, exc_info=error)
        return False

    # --- the listener --------------------------------------------------------------------------------------

    def _deliver(self, found: ReadResult[TopicMessage[E]], begin: int, promise: Promise) -> None:
        if self._context.io.run_callback(partial(self._handle_all, found, begin, promise)) is False:
            promise.set_result(False)

    def _handle_all(self, found: ReadResult[TopicMessage[E]], begin: int, promise: Promise) -> None:
        try:
            for index, item in enumerate(found.raw_items):
                if not self._active:
                    break
                self._next = begin + index + 1
                self._handle(begin + index, item)
        finally:
            promise.set_result(True)

    def _handle(self, sequence: int, item: Any) -> None:
        listener = self._listener
        try:
            if isinstance(item, Unread):
                raise item.error
            listener.store_sequence(sequence)
            listener.on_message(item)
        except Exception as error:
            terminal = True
            try:
                terminal = listener.is_terminal(error)
            except Exception:
                _logger.exception("is_terminal of a listener of %r failed", self._name)
            _logger.warning(
                "listener of %r failed for the message at %d; it %s",
                self._name,
                sequence,
                "ends" if terminal else "goes on",
                exc_info=error,
            )
            if terminal:
                self._active = False

    def _end(self) -> None:
        self._active = False
        self._runners.running.pop(self, None)
        self._ended()
        self._context.io.run_callback(self._cancelled)

    def _cancelled(self) -> None:
        try:
            self._listener.on_cancel()
        except Exception:
            _logger.exception("on_cancel of a listener of %r failed", self._name)


def _time_of(item: Any) -> int | None:
    """Return when a message was published, in milliseconds; None for one that cannot be read."""
    return item.publish_time if isinstance(item, TopicMessage) else None
