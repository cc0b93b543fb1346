"""A histogram of latencies with a bounded error, whatever their range."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

_STEPS: Final = 32
"""Number of buckets for each doubling: a value is known to 2.2 %."""

_SMALLEST: Final = 1e-6


class Bar(NamedTuple):
    """A line of the picture: the values from ``begin`` to ``end``, in seconds."""

    begin: float
    end: float
    times: int


class Histogram:
    """Counts durations in buckets whose widths grow with them."""

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count: int = 0
        self.total: float = 0.0
        self.least: float = math.inf
        self.most: float = 0.0

    def add(self, seconds: float) -> None:
        """Count a duration."""
        index = math.floor(math.log2(max(seconds, _SMALLEST) / _SMALLEST) * _STEPS)
        self._buckets[index] = self._buckets.get(index, 0) + 1
        self.count += 1
        self.total += seconds
        self.least = min(self.least, seconds)
        self.most = max(self.most, seconds)

    @property
    def mean(self) -> float:
        """The mean; 0 without values."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, percent: float) -> float:
        """Return a duration that so many percent of all do not exceed; 0 without values.

        It is the upper end of a bucket, so at most 2.2 % too large.
        """
        wanted = math.ceil(self.count * percent / 100)
        seen = 0
        for index in sorted(self._buckets):
            seen += self._buckets[index]
            if seen >= wanted:
                return min(_begin(index + 1), self.most)
        return self.most

    def bars(self, most: int = 12) -> Iterator[Bar]:
        """Yield at most ``most`` bars of equal width on a logarithmic scale, the shortest durations first."""
        if not self.count:
            return
        first, last = min(self._buckets), max(self._buckets)
        width = max(math.ceil((last - first + 1) / most), 1)
        for begin in range(first, last + 1, width):
            count = sum(self._buckets.get(index, 0) for index in range(begin, begin + width))
            yield Bar(_begin(begin), _begin(begin + width), count)


def _begin(index: int) -> float:
    return _SMALLEST * math.pow(2, index / _STEPS)


def shown(seconds: float) -> str:
    """Return a duration with three digits and a unit that fits."""
    for limit, factor, unit in ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (math.inf, 1.0, "s")):
        if seconds < limit:
            value = seconds * factor
            digits = max(2 - int(math.log10(value)) if value >= 1 else 2, 0)
            return f"{value:.{digits}f} {unit}"
    return f"{seconds} s"
