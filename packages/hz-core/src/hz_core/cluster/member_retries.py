"""When to connect again to the members of the list that are not connected, and what the log says about it."""

from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from hz_core.cluster.backoff import Backoff
from hz_core.cluster.reasons import reason_at
from hz_core.io import IO, Timer
from hz_core.log import get_logger
from hz_core.model import Address

_logger = get_logger("connection")

STABLE: Final = 5.0
"""A connection that lasted for so many seconds is replaced at once when it is lost, whatever was before."""


class RepeatedLosses:
    """How long to wait before something is connected again that was lost: not at all, unless that happens repeatedly.

    Args:
        io: The driver.
        backoff: Returns the pauses.
    """

    __slots__ = ("_backoff", "_connected_at", "_io", "_new_backoff")

    def __init__(self, io: IO, backoff: Callable[[], Backoff]) -> None:
        self._io = io
        self._new_backoff = backoff
        self._backoff: Backoff | None = None
        self._connected_at: float | None = None

    def connected(self) -> None:
        """Note that it is connected."""
        self._connected_at = self._io.now()

    def pause(self) -> float:
        """Return the seconds to wait after it was lost."""
        if self._connected_at is None or self._io.now() - self._connected_at >= STABLE:
            self._backoff = None
        elif self._backoff is None:
            self._backoff = self._new_backoff()
        else:
            return self._backoff.next_pause(0.0) or 0.0
        return 0.0


class _Member:
    __slots__ = ("attempts", "backoff", "due", "losses", "since", "timer")

    def __init__(self, losses: RepeatedLosses, now: float) -> None:
        self.backoff: Backoff | None = None  # until an attempt fails
        self.losses = losses
        self.attempts = 0
        self.since = now
        self.due = now
        self.timer: Timer | None = None


class MemberRetries:
    """The pauses between attempts to connect to one member of the list, for all members. On the I/O side.

    A lost connection is replaced at once. What fails, or is lost again soon, is tried after pauses that grow. The log
    has one warning for each member that cannot be connected, then a debug line for each attempt, and an info line when
    one succeeds.

    Args:
        io: The driver.
        backoff: Returns the pauses for one member.
        again: Called when an attempt is due.
    """

    def __init__(self, io: IO, backoff: Callable[[], Backoff], again: Callable[[], None]) -> None:
        self._io = io
        self._backoff = backoff
        self._again = again
        self._members: dict[UUID, _Member] = {}

    def due(self, uuid: UUID) -> bool:
        """Return whether the member may be tried now."""
        known = self._members.get(uuid)
        return known is None or known.due <= self._io.now()

    def failed(self, uuid: UUID, address: Address, error: Exception) -> None:
        """Note an attempt that failed, and call ``again`` when the next one is due."""
        known = self._known(uuid)
        known.attempts += 1
        if known.backoff is None:
            known.backoff = self._backoff()
        pause = known.backoff.next_pause(0.0) or 0.0
        self._wait(known, pause)
        if known.attempts == 1:
            _logger.warning(
                "could not connect to member %s at %s: %s. The client goes on without it, and tries again with growing"
                " pauses; further attempts are logged at level DEBUG",
                uuid,
                address,
                reason_at(address, error),
            )
        else:
            _logger.debug(
                "attempt %d to connect to member %s at %s failed, the next one is in %.2f s: %s",
                known.attempts,
                uuid,
                address,
                pause,
                error,
            )

    def connected(self, uuid: UUID, address: Address) -> None:
        """Note a connection that is ready."""
        known = self._known(uuid)
        now = self._io.now()
        if known.attempts:
            _logger.info(
                "connected to member %s at %s after %d failed attempts in %.1f s",
                uuid,
                address,
                known.attempts,
                now - known.since,
            )
        known.attempts = 0
        known.backoff = None
        known.losses.connected()
        self._stop(known)

    def lost(self, uuid: UUID) -> None:
        """Note that a ready connection was lost; it may be replaced at once, unless it was too short repeatedly."""
        known = self._known(uuid)
        known.since = self._io.now()
        self._wait(known, known.losses.pause())

    def keep(self, uuids: Iterable[UUID]) -> None:
        """Forget all members but these."""
        for uuid in self._members.keys() - set(uuids):
            self._stop(self._members.pop(uuid))

    def clear(self) -> None:
        """Forget all members, and call ``again`` no more for them."""
        self.keep(())

    def _known(self, uuid: UUID) -> _Member:
        known = self._members.get(uuid)
        if known is None:
            known = self._members[uuid] = _Member(RepeatedLosses(self._io, self._backoff), self._io.now())
        return known

    def _wait(self, known: _Member, pause: float) -> None:
        self._stop(known)
        known.due = self._io.now() + pause
        if pause:
            known.timer = self._io.call_later(pause, self._again)

    def _stop(self, known: _Member) -> None:
        if known.timer is not None:
            known.timer.cancel()
            known.timer = None
