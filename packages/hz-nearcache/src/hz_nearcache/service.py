"""The near caches of one client: their statistics, and the task that looks for changes that were not told."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from hz_core.connection import Connection
from hz_core.context import ClientContext, Service
from hz_core.local_copies import Numbers as ReportedNumbers
from hz_core.log import get_logger
from hz_core.op import Flow, GatherOutcomes, Op, Sleep, Within
from hz_core.statistics.metrics_blob import Metric, Unit
from hz_core.statistics.report import Report, escaped
from hz_nearcache.near_cache import NearCache

_logger = get_logger("nearcache")

_ANSWER_WITHIN: Final = 30.0
"""Seconds that a member may take to tell its numbers; it is asked again in the next period."""


class NearCaches(Service):
    """The near caches of one client.

    Args:
        context: The client.
    """

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._caches: list[NearCache] = []
        self._running = False

    def all(self) -> Sequence[NearCache]:
        """Return the near caches that keep values, or may."""
        return list(self._caches)

    def add(self, cache: NearCache) -> None:
        """Look after a near cache from now on."""
        self._caches = [*self._caches, cache]
        if cache.repaired:
            self._look_regularly()

    def remove(self, cache: NearCache) -> None:
        """Look after a near cache no more."""
        self._caches = [one for one in self._caches if one is not cache]

    def closing(self) -> Flow[None]:
        """Write keys into their files, and keep nothing from now on: the client ends, and its maps with it."""
        yield GatherOutcomes([cache.persist() for cache in self._caches])
        for cache in self._caches:
            cache.end()

    def on_cluster_changed(self) -> None:
        """Forget what is known of the former cluster."""
        for cache in self._caches:
            cache.on_cluster_changed()

    def on_fork(self) -> None:
        """Forget everything, in a forked child. The first connection there starts what looks for lost invalidations."""
        self._running = False
        for cache in self._caches:
            cache.on_fork()

    # --- lost invalidations ------------------------------------------------------------------------------------

    def _repaired(self) -> list[NearCache]:
        return [cache for cache in self._caches if cache.repaired]

    def _look_regularly(self) -> None:
        if not self._running:
            self._running = True
            self._context.start(self._run(), "looking for lost invalidations of near caches")

    def _run(self) -> Flow[None]:
        while True:
            caches = self._repaired()
            intervals = [c.config.reconciliation_interval for c in caches if c.config.reconciliation_interval]
            if not intervals:
                break
            yield Sleep(min(intervals))
            connections = {c: None for cache in self._repaired() for c in cache.connections()}
            yield from self.compare(list(connections))
        self._running = False

    def compare_soon(self, connection: Connection) -> None:
        """Ask a member for its numbers, without waiting for them; see :class:`hz_nearcache.near_cache.Caretaker`."""
        self._look_regularly()
        self._context.start(self.compare([connection]), "looking for lost invalidations of near caches")

    def compare(self, connections: Sequence[Connection]) -> Flow[None]:
        """Ask members for the numbers of the last changes; forget the entries of partitions that were not told some."""
        caches = {cache.name: cache for cache in self._repaired()}
        asked = [connection for connection in connections if connection.alive]
        if not caches or not asked:
            return
        feed = next(iter(caches.values())).feed
        steps = []
        for connection in asked:
            for member in self._members_behind(connection):
                op: Op[ReportedNumbers] = feed.numbers(list(caches), member)
                op.connection = connection
                steps.append(Within(_ANSWER_WITHIN, op))
        for outcome in (yield GatherOutcomes(steps)):
            if isinstance(outcome, Exception):
                _logger.debug("a member did not tell the numbers of its invalidations: %s", outcome)
            else:
                numbers, uuids = outcome
                for name, last in numbers:
                    _compare(caches[name], dict(last), uuids)

    def _members_behind(self, connection: Connection) -> list[UUID]:
        """Return the members that are asked over a connection: that of the connection, or all if there is only one."""
        if not self._context.config.smart_routing:
            return [m.uuid for m in self._context.view.members.members if not m.lite_member]
        return [] if connection.member is None else [connection.member]

    # --- statistics --------------------------------------------------------------------------------------------

    def report(self, report: Report) -> None:
        """Add the statistics of all near caches to what is sent to the cluster."""
        for cache in self._caches:
            title = f"nc.{escaped(cache.name)}"
            for name, (value, unit) in self._values(cache, report.timestamp).items():
                report.add_metric(Metric("nearcache", name, value, unit, "name", cache.name))
                if name != "persistenceCount":  # other clients have it in the metrics only
                    report.add_attribute(f"{title}.{name}", value)
            failure = cache.statistics.last_persistence_failure
            if failure:
                report.add_attribute(f"{title}.lastPersistenceFailure", failure)

    def _values(self, cache: NearCache, timestamp: int) -> dict[str, tuple[int, Unit]]:
        statistics = cache.statistics
        offset = timestamp - int(self._context.io.now() * 1000)
        persisted = statistics.last_persistence
        return {
            "creationTime": (offset + int(cache.created * 1000), Unit.MS),
            "evictions": (statistics.evictions, Unit.COUNT),
            "expirations": (statistics.expirations, Unit.COUNT),
            "hits": (statistics.hits, Unit.COUNT),
            "invalidationRequests": (statistics.invalidation_requests, Unit.COUNT),
            "invalidations": (statistics.invalidations, Unit.COUNT),
            "lastPersistenceDuration": (int(statistics.last_persistence_duration * 1000), Unit.MS),
            "lastPersistenceKeyCount": (statistics.last_persistence_keys, Unit.COUNT),
            "lastPersistenceTime": (0 if persisted is None else offset + int(persisted * 1000), Unit.MS),
            "lastPersistenceWrittenBytes": (statistics.last_persistence_bytes, Unit.BYTES),
            "misses": (statistics.misses, Unit.COUNT),
            "ownedEntryCount": (len(cache), Unit.COUNT),
            "ownedEntryMemoryCost": (cache.store.bytes, Unit.BYTES),
            "persistenceCount": (statistics.persistences, Unit.COUNT),
        }


def _compare(cache: NearCache, last: dict[int, int], uuids: Iterable[tuple[int, UUID]]) -> None:
    lost = {
        partition
        for partition, uuid in uuids
        if cache.numbers.reported(partition, uuid, last.get(partition, 0))
    }
    if lost:
        cache.lose(lost)
