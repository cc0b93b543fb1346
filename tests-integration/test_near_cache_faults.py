"""A near cache while a member writes, a member dies, and another one joins."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import hazelcast
from hz_embedded import Cluster
from hz_nearcache import near_cache
from map_harness import until_now

Factory = Callable[..., Cluster]
KEYS = range(40)
STEPS = 150


class MemberSide(threading.Thread):
    """Writes on a member, until it is stopped."""

    def __init__(self, entries: Any) -> None:
        super().__init__()
        self._entries = entries
        self._stopped = threading.Event()
        self.begun: dict[int, int] = {}
        self.done: dict[int, int] = {}

    def run(self) -> None:
        """Write growing numbers."""
        rng = random.Random(1)
        for number in count():
            if self._stopped.is_set():
                return
            key = rng.choice(KEYS)
            self.begun[key] = number
            self._entries.put(key, number)
            self.done[key] = number

    def stop(self) -> None:
        """Stop, and wait for the end."""
        self._stopped.set()
        self.join()


def test_writes_of_a_member_while_members_come_and_go(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    options = {"in_memory_format": "OBJECT", "reconciliation_interval": 2}
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, near_caches={"m": options}) as client:
        m = client.get_map("m").blocking()
        cache = near_cache(m)
        assert cache is not None
        writer = MemberSide(cluster.members[0].instance.getMap("m"))
        writer.start()
        try:
            numbers, rng = count(), random.Random(2)

            def use() -> None:
                for _ in range(STEPS):
                    own = f"own-{rng.randrange(5)}"
                    number = next(numbers)
                    m.set(own, number)
                    assert [m.get(own), m.get(own)] == [number, number]
                    key = rng.choice(KEYS)
                    seen = m.get(key)
                    assert seen is None or seen <= writer.begun[key]

            use()
            cluster.members[1].terminate()
            use()
            cluster.add_member()
            use()
            until_now(lambda: len(cache.connections()) == 2)
            use()
        finally:
            writer.stop()
        assert writer.begun == writer.done
        until_now(lambda: m.get_all(KEYS) == writer.done)
        hits = cache.statistics.hits
        assert hits > STEPS
        assert [m.get(key) for key in writer.done] == list(writer.done.values())
        assert cache.statistics.hits > hits
