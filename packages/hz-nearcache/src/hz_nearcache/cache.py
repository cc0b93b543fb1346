"""A bounded cache to use without a cluster."""

import random
import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, overload

from hz_core.config import EvictionPolicy
from hz_nearcache.compiled import MISSING
from hz_nearcache.statistics import Statistics
from hz_nearcache.store import Store

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
D = TypeVar("D")


class Cache(Generic[K, V]):
    """A bounded cache of any values, with expiry. It may be used by many threads; a hit takes no lock.

    Keys of different types are different, also if they are equal: ``1``, ``True`` and ``1.0``.

    Args:
        max_size: The most entries, at least 1.
        policy: What is evicted when the cache is full; NONE lets it grow without limit.
        time_to_live: Seconds after which an entry expires; None for never.
        max_idle: Seconds without a read after which an entry expires; None for never.
        sampling_count: Number of random entries that an eviction compares.
        sampling_pool_size: So many of them are compared again by the next eviction.
        clock: Returns the time in seconds.
        random: Returns a random number in [0, 1).

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        max_size: int = 10_000,
        *,
        policy: EvictionPolicy = EvictionPolicy.LRU,
        time_to_live: float | None = None,
        max_idle: float | None = None,
        sampling_count: int = 8,
        sampling_pool_size: int = 16,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
    ) -> None:
        sizes = {"max_size": max_size, "sampling_count": sampling_count}
        sizes["sampling_pool_size"] = sampling_pool_size
        for name, value in sizes.items():
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
        for name, seconds in {"time_to_live": time_to_live, "max_idle": max_idle}.items():
            if seconds is not None and seconds < 0:
                raise ValueError(f"{name} must not be negative, but it is {seconds!r}")
        self._store = Store(
            now=clock,
            random=random,
            mutex=threading.RLock(),
            policy=policy,
            max_size=max_size,
            time_to_live=time_to_live,
            max_idle=max_idle,
            sampling_count=sampling_count,
            sampling_pool_size=sampling_pool_size,
        )
        self._look_up = self._store.look_up

    @overload
    def get(self, key: K) -> V | None: ...

    @overload
    def get(self, key: K, default: D) -> V | D: ...

    def get(self, key: K, default: object = None) -> object:
        """Return the value of a key, or ``default``."""
        value = self._look_up(key)
        if value is MISSING:
            value = self._store.find((type(key), key), key)
        return default if value is MISSING else value

    def get_or_make(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of a key; if there is none, keep and return what ``make`` returns.

        What is removed while ``make`` runs is not kept. Two threads may call it for the same key at the same time.
        """
        value = self.get(key, MISSING)
        if value is MISSING:
            reservation = self._store.reserve((type(key), key))
            value = make()
            self._store.put((type(key), key), value, reservation=reservation, shortcut=key)
        made: V = value
        return made

    def put(self, key: K, value: V) -> None:
        """Keep a value, instead of one that there may be."""
        self._store.put((type(key), key), value, shortcut=key)

    def remove(self, key: K) -> bool:
        """Remove a key; return whether there was a value."""
        return self._store.forget((type(key), key))

    def clear(self) -> None:
        """Remove everything."""
        self._store.clear()

    def __contains__(self, key: K) -> bool:
        return self._store.peek((type(key), key)) is not MISSING

    def __len__(self) -> int:
        return len(self._store)

    @property
    def statistics(self) -> Statistics:
        """What has happened so far."""
        return self._store.statistics
