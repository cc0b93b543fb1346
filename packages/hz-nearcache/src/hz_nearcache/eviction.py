"""Which entries a full cache evicts: a few random ones are compared, so that each insert costs the same."""

from bisect import bisect_left, insort
from collections.abc import Callable
from operator import attrgetter
from random import Random
from typing import Any, Final

from hz_core.config import EvictionPolicy

_SCORES: Final[dict[EvictionPolicy, Callable[[Any], Any]]] = {
    EvictionPolicy.LRU: attrgetter("used"),
    EvictionPolicy.LFU: attrgetter("hits", "used"),
}
"""What entries are compared by; the lowest is evicted first."""


class Record:
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

    __slots__ = (
        "cost",
        "expires",
        "group",
        "hits",
        "key",
        "place",
        "shortcut",
        "table",
        "touched",
        "used",
        "value",
    )

    def __init__(self, key: Any, value: Any, cost: int, group: int, expires: float, touched: float) -> None:
        self.key = key
        self.value = value
        self.cost = cost
        self.group = group
        self.expires = expires
        self.touched = touched
        self.used = 0
        self.hits = 0
        self.place = -1
        self.table: dict[Any, Record] | None = None
        self.shortcut: Any = None


class Sampler:
    """Chooses what to evict.

    Args:
        policy: LRU, LFU or RANDOM.
        count: Number of random entries to compare, and to look at for expired ones.
        pool_size: So many of the entries that were compared before are compared again.
        random: Returns a random number in [0, 1); what follows is computed from the first, since it need not be secret.
    """

    def __init__(
        self, policy: EvictionPolicy, count: int, pool_size: int, random: Callable[[], float]
    ) -> None:
        self._score = _SCORES.get(policy)
        self._count = count
        self._times = range(count)
        self._pool_size = pool_size
        self._random = Random(int(random() * (1 << 53))).random
        # The lowest of those that were compared so far, each with its score at that time, the lowest first.
        self._pool: list[tuple[Any, Record]] = []

    def choose(
        self, records: list[Record], expired: Callable[[Record], bool] | None = None
    ) -> tuple[list[Record], bool]:
        """Return the expired ones of a sample of ``records``, or else the one record to evict; and whether it expired.

        None is removed here.

        Args:
            records: All of them, at least one. If there are no more than in a sample, all are compared.
            expired: Tells whether a record has expired; None if none ever does.
        """
        size, random = len(records), self._random
        sample = (
            list(records) if size <= self._count else [records[int(random() * size)] for _ in self._times]
        )
        if expired is not None:
            found = [record for record in dict.fromkeys(sample) if expired(record)]
            if found:
                return found, True
        if self._score is None:
            return [sample[0] if size > self._count else records[int(random() * size)]], False
        return [self._lowest(sample, self._score)], False

    def _lowest(self, sample: list[Record], score: Callable[[Record], Any]) -> Record:
        """Return the record with the lowest score of a sample and of the pool, and keep the next ones in the pool."""
        pool, most = self._pool, self._pool_size
        # It is filled again when half of it is gone; until then only better ones than it has come into it.
        worst = pool[-1][0] if len(pool) > most // 2 else None
        for entry in zip(map(score, sample), sample, strict=True):
            if worst is not None and entry[0] >= worst:
                continue
            place = bisect_left(pool, entry)
            # No two records have the same score.
            if place == len(pool) or pool[place][1] is not entry[1]:
                pool.insert(place, entry)
        del pool[most + 1 :]
        while pool:
            known, record = pool.pop(0)
            if record.place < 0:
                continue
            now = score(record)
            if now == known:
                return record
            # Used since then. Scores only grow, so the others have at least the score that is known of them.
            insort(pool, (now, record))
        return min(sample, key=score)

    def forget(self) -> None:
        """Forget the candidates."""
        self._pool = []
