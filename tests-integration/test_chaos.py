"""The short form of ``hatch run chaos``, and what no client can promise when members die."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import hazelcast
from chaos import LIMIT, Chaos
from hazelcast.errors import HazelcastError, IndeterminateOperationStateError, TargetDisconnectedError
from histories import History
from hz_embedded import Cluster, Member
from linearizability import check_history
from map_harness import until_now
from sequential_models import Register


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_when_members_die() -> None:
    chaos = Chaos(kills=5, seed=1, tell=print)
    # What must hold is checked in the end of this.
    chaos.run()
    print(chaos.report())
    assert chaos.faults["kill"] == 5
    assert sum(chaos.faults.values()) == 10
    assert max(max(seconds) for seconds in chaos.recovery.values()) < LIMIT
    # Loose, because the machine may be busy with other tests; docs/resilience.md tells what was measured.
    assert chaos.load.lateness.most < 10
    for what in (
        "get",
        "put",
        "replace_if_same",
        "remove",
        "offer",
        "poll",
        "transfer",
        "move",
        "publish",
        "publish reliably",
    ):
        assert chaos.load.counts[what] > 10, what
    assert min(chaos.heard) > 100


def test_a_write_that_dies_with_its_owner_was_seen_by_readers_and_reported_to_its_writer(
    hazelcast_cluster_factory: Callable[..., Cluster],
) -> None:
    cluster = hazelcast_cluster_factory(
        members=1, proxied=True, properties={"hazelcast.max.no.heartbeat.seconds": "120"}
    )
    victim = cluster.add_member(jvm="own")
    options: dict[str, Any] = {"cluster_members": cluster.addresses, "operation_backup_timeout": 1.0}
    with (
        hazelcast.HazelcastClient(fail_on_indeterminate_operation_state=True, **options) as careful,
        hazelcast.HazelcastClient(**options) as careless,
    ):
        history = History()
        m = careful.get_map("m").blocking()
        # Only now partitions get owners.
        m.set("first", 1)
        reported, unreported = keys_of(careful, victim, 2)
        others = careless.get_map("m").blocking()
        m.set(reported, "old")
        history.invoke("set", "old", key=reported).ok()
        others.set(unreported, "old")
        until_now(lambda: victim.instance.getPartitionService().isClusterSafe())
        for member in cluster.members:
            member.proxy.drop(source="members")
        write = history.invoke("set", "new", key=reported)
        with pytest.raises(IndeterminateOperationStateError, match="1 of 1 backups were not acknowledged"):
            m.set(reported, "new")
        write.indeterminate()
        # By default this is done in time, as with every client.
        others.set(unreported, "new")
        for key in (reported, unreported):
            assert others.get(key) == "new"
        history.invoke("get", key=reported).ok("new")
        assert check_history(history, Register()) == 3
        victim.kill()
        for member in cluster.members:
            member.proxy.heal()
        for key in (reported, unreported):
            assert until_now(partial(get, others, key), LIMIT) == "old"
        history.invoke("get", key=reported).ok("old")
        # Readers have seen a value that never was: this is how far the guarantee of such a map goes.
        with pytest.raises(AssertionError, match=r"get\(\) -> 'old'"):
            check_history(history, Register())


@pytest.mark.parametrize("redo", [False, True])
def test_a_write_whose_owner_dies_before_its_backup_has_it_does_not_count_as_done(
    hazelcast_cluster_factory: Callable[..., Cluster], redo: bool
) -> None:
    cluster = hazelcast_cluster_factory(
        members=1, proxied=True, properties={"hazelcast.max.no.heartbeat.seconds": "120"}
    )
    victim = cluster.add_member(jvm="own")
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, redo_operation=redo) as client:
        m = client.get_map("m")
        m.set("first", 1).result(LIMIT)
        (key,) = keys_of(client, victim, 1)
        m.set(key, "old").result(LIMIT)
        until_now(lambda: victim.instance.getPartitionService().isClusterSafe())
        for member in cluster.members:
            member.proxy.drop(source="members")
        writing = m.set(key, "new")
        # Its owner has done it, and the backup will never know.
        until_now(lambda: m.get(key).result(LIMIT) == "new")
        assert not writing.done()
        victim.kill()
        for member in cluster.members:
            member.proxy.heal()
        if redo:
            assert writing.result(LIMIT) is None
        else:
            with pytest.raises(TargetDisconnectedError, match="before 1 of 1 backups had acknowledged it"):
                writing.result(LIMIT)
        assert m.get(key).result(LIMIT) == ("new" if redo else "old")


def keys_of(client: hazelcast.HazelcastClient, member: Member, count: int) -> list[str]:
    """Return keys that a member owns."""
    partitions = client.partition_service

    def find() -> list[str]:
        keys = [f"k{number}" for number in range(200)]
        owner = {key: partitions.get_partition_owner(partitions.get_partition_id(key)) for key in keys}
        return [key for key in keys if str(owner[key]) == member.uuid][:count]

    return list(until_now(find))


def get(m: Any, key: str) -> Any:
    """Return a value, or None while the owner of the key is unknown."""
    try:
        return m.get(key)
    except HazelcastError:
        return None
