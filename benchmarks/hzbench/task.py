"""Tasks and outcomes, which are transferred between driver and workers as JSON lines."""

from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Action = Literal["get", "set", "put_all", "values"]
Surface = Literal["blocking", "futures", "window", "asyncio"]

WARM_UP: Final = 3.0
"""Seconds of unmeasured work of each contender before a row, on all cores: members compile what they run for it."""

_KEYS_BY_SIZE = ((1_000, 1_000), (100_000, 100), (4_000_000, 4))


@dataclass(frozen=True, slots=True)
class Task:
    """Operations on one map.

    ``surface`` is one of: blocking calls; futures that start the next call in their done callback; a window of
    futures whose oldest is awaited with ``result()``; coroutines. ``concurrency`` is the number of threads for
    blocking calls, and the number of calls in flight for the others. ``size`` is the number of characters of a value,
    ``entries`` the number of entries of one put_all or values. With ``fresh`` a worker with threads opens a new client
    for this task, because a stall of an earlier task would affect this one.
    """

    action: Action | str
    surface: Surface
    concurrency: int = 1
    size: int = 100
    entries: int = 0
    fresh: bool = True

    @property
    def map_suffix(self) -> str:
        """The name of the map, which depends on the sizes."""
        return f"{self.size}-{self.entries}"

    def key_names(self) -> list[str]:
        """The keys to use in turn: all have the same length; there are fewer if the values are large."""
        count = self.entries or next((n for most, n in _KEYS_BY_SIZE if self.size <= most), 1)
        return [f"key-{index:06d}" for index in range(count)]

    def value(self) -> str:
        """The value of every entry: ASCII text, which every contender serializes as a String."""
        return ("0123456789" * (self.size // 10 + 1))[: self.size]

    def as_json(self) -> dict[str, Any]:
        """Return the fields, for the JSON line."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a task; ``cpu`` is for the whole worker process, latencies are in microseconds."""

    ops: int
    elapsed: float
    cpu: float
    p50: float | None = None
    p99: float | None = None
    worst: float | None = None

    @classmethod
    def of_samples(cls, samples: Sequence[int], elapsed: float, cpu: float) -> "Outcome":
        """Return the outcome of calls with durations of ``samples`` nanoseconds."""
        ordered = array("q", sorted(samples))
        last = len(ordered) - 1
        p50, p99, worst = (ordered[round(last * share)] / 1_000 for share in (0.5, 0.99, 1.0))
        return cls(len(ordered), elapsed, cpu, p50, p99, worst)
