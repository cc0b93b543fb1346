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

_FACTOR: Final = 6364136223846793005
_ADDED: Final = 1442695040888963407
_LOW_64: Final = (1 << 64) - 1
"""A linear congruential generator, of which the upper half of the bits is used."""


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
        self._pool_size = pool_size
        self._state = int(random() * (1 << 53))
        self._pool: list[Record] = []

    def choose(
        self, records: list[Record], expired: Callable[[Record], bool] | None = None
    ) -> tuple[list[Record], bool]:
        """Return the expired ones of a sample of ``records``, or else the one record to evict; and whether it expired.

        None is removed here.

        Args:
            records: All of them, at least one. If there are no more than in a sample, all are compared.
            expired: Tells whether a record has expired; None if none ever does.
        """
        size = len(records)
        state = self._state
        if size <= self._count:
            sample = list(records)
        else:
            sample = []
            for _ in range(self._count):
                state = (state * _FACTOR + _ADDED) & _LOW_64
                sample.append(records[(state >> 32) * size >> 32])
            self._state = state
        if expired is not None:
            found = [record for record in dict.fromkeys(sample) if expired(record)]
            if found:
                return found, True
        if self._score is None:
            if size <= self._count:
                self._state = state = (state * _FACTOR + _ADDED) & _LOW_64
                return [records[(state >> 32) * size >> 32]], False
            return sample[:1], False
        # Uses since they came into the pool count, too: their scores are compared anew. One that is there twice does no
        # harm: when it is removed, its place says so.
        ranked = [record for record in self._pool if record.place >= 0]
        ranked += sample
        ranked.sort(key=self._score)
        self._pool = ranked[1 : self._pool_size + 1]
        return ranked[:1], False

    def forget(self) -> None:
        """Forget the candidates."""
        self._pool = []
