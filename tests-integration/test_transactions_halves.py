"""A transaction whose coordinator dies in the middle of its commit: with Java's client it is done by half, too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar

import pytest

import hazelcast
from hz_embedded import Cluster, Member
from hz_proxies.transaction import TransactionType
from map_harness import LIMIT, until_now


class Slow:
    """A map store that keeps nothing, and holds up the thread of the partition that stores "new" for one key."""

    class Java:
        """What Java knows it as."""

        implements: ClassVar = ["com.hazelcast.map.MapStore"]

    def __init__(self) -> None:
        self.key: Any = None
        self.entered = threading.Event()
        self.stored = threading.Event()
        self.released = threading.Event()

    def configure(self, config: Any) -> None:
        """Use it as the store of the map "m"."""
        store = config.getMapConfig("m").getMapStoreConfig()
        store.setEnabled(True)
        store.setImplementation(self)

    def store(self, key: Any, value: Any) -> None:
        if value != "new":
            return
        if key != self.key:
            self.stored.set()
            return
        self.entered.set()
        self.released.wait(LIMIT)

    def storeAll(self, rows: Any) -> None:
        """Do nothing."""

    def delete(self, key: Any) -> None:
        """Do nothing."""

    def deleteAll(self, keys: Any) -> None:
        """Do nothing."""

    def load(self, key: Any) -> None:
        """Find nothing."""

    def loadAll(self, keys: Any) -> dict[Any, Any]:
        """Find nothing."""
        return {}

    def loadAllKeys(self) -> None:
        """Find nothing."""


def begin_at(client: hazelcast.HazelcastClient, member: Member, **options: Any) -> Any:
    """Return a transaction that is bound to a member."""
    while True:
        transaction = client.new_transaction(**options)
        transaction.begin()
        connection = transaction._ops._connection
        assert connection is not None
        if str(connection.member) == member.uuid:
            return transaction
        transaction.rollback()


def key_of(client: hazelcast.HazelcastClient, member: Member) -> str:
    """Return a key that a member owns."""
    partitions = client.partition_service
    keys = (f"k{number}" for number in range(1000))
    return next(
        key
        for key in keys
        if str(partitions.get_partition_owner(partitions.get_partition_id(key))) == member.uuid
    )


@pytest.fixture
def slow() -> Iterator[Slow]:
    store = Slow()
    yield store
    store.released.set()


def begin_in_python(client: hazelcast.HazelcastClient, victim: Member) -> tuple[Any, Callable[[], None]]:
    """Return the map in a transaction of our client, and its commit."""
    transaction = begin_at(client, victim, type=TransactionType.TWO_PHASE)

    def commit() -> None:
        try:
            transaction.commit()
        finally:
            assert transaction.state == "unknown"

    return transaction.get_map("m"), commit


def begin_in_java(client: Any, victim: Member) -> tuple[Any, Callable[[], None]]:
    """Return the map in a transaction of Java's client, which is connected to the victim only, and its commit."""
    context = client.newTransactionContext()
    context.beginTransaction()
    return context.getMap("m"), context.commitTransaction


@contextmanager
def java_client(jvm: Any, victim: Member) -> Iterator[Any]:
    """Start a client of Java in the JVM of other members."""
    config = jvm.com.hazelcast.client.config.ClientConfig()
    config.getNetworkConfig().setSmartRouting(False).setAddresses(jvm.java.util.List.of(victim.address))
    client = jvm.com.hazelcast.client.HazelcastClient.newHazelcastClient(config)
    try:
        yield client
    finally:
        client.getLifecycleService().terminate()


@pytest.mark.parametrize("language", ["Python", "Java"])
def test_a_commit_whose_coordinator_dies_may_be_done_by_half_in_spite_of_two_phases(
    hazelcast_cluster_factory: Callable[..., Cluster], slow: Slow, language: str
) -> None:
    cluster = hazelcast_cluster_factory(members=2, configure=slow.configure)
    victim = cluster.add_member(jvm="own")
    with ExitStack() as stack:
        other = stack.enter_context(hazelcast.HazelcastClient(cluster_members=cluster.addresses))
        client: Any
        begin: Callable[..., tuple[Any, Callable[[], None]]]
        if language == "Java":
            client, begin = stack.enter_context(java_client(cluster.jvm, victim)), begin_in_java
        else:
            client = stack.enter_context(hazelcast.HazelcastClient(cluster_members=cluster.addresses))
            begin = begin_in_python
        m = other.get_map("m").blocking()
        m.set("first", 1)
        until_now(lambda: cluster.members[0].instance.getPartitionService().isClusterSafe())
        done, slow.key = key_of(other, cluster.members[0]), key_of(other, victim)
        m.put_all({done: "old", slow.key: "old"})

        def transact() -> None:
            changes, commit = begin(client, victim)
            changes.set(done, "new")
            changes.set(slow.key, "new")
            commit()

        outcome = stack.enter_context(ThreadPoolExecutor(1)).submit(transact)
        # The coordinator, which owns this key, is in the middle of its commit.
        assert slow.entered.wait(LIMIT)
        assert slow.stored.wait(LIMIT)
        victim.kill()
        assert outcome.exception(LIMIT) is not None
        slow.released.set()
        # The other members know what it was about to do, and do not do it.
        assert m.get_all([done, slow.key]) == {done: "new", slow.key: "old"}
