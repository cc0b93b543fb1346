"""What has happened in a cache."""

from hz_nearcache.compiled import StatisticsBase


class Statistics(StatisticsBase):
    """Counts of a cache since it was made. A read is a hit or a miss.

    Threads that count at the same moment may lose some counts of misses, never of hits.

    Attributes:
        uses: Number of hits and of values that were stored, with which uses are ordered.
        stored: Number of values that were stored.
        misses: Number of reads that found nothing.
        evictions: Number of entries that were removed because the cache was full.
        expirations: Number of entries that were removed because their time was over.
        invalidations: Number of entries that were removed because they have, or may have, changed in the cluster.
        invalidation_requests: Number of changes that the cluster has told of.
        lost_invalidations: How often it was noticed that changes of a partition were not told.
        persistences: How often the keys were written to a file.
        last_persistence: The last time, of the client's clock in seconds, at which they were, or should have been; None
            if they never were.
        last_persistence_duration: Seconds that it took.
        last_persistence_bytes: Bytes that were written.
        last_persistence_keys: Number of keys that were written.
        last_persistence_failure: Why nothing was written; empty if it was.
    """

    def __init__(self) -> None:
        self.uses = 0
        self.stored = 0
        self.misses = 0
        self.evictions = 0
        self.expirations = 0
        self.invalidations = 0
        self.invalidation_requests = 0
        self.lost_invalidations = 0
        self.persistences: int = 0
        self.last_persistence: float | None = None
        self.last_persistence_duration: float = 0.0
        self.last_persistence_bytes: int = 0
        self.last_persistence_keys: int = 0
        self.last_persistence_failure: str = ""

    def persisted(self, began: float, ended: float, keys: int, size: int, failure: str = "") -> None:
        """Note that keys were written to a file, or why not."""
        self.persistences += not failure
        self.last_persistence = began
        self.last_persistence_duration = ended - began
        self.last_persistence_keys, self.last_persistence_bytes = keys, size
        self.last_persistence_failure = failure

    @property
    def hits(self) -> int:
        """Number of reads that found a value."""
        return self.uses - self.stored

    @property
    def hit_ratio(self) -> float:
        """The part of the reads that found a value, from 0 to 1; 0 before the first read."""
        hits = self.hits
        return hits / (hits + self.misses) if hits else 0.0
