"""Which entries a full cache evicts: a few random ones are compared, so that each insert costs the same."""

from collections.abc import Callable
from operator import attrgetter
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
        random: Returns a random number in [0, 1).
    """

    def __init__(
        self, policy: EvictionPolicy, count: int, pool_size: int, random: Callable[[], float]
    ) -> None:
        self._score = _SCORES.get(policy)
        self._count = count
        self._pool_size = pool_size
        self._random = random
        self._pool: list[Record] = []

    def choose(self, records: list[Record], expired: Callable[[Record], bool]) -> list[Record]:
        """Return the expired ones of a sample of ``records``, or else the one record to evict. None is removed here.

        ``records`` must not be empty. If it is no longer than the sample, all of it is compared.
        """
        size = len(records)
        if size <= self._count:
            sample = list(records)
        else:
            random = self._random
            sample = [records[int(random() * size)] for _ in range(self._count)]
        found = [record for record in dict.fromkeys(sample) if expired(record)]
        if found:
            return found
        if self._score is None:
            return [sample[0] if size > self._count else records[int(self._random() * size)]]
        # Uses since they came into the pool count, too: their scores are compared anew.
        candidates = dict.fromkeys(sample)
        candidates.update(dict.fromkeys(record for record in self._pool if record.place >= 0))
        ranked = sorted(candidates, key=self._score)
        self._pool = ranked[1 : self._pool_size + 1]
        return ranked[:1]

    def forget(self) -> None:
        """Forget the candidates."""
        self._pool = []
