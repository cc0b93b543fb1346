"""An item that a transaction has polled stays away when its coordinator dies: with Java's client it does, too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import pytest

import hazelcast
from hazelcast.errors import TargetDisconnectedError
from hz_embedded import Cluster, Member
from hz_proxies.transaction import TransactionType
from map_harness import LIMIT, until_now
from test_transactions_halves import begin_at

TIMEOUT = 1
"""Seconds of a transaction."""


class Polling(Protocol):
    """A transaction that polls from a queue."""

    def poll(self) -> Any:
        """Return an item."""

    def rollback(self) -> None:
        """Roll back; no matter whether that is possible."""


class InPython:
    """A transaction of our client."""

    def __init__(self, client: hazelcast.HazelcastClient, victim: Member, queue: str) -> None:
        self._transaction = begin_at(client, victim, type=TransactionType.TWO_PHASE, timeout=TIMEOUT)
        self._queue = self._transaction.get_queue(queue)

    def poll(self) -> Any:
        return self._queue.poll()

    def rollback(self) -> None:
        try:
            self._transaction.rollback()
        except TargetDisconnectedError:
            assert self._transaction.state == "rolled_back"


class InJava:
    """A transaction of Java's client, which is connected to all members as ours is."""

    def __init__(self, client: Any, jvm: Any, victim: Member, queue: str) -> None:
        options = jvm.com.hazelcast.transaction.TransactionOptions()
        kinds = jvm.com.hazelcast.transaction.TransactionOptions.TransactionType
        options.setTransactionType(kinds.TWO_PHASE)
        options.setTimeout(TIMEOUT, jvm.java.util.concurrent.TimeUnit.SECONDS)
        while True:
            self._context = client.newTransactionContext(options)
            self._context.beginTransaction()
            if self._context.getConnection().getRemoteUuid().toString() == victim.uuid:
                break
            self._context.rollbackTransaction()
        self._queue = self._context.getQueue(queue)

    def poll(self) -> Any:
        return self._queue.poll()

    def rollback(self) -> None:
        # Java's client says nothing, even when nobody was told.
        self._context.rollbackTransaction()


def owned_by_others(client: hazelcast.HazelcastClient, victim: Member, prefix: str) -> Any:
    """Return a queue that another member owns."""
    partitions = client.partition_service
    names = (f"{prefix}-{number}" for number in range(1000))
    return next(
        client.get_queue(name).blocking()
        for name in names
        if str(partitions.get_partition_owner(partitions.get_partition_id(name))) != victim.uuid
    )


Begin = Callable[[Member, str], Polling]


@contextmanager
def begin_in(language: str, cluster: Cluster) -> Iterator[Begin]:
    """Yield what begins a transaction at a member, for a queue. The client leaves in the end."""
    if language == "Python":
        with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
            yield lambda *arguments: InPython(client, *arguments)
        return
    jvm = cluster.jvm
    config = jvm.com.hazelcast.client.config.ClientConfig()
    config.getNetworkConfig().setAddresses(jvm.java.util.List.of(*cluster.addresses))
    java = jvm.com.hazelcast.client.HazelcastClient.newHazelcastClient(config)
    try:
        yield lambda *arguments: InJava(java, jvm, *arguments)
    finally:
        java.shutdown()


@pytest.mark.parametrize("language", ["Python", "Java"])
def test_a_polled_item_stays_away_when_the_coordinator_dies_before_the_end(
    hazelcast_cluster_factory: Callable[..., Cluster], language: str
) -> None:
    """It does not come back when the time of the transaction is over, nor when the client leaves."""
    quickly = {
        "hazelcast.client.cleanup.period.millis": "100",
        "hazelcast.client.cleanup.timeout.millis": "100",
    }
    cluster = hazelcast_cluster_factory(members=2, properties=quickly)
    victim = cluster.add_member(jvm="own")
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as other:
        other.get_map("first").blocking().set(1, 1)
        ended, cut_off = (owned_by_others(other, victim, prefix) for prefix in ("ended", "cut-off"))
        for queue in (ended, cut_off):
            queue.add_all([1, 2])
        until_now(lambda: cluster.members[0].instance.getPartitionService().isClusterSafe())
        with begin_in(language, cluster) as begin:
            for queue in (ended, cut_off):
                transaction = begin(victim, queue.name)
                assert transaction.poll() == 1
                assert list(queue.iterator()) == [2]
                over = time.monotonic() + TIMEOUT
                if queue is cut_off:
                    victim.kill()
                transaction.rollback()
            # This is how an item comes back.
            assert list(ended.iterator()) == [1, 2]
        members = [member.instance for member in cluster.members if member is not victim]
        # The client has left, and the time of its transaction is over.
        until_now(lambda: time.monotonic() > over)
        until_now(lambda: all(m.getClientService().getConnectedClients().size() == 1 for m in members), LIMIT)
        assert list(cut_off.iterator()) == [2]
        assert cut_off.poll() == 2
        assert cut_off.poll() is None
