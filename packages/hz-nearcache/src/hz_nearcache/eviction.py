"""Which entries a full cache evicts: a few random ones are compared, so that each insert costs the same."""

from collections.abc import Callable
from operator import attrgetter
from random import Random
from typing import Any, Final

from hz_core.compiled import prefer_compiled
from hz_core.config import EvictionPolicy
from hz_nearcache.compiled import RecordBase, SamplerBase

_SCORES: Final[dict[EvictionPolicy, Callable[[Any], Any]]] = {
    EvictionPolicy.LRU: attrgetter("used"),
    EvictionPolicy.LFU: attrgetter("hits", "used"),
}
"""What entries are compared by; the lowest is evicted first."""


@prefer_compiled
class Record(RecordBase):
    """One entry of a cache.

    Attributes:
        key: The key, as the cache compares it.
        value: The value, as it is kept.
        cost: What the entry counts as, in bytes.
        group: Number of the group of entries that can be removed together: the partition of the key.
        expires: Time at which it expires; infinite for never.
        touched: Time of its last use.
        used: Number of its last use; the uses of all entries are numbered.
        hits: How often it was read.
        place: Its index in the list of all records; -1 when it was removed.
        table: The table in which it is found by the caller's own key; None for none.
        shortcut: The key in that table.
    """

    __slots__ = ()  # those of the base

    def __init__(self, key: Any, value: Any, cost: int, group: int, expires: float, touched: float) -> None:
        self.key: Any = key
        self.value: Any = value
        self.cost: int = cost
        self.group: int = group
        self.expires: float = expires
        self.touched: float = touched
        self.used: int = 0
        self.hits: int = 0
        self.place: int = -1
        self.table: dict[Any, Record] | None = None
        self.shortcut: Any = None


@prefer_compiled
class Sampler(SamplerBase):
    """Chooses what to evict.

    Each eviction takes the lowest of some candidates. When half of them are gone, so many random records are compared
    with the others as evictions have taken candidates, times ``count``; the lowest are the next candidates. So the
    comparing is done at once for several evictions.

    Args:
        policy: LRU, LFU or RANDOM.
        count: Number of random records to compare for each eviction, and to look at for expired ones.
        pool_size: The most candidates.
        random: Returns a random number in [0, 1); what follows is computed from the first, since it need not be secret.
    """

    def __init__(
        self, policy: EvictionPolicy, count: int, pool_size: int, random: Callable[[], float]
    ) -> None:
        self._score = _SCORES.get(policy)
        self._by_hits: bool = policy is EvictionPolicy.LFU  # for the compiled base
        self._count = count
        self._most = pool_size
        self._few = pool_size // 2
        self._random = Random(int(random() * (1 << 53))).random
        # The candidates, each with its score when it was compared, the lowest last.
        self._pool: list[tuple[Any, Record]] = []

    def expired(self, records: list[Record], is_expired: Callable[[Record], bool]) -> list[Record]:
        """Return the expired ones of a sample of ``records``, which are at least one."""
        return [record for record in self._sample(records, self._count) if is_expired(record)]

    def choose(self, records: list[Record]) -> Record:
        """Return the record to evict of ``records``, which are at least one. It is not removed here."""
        score = self._score
        if score is None:
            return records[int(self._random() * len(records))]
        if len(records) <= self._count:
            return min(records, key=score)
        pool = self._pool
        while len(pool) > self._few:
            known, record = pool.pop()
            # What was used since then is none any more.
            if record.place >= 0 and score(record) == known:
                return record
        return self._refilled(records, score)

    def _refilled(self, records: list[Record], score: Callable[[Record], Any]) -> Record:
        """Find other candidates, and return the lowest of all."""
        compared = self._sample(records, self._count * (self._most - self._few))
        compared += [record for _, record in self._pool if record.place >= 0]
        compared.sort(key=score)
        # Some may be there twice.
        lowest = list(dict.fromkeys(compared[: 2 * self._most]))
        others = lowest[self._most - 1 : 0 : -1]
        self._pool = list(zip(map(score, others), others, strict=True))
        return lowest[0]

    def _sample(self, records: list[Record], count: int) -> list[Record]:
        """Return at least ``count`` random records, or all if there are no more.

        They are every n-th one, from a random one on, which costs one random number. Each record is in as many samples
        as any other. Where it is among them, evictions have mixed.
        """
        step = len(records) // count or 1
        return records[int(self._random() * step) :: step]

    def forget(self) -> None:
        """Forget the candidates."""
        self._pool = []
