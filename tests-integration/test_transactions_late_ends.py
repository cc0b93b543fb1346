"""The late end of a transaction whose client has lost its coordinator leaves the next one of the same thread alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from py4j.java_gateway import get_field

import hazelcast
from hazelcast.errors import TargetDisconnectedError
from hz_embedded import Cluster, Member
from hz_proxies.transaction import TransactionType
from map_harness import LIMIT, until_now
from test_transactions_halves import begin_at, key_of


def rollbacks(member: Member) -> int:
    """Return how many transactions a member has rolled back."""
    engine = get_field(member.instance.getOriginal(), "node").getNodeEngine()
    service = engine.getService("hz:core:txManagerService")
    field = service.getClass().getDeclaredField("rollbackCount")
    field.setAccessible(True)
    return int(field.get(service).get())


def test_the_locks_of_the_next_transaction_stay(hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    cluster = hazelcast_cluster_factory(
        members=2, proxied=True, properties={"hazelcast.max.no.heartbeat.seconds": "120"}
    )
    first, second = cluster.members
    with (
        hazelcast.HazelcastClient(
            cluster_members=cluster.addresses, heartbeat_interval=0.3, heartbeat_timeout=1
        ) as client,
        hazelcast.HazelcastClient(cluster_members=[second.address], smart_routing=False) as other,
    ):
        m = other.get_map("m").blocking()
        # Only now partitions get owners.
        m.set("first", 1)
        key = key_of(client, second)
        m.set(key, "old")
        lost = begin_at(client, first, timeout=1)
        before = rollbacks(first)
        lost.get_map("m").get_for_update(key)
        # The client learns that the connection is lost, and its member does not.
        with first.proxy.drop(source="clients"):
            with pytest.raises(TargetDisconnectedError):
                lost.rollback()
            until_now(lambda: not m.is_locked(key), LIMIT)
            # A type that does not ask in its commit whether the keys are still locked.
            following = begin_at(client, second, type=TransactionType.ONE_PHASE, timeout=LIMIT)
            assert following.get_map("m").get_for_update(key) == "old"
            first.proxy.reset(source="clients")
        until_now(lambda: rollbacks(first) > before, LIMIT)
        following.get_map("m").set(key, "new")
        assert m.is_locked(key)
        following.commit()
        assert m.get(key) == "new"
