"""What a member passes on to an owner that dies before it answers is done twice, unless members are told not to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from py4j.java_gateway import get_field

import hazelcast
from hazelcast.errors import IndeterminateOperationStateError
from hz_embedded import Cluster, Member
from map_harness import LIMIT, until_now


def queue_of(client: hazelcast.HazelcastClient, owner: Member, backup: Member) -> Any:
    """Return a queue by the members that own and back it up."""
    partitions = client.partition_service
    service = get_field(backup.instance.getOriginal(), "node").getPartitionService()

    def is_right(name: str) -> bool:
        partition = service.getPartition(partitions.get_partition_id(name))
        uuids = [partition.getReplica(number).uuid().toString() for number in range(2)]
        return uuids == [owner.uuid, backup.uuid]

    return client.get_queue(next(name for name in map(str, range(10_000)) if is_right(name))).blocking()


@pytest.mark.parametrize("told", ["false", "true"])
def test_a_passed_on_offer_whose_owner_dies(
    hazelcast_cluster_factory: Callable[..., Cluster], told: str
) -> None:
    properties = {
        "hazelcast.max.no.heartbeat.seconds": "120",
        "hazelcast.operation.fail.on.indeterminate.state": told,
    }
    cluster = hazelcast_cluster_factory(members=2, proxied=True, properties=properties)
    victim = cluster.add_member(jvm="own")
    asked, backup, _ = cluster.members
    options: dict[str, Any] = {
        "cluster_members": [asked.address],
        "fail_on_indeterminate_operation_state": True,
    }
    with (
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as other,
        hazelcast.HazelcastClient(smart_routing=False, **options) as client,
    ):
        other.get_map("first").blocking().set(1, 1)
        until_now(lambda: asked.instance.getPartitionService().isClusterSafe())
        queue = queue_of(other, victim, backup)
        offer = client.get_queue(queue.name).offer
        assert offer("before").result(LIMIT)
        # The answer of the owner is lost, and then the owner.
        victim.proxy.drop("to_client", source=asked.address)
        asked.proxy.drop("to_member", source=victim.address)
        offered = offer("item")
        until_now(lambda: queue.size() == 2)
        victim.kill()
        asked.proxy.heal()
        if told == "true":
            with pytest.raises(IndeterminateOperationStateError):
                offered.result(LIMIT)
            assert list(queue.iterator()) == ["before", "item"]
        else:
            # The client was told of one.
            assert offered.result(LIMIT)
            assert list(queue.iterator()) == ["before", "item", "item"]
