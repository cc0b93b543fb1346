"""A near cache of which 1 % of the invalidations get lost, while connections are cut and members come and go.

After each disturbance writing stops for a moment: then the client must see, in the time that the documentation says,
what the members have. What it has written itself it must see at once, always.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

import pytest

import hazelcast
from hz_core.local_copies import Change
from hz_embedded import Cluster
from hz_nearcache import NearCache, near_cache
from hz_nearcache.repairing import Numbers
from map_harness import until_now

Factory = Callable[..., Cluster]
KEYS = range(60)
STEPS = 200
LOST = 0.01
PROPERTIES = {
    "hazelcast.map.invalidation.batch.size": "5",
    "hazelcast.map.invalidation.batchfrequency.seconds": "1",
}
OPTIONS = {"in_memory_format": "OBJECT", "reconciliation_interval": 1}


class LossyFeed:
    """What members tell, but for some changes, as if their messages had got lost."""

    def __init__(self, feed: Any, lost: Callable[[], bool]) -> None:
        self._feed = feed
        self._lost = lost
        self.losses = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._feed, name)

    def changes(self, event: Any) -> Iterable[Change]:
        """Return the changes that did not get lost."""
        for change in self._feed.changes(event):
            if self._lost():
                self.losses += 1
            else:
                yield change


class Writer(threading.Thread):
    """Writes growing numbers on a member, until it is stopped; it can be made to pause."""

    def __init__(self, entries: Any) -> None:
        super().__init__()
        self._entries = entries
        self._running = threading.Event()
        self._idle = threading.Event()
        self._stopped = False
        self.begun: dict[int, int] = {}

    def run(self) -> None:
        """Write."""
        rng = random.Random(1)
        for number in count():
            while not self._running.is_set() and not self._stopped:
                self._idle.set()
                self._running.wait()
            if self._stopped:
                return
            key = rng.choice(KEYS)
            self.begun[key] = number
            self._entries.put(key, number)

    def go(self) -> None:
        """Write from now on."""
        self._idle.clear()
        self._running.set()

    def pause(self) -> dict[int, int]:
        """Wait until nothing is written any more; return what was written."""
        self._running.clear()
        self._idle.wait()
        return dict(self.begun)

    def stop(self) -> None:
        """End."""
        self._stopped = True
        self._running.set()
        self.join()


class Scene:
    """Two members behind proxies, a client with a near cache that misses some invalidations, and a writer."""

    def __init__(self, cluster: Cluster, client: hazelcast.HazelcastClient, lost: Callable[[], bool]) -> None:
        self.cluster = cluster
        self.m = client.get_map("m").blocking()
        cache = near_cache(self.m)
        assert cache is not None
        self.cache: NearCache = cache
        self.feed = LossyFeed(cache.feed, lost)
        cache.feed = self.feed
        self.writer = Writer(cluster.members[0].instance.getMap("m"))
        self._numbers, self._random = count(), random.Random(2)
        self._own: dict[str, int] = {}

    def use(self) -> None:
        """Read and write while the writer does, too."""
        self.writer.go()
        for _ in range(STEPS):
            own, number = f"own-{self._random.randrange(5)}", next(self._numbers)
            if self._random.random() < 0.5:
                self.m.set(own, number)
            else:
                self.m.put_all({own: number})
            self._own[own] = number
            assert [self.m.get(own), self.m.get(own)] == [number, number]
            seen = self.m.get_all([*KEYS, *self._own])
            for key in KEYS:
                assert key not in seen or seen[key] <= self.writer.begun[key]
            assert {key: seen[key] for key in self._own} == self._own

    def agrees(self) -> bool:
        """Return whether the client sees what the members have."""
        return bool({key: self.m.get(key) for key in KEYS if key in self.writer.begun} == self.writer.begun)

    def settle(self) -> None:
        """Stop writing, and wait until the client sees the last values, with and without asking members."""
        self.writer.pause()
        until_now(self.agrees)
        assert self.agrees()


@pytest.fixture
def cluster(hazelcast_cluster_factory: Factory) -> Cluster:
    return hazelcast_cluster_factory(members=2, proxied=True, config={"properties": PROPERTIES})


def test_lost_invalidations_cut_connections_and_members_that_come_and_go(cluster: Cluster) -> None:
    rng = random.Random(3)
    with hazelcast.HazelcastClient(
        cluster_members=cluster.addresses, near_caches={"m": OPTIONS}, redo_operation=True
    ) as client:
        scene = Scene(cluster, client, lambda: rng.random() < LOST)
        scene.writer.start()
        try:
            scene.use()
            scene.settle()
            for member in cluster.members:
                proxy = member.proxy
                assert proxy is not None
                proxy.reset(source="clients")
                scene.use()
                scene.settle()
            added = cluster.add_member()
            scene.use()
            until_now(lambda: len(scene.cache.connections()) == 3)
            scene.settle()
            added.shutdown()
            scene.use()
            cluster.members[1].terminate()
            scene.use()
            scene.settle()
        finally:
            scene.writer.stop()
        statistics = scene.cache.statistics
        assert statistics.hits > STEPS
        assert scene.feed.losses > 0
        assert statistics.lost_invalidations > 0


def test_the_check_finds_losses_that_nobody_notices(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the numbers of changes are ignored, the client keeps what has changed, and the check above says so."""
    monkeypatch.setattr(Numbers, "told", lambda *_: False)
    monkeypatch.setattr(Numbers, "reported", lambda *_: False)
    losing = threading.Event()
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, near_caches={"m": OPTIONS}) as client:
        scene = Scene(cluster, client, losing.is_set)
        scene.writer.start()
        try:
            scene.use()
            scene.settle()
            losing.set()
            other = cluster.members[0].instance.getMap("m")
            for key in KEYS:
                other.put(key, -1)
            until_now(lambda: scene.feed.losses >= len(KEYS))
            assert {key: scene.m.get(key) for key in scene.writer.begun} == scene.writer.begun  # stale
            monkeypatch.undo()
            losing.clear()
            # Noticed now: what members report is compared again.
            until_now(lambda: {scene.m.get(key) for key in KEYS} == {-1})
        finally:
            scene.writer.stop()
