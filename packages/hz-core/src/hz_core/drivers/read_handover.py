"""Who reads a socket: the I/O thread, or the callers that wait for replies.

The caller that sent a request reads the socket itself when nobody else does (it *leads*), so that no thread switch
lies between the reply and the caller. Other callers *follow*: each waits on a lock of its own and is woken when the
leader has read its reply, or when the leader stops and another one has to lead. When no caller reads, the I/O thread
does. It notices a leader by failing to claim the reading; then it stops watching the socket, and watches it again
once callers no longer read.

A signal handler, a finalizer, or an exception from another thread may interrupt a caller at nearly any point. So a
claim is not a lock, which is acquired by a call: it is taken and given back by single steps of the interpreter that
nothing comes between. And each hand-over between callers is an optimization that may be missed: the I/O thread checks
whether somebody reads.
"""

from _thread import LockType, RLock, allocate_lock
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import ClassVar, Final, Protocol

from hz_core.compiled import HandoverBase, configure_reading, prefer_compiled
from hz_core.connection import Connection
from hz_core.drivers.blocking import Pending
from hz_core.drivers.poller import READ, Watch
from hz_core.drivers.streams import CANCEL_CHECK_INTERVAL, LONGEST_WAIT

PATIENCE: Final = 20
"""So many checks find the same caller reading before the I/O thread leaves the socket to it."""

CHECK_INTERVAL: Final = 0.005
"""Seconds after which the I/O thread checks whether callers still read a socket."""

LONG_CHECK_INTERVAL: Final = 0.25
"""The same while one caller reads for long: it hands the socket back itself, unless it is interrupted."""

_NOMINATED: Final = object()


class Reading(Enum):
    """Who is responsible for reading a socket."""

    __hash__: ClassVar[Callable[[object], int]] = (
        object.__hash__
    )  # that of Enum is written in Python, and calls look for transitions

    WATCHED = auto()
    """The I/O thread watches it for input. Callers may read it as well."""
    READ_BY_CALLERS = auto()
    """Callers read it. The I/O thread does not watch it, and checks regularly whether they still read."""
    LEFT_TO_LEADER = auto()
    """One caller reads it for long, and hands the socket back. The I/O thread checks rarely."""
    CLOSED = auto()
    """Nobody."""


class Event(Enum):
    """What may change who reads a socket."""

    __hash__: ClassVar[Callable[[object], int]] = object.__hash__

    LEADER_FOUND = auto()
    """The I/O thread found input, but a caller was reading."""
    LEADER_STAYS = auto()
    """The I/O thread found the same caller reading in ``PATIENCE`` checks."""
    NOBODY_READS = auto()
    """No caller has read since the last check, or the last one has stopped reading."""
    INPUT_EXPECTED = auto()
    """A reply will come that no caller may be there to read."""
    CLOSED = auto()
    """The transport was closed."""


TRANSITIONS: Final[Mapping[tuple[Reading, Event], Reading]] = {
    (Reading.WATCHED, Event.LEADER_FOUND): Reading.READ_BY_CALLERS,
    (Reading.WATCHED, Event.CLOSED): Reading.CLOSED,
    (Reading.READ_BY_CALLERS, Event.LEADER_STAYS): Reading.LEFT_TO_LEADER,
    (Reading.READ_BY_CALLERS, Event.NOBODY_READS): Reading.WATCHED,
    (Reading.READ_BY_CALLERS, Event.INPUT_EXPECTED): Reading.WATCHED,
    (Reading.READ_BY_CALLERS, Event.CLOSED): Reading.CLOSED,
    (Reading.LEFT_TO_LEADER, Event.NOBODY_READS): Reading.WATCHED,
    (Reading.LEFT_TO_LEADER, Event.INPUT_EXPECTED): Reading.WATCHED,
    (Reading.LEFT_TO_LEADER, Event.CLOSED): Reading.CLOSED,
}
"""The state after an event. An event that is not listed for a state does not change it."""

_WATCHED: Final = Reading.WATCHED
_LEFT_TO_LEADER: Final = Reading.LEFT_TO_LEADER
_CLOSED: Final = Reading.CLOSED
configure_reading(_WATCHED, _LEFT_TO_LEADER, CANCEL_CHECK_INTERVAL)


class HandoverOwner(Protocol):
    """What the handover needs of the transport whose socket is read."""

    def check_later(self) -> None:
        """Have :meth:`ReadHandover.check` called after the time that it returns. On the I/O thread."""
        ...

    def check_is_near(self) -> bool:
        """Return whether the I/O thread makes its next check within a millisecond."""
        ...


@prefer_compiled
class ReadHandover(HandoverBase):
    """Passes the reading of one socket between the I/O thread and callers, without losing a wake-up.

    Attributes:
        free: Exists while nobody has claimed the reading. To claim it, a thread deletes this attribute, which succeeds
            in one thread only, and at once sets ``thread`` and ``busy``. It sets ``free`` as the first step of a
            ``finally`` clause, and resets ``busy``.
        busy: Whether the reading is claimed, for those who only look: a failed claim raises an error, which is slow.
        thread: The identifier of the thread that has claimed the reading last.
        state: Who is responsible for reading.
        turns: How often callers have stopped reading.
        followers: Locks of callers that wait for a reply which somebody else reads.
    """

    __slots__ = (
        "_checks",
        "_connection",
        "_owner",
        "_seen",
        "_state_lock",
        "_watch",
        "busy",
        "followers",
        "free",
        "state",
        "thread",
        "turns",
    )

    def __init__(self, owner: HandoverOwner, connection: Connection, watch: Watch) -> None:
        self.free: bool = True
        self.busy: bool = False
        self.thread: int = 0
        self.state: Reading = Reading.WATCHED
        self.followers: dict[LockType, None] = {}
        self._owner = owner
        self._connection = connection
        self._watch = watch
        self._state_lock = RLock()  # guards the state, and keeps the watch in step with it
        self.turns: int = 0
        self._seen = 0  # its value at the last check
        self._checks = 0  # checks in a row that found the same caller reading

    def _happened(self, event: Event) -> bool:
        """Change the state as the table says; return whether it has changed."""
        with self._state_lock:
            before = self.state
            after = TRANSITIONS.get((before, event), before)
            if after is before:
                return False
            if after is _WATCHED:
                # In this order: an interrupted thread leaves a socket that is watched, and checked as well.
                self._watch.add(READ)
                self.state = after
            else:
                self.state = after
                if before is _WATCHED:
                    self._watch.remove(READ)
            return True

    # --- claims -----------------------------------------------------------------------------------------------

    def claimed(self) -> bool:
        """Return whether a thread reads."""
        return self.busy

    def claimed_by(self, thread: int) -> bool:
        """Return whether this thread reads. If it is the caller, it was interrupted while it did, or calls itself."""
        return self.busy and self.thread == thread

    # --- callers ----------------------------------------------------------------------------------------------

    def begun_leading(self) -> None:
        """Keep the I/O thread from waking up for each reply, on a connection with listeners."""
        if self.state is _WATCHED:
            self._happened(Event.LEADER_FOUND)

    def stopped_leading(self) -> None:
        """Hand over: another caller leads, or the I/O thread reads where replies are still expected.

        Not needed while there are no ``followers``, nothing is expected, and the state is not LEFT_TO_LEADER.
        """
        if self.followers:
            self.nominate()
            return
        state = self.state
        if state is not _WATCHED:
            if state is _LEFT_TO_LEADER or self._connection.listening:
                # Events come at any time: they must not wait for the next check.
                self._happened(Event.NOBODY_READS)
            elif self._connection.pending:
                self.expect_input()

    def follow(self, call: Pending, timeout: float | None) -> None:
        """Wait until ``call`` is done, or this caller is to lead, or ``timeout`` seconds are over."""
        lock = allocate_lock()
        lock.acquire()
        followers = self.followers
        followers[lock] = None
        woken = True
        try:
            # The leader may have stopped before it could see this follower: then there is nobody to wait for.
            if call.attach(lock) and self.claimed():
                woken = False
                woken = lock.acquire(timeout=-1 if timeout is None else min(timeout, LONGEST_WAIT))
        finally:
            call.detach(lock)
            if followers.pop(lock, _NOMINATED) is _NOMINATED and (call.done() or not woken):
                # This caller was nominated, but it does not lead: nominate another.
                self.nominate()

    def nominate(self) -> None:
        """Wake one follower, so that it leads."""
        if not self.followers and self.state is not _LEFT_TO_LEADER:
            return  # without the error below, since this follows each reading of the I/O thread
        try:
            lock, _ = self.followers.popitem()
        except KeyError:
            if self.state is _LEFT_TO_LEADER and not self.claimed():
                self._happened(Event.NOBODY_READS)
            return
        try:  # noqa: SIM105  # `suppress` is slow, and this runs for many replies
            lock.release()
        except RuntimeError:
            pass  # its call was completed at the same moment

    def expect_input(self) -> None:
        """Let the I/O thread read again: now, or after its next check if that is near. Callable from any thread."""
        if not self._owner.check_is_near():
            self._happened(Event.INPUT_EXPECTED)

    def read_by_io_thread(self) -> None:
        """Let the I/O thread read again, now. Callable from any thread."""
        self._happened(Event.INPUT_EXPECTED)

    # --- the I/O thread ---------------------------------------------------------------------------------------

    def found_leader(self) -> None:
        """Stop watching the socket, because a caller reads it."""
        if self.state is _CLOSED:
            return
        self._owner.check_later()
        if not self._happened(Event.LEADER_FOUND):
            # A caller was interrupted while it handed the socket back.
            if self.claimed():
                self._watch.remove(READ)
            return
        if self._connection.pending and not self.claimed():
            # The leader stopped before it could see the new state, and a reply is still to be read.
            self._happened(Event.NOBODY_READS)
            return
        self._seen = self.turns
        self._checks = 0

    def check(self) -> float | None:
        """Watch the socket again if callers have stopped reading; return the seconds until the next check."""
        state = self.state
        if state is _LEFT_TO_LEADER:
            if self.claimed():
                return LONG_CHECK_INTERVAL
            self._happened(Event.NOBODY_READS)
            return None
        if state is not Reading.READ_BY_CALLERS:
            return None
        if self.turns != self._seen:
            self._seen = self.turns
            self._checks = 0
            return CHECK_INTERVAL
        if not self.claimed():
            self._happened(Event.NOBODY_READS)
            return None
        self._checks += 1
        if self._checks <= PATIENCE:
            return CHECK_INTERVAL
        self._happened(Event.LEADER_STAYS)
        # The leader may have stopped before it could see the new state.
        if not self.claimed():
            self._happened(Event.NOBODY_READS)
            return None
        return LONG_CHECK_INTERVAL

    def repair(self) -> None:
        """Watch the socket again if a caller was interrupted before it handed it back."""
        if self.state is Reading.READ_BY_CALLERS and self._connection.listening and not self.claimed():
            self._happened(Event.NOBODY_READS)

    def close(self) -> None:
        """Let nobody read any more. Once the socket is shut down, ``wake_all`` wakes the callers that wait."""
        self._happened(Event.CLOSED)

    def wake_all(self) -> None:
        """Wake all followers."""
        while self.followers:
            self.nominate()
