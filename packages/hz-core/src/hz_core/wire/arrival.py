"""Whether a message of which only a part has arrived is a sign of life."""

from typing import Final

from hz_core.wire.reader import MessageReader

LEAST_RATE: Final = 128
"""Bytes per second."""

LONGEST: Final = 3600.0
"""Seconds within which a message must be complete at the rate at which it arrives."""


class Arrival:
    """Judges the incomplete message of one connection.

    A large reply is a sign of life as long as its parts arrive. But damaged bytes may look like the head of a large
    message, which then takes in all that follows, replies to heartbeats as well. So what takes longer than the
    heartbeat timeout is a sign of life only if it arrives fast enough.
    """

    __slots__ = ("_arrived", "_fast", "_since")

    def __init__(self) -> None:
        # When the current period of a heartbeat timeout has begun, how much was there then, and whether the one before
        # has brought enough.
        self._since = 0.0
        self._arrived = 0
        self._fast = True

    def is_life(self, reader: MessageReader, now: float, timeout: float, completed: bool) -> bool:
        """Return whether what has arrived is a sign of life. To be called regularly.

        Args:
            reader: The reader of the connection.
            now: The time in seconds.
            timeout: The heartbeat timeout in seconds.
            completed: Whether replies were completed since the last call: then the incomplete message is a new one.
        """
        arrived, known = reader.progress
        if completed or arrived < self._arrived or not self._arrived:
            self._fast = True
        elif now - self._since > timeout:
            rate = max(LEAST_RATE, known / LONGEST)
            self._fast = arrived - self._arrived >= (now - self._since) * rate
        else:
            return self._fast
        self._since = now
        self._arrived = arrived
        return arrived > 0 and self._fast
