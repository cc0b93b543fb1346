"""How long results are kept, and what is stored of them."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

LEASE: Final = 60.0
"""Seconds after which the lock of a call is released, if its process has died."""


class Found(NamedTuple):
    """A stored result."""

    value: Any
    fresh: bool
    """Whether it is younger than the time to live; if not, it is stale and may still be used."""


@dataclass(slots=True)
class Counts:
    """How often something has happened in this process."""

    hits: int = 0
    """Results that were there, and fresh."""
    stale: int = 0
    """Results that were returned although they were stale."""
    misses: int = 0
    """Calls of the function because there was no result."""
    refreshes: int = 0
    """Calls of the function in the background."""
    errors: int = 0
    """Failures of the cluster; the function was called instead, or its result was not kept."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long results are kept.

    Attributes:
        ttl: Seconds that a result is fresh.
        jitter: Part of ``ttl``, from 0 to 1, by which it is shortened at random, so that results that were stored
            together do not end together.
        stale: Seconds after that in which a stale result is returned while a new one is made.
        lease: Seconds that a call may take before another process makes it, too.
        across: Whether processes wait for each other.
        now: Returns the time, in seconds since the epoch, by which all processes judge how old results are.
        chance: Returns a number from 0 to 1.
    """

    ttl: float
    jitter: float = 0.0
    stale: float = 0.0
    lease: float = LEASE
    across: bool = True
    now: Callable[[], float] = field(default=time.time)
    chance: Callable[[], float] = field(default=random.random)

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: One is out of range.
        """
        if not self.ttl > 0:
            raise ValueError(f"ttl must be a positive number of seconds, not {self.ttl!r}")
        if not 0 <= self.jitter < 1:
            raise ValueError(f"jitter must be from 0 to less than 1, not {self.jitter!r}")
        if not self.stale >= 0:
            raise ValueError(f"stale must be 0 or more seconds, not {self.stale!r}")
        if not self.lease > 0:
            raise ValueError(f"lease must be a positive number of seconds, not {self.lease!r}")

    def stored(self, value: Any) -> tuple[list[Any], float]:
        """Return what is stored for a result, and how many seconds."""
        fresh = self.ttl * (1 - self.jitter * self.chance())
        # Members drop entries by whole seconds: a second more is never seen, because the age is looked at, too.
        return [self.now() + fresh, value], fresh + self.stale + 1

    def found(self, stored: Any) -> Found | None:
        """Return the result of what is stored; None if there is none, or it is too old."""
        if stored is None:
            return None
        fresh_until, value = stored
        late = self.now() - fresh_until
        return Found(value, late < 0) if late < max(self.stale, 0.0) else None


def lock_of(key: str) -> str:
    """Return the key whose lock stands for a call: another one, so that nobody waits to forget a result."""
    return f"lock of {key}"
