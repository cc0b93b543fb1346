"""How late calls end whose time is over, beside how late this process is for anything."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

_PAUSE: Final = 0.01
"""Seconds for which the meter waits again and again."""


class Lateness:
    """Notes by how many seconds calls end after their time limit, and by how many a thread that only waits does.

    All threads of a Python process take turns, and two cores are shared with three members: so a call may end late
    because nothing else of this process has its turn in time either.

    Args:
        limit: The time limit of each call, in seconds.

    Attributes:
        late: Seconds after the limit, by how the calls were made.
        lag: When each wait of the meter ended, and by how many seconds it was longer than it should be.
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.late: defaultdict[str, list[float]] = defaultdict(list)
        self.lag: list[tuple[float, float]] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="lateness")

    def start(self) -> None:
        """Measure the process."""
        self._thread.start()

    def stop(self) -> None:
        """End that."""
        self._stopping.set()
        self._thread.join()

    def note(self, how: str, seconds: float) -> None:
        """Note how long a call took; those that ended before their limit do not count."""
        if seconds >= self.limit:
            with self._lock:
                self.late[how].append(seconds - self.limit)

    @property
    def most(self) -> float:
        """The latest end of a call, in seconds after its limit."""
        return max((late for each in self.late.values() for late in each), default=0.0)

    def most_lag(self, since: float) -> float:
        """Return by how many seconds a wait that ended ``since`` then was too long, at most."""
        return max((lag for ended, lag in reversed(self.lag) if ended >= since), default=0.0)

    def _measure(self) -> None:
        began = time.monotonic()
        while not self._stopping.wait(_PAUSE):
            now = time.monotonic()
            self.lag.append((now, now - began - _PAUSE))
            began = now

    def report(self) -> list[str]:
        """Return the figures, in lines."""
        lines = [f"ms between the time limit of a call, {self.limit:g} s, and its end (median, 99 %, most):"]
        rows = {**self.late, f"any wait of {1000 * _PAUSE:g} ms": [lag for _, lag in self.lag]}
        for how, seconds in sorted(rows.items()):
            figures = (1000 * _quantile(seconds, part) for part in (0.5, 0.99, 1.0))
            lines.append(f"  {how:<20} {len(seconds):6} times  " + "  ".join(f"{ms:.1f}" for ms in figures))
        return lines


def _quantile(numbers: Sequence[float], part: float) -> float:
    if not numbers:
        return 0.0
    return sorted(numbers)[min(int(part * len(numbers)), len(numbers) - 1)]
