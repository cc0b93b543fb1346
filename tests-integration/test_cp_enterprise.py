"""Open-source members since 5.5 have no CP Subsystem, and the client says so."""

import pytest

import hazelcast
from hz_core.errors import UnsupportedOperationError
from hz_embedded import Cluster
from map_harness import AsyncioCaller

EXPLAINED = "since version 5.5 it needs Hazelcast Enterprise members"


async def test_members_without_the_subsystem(cluster: Cluster, client: hazelcast.HazelcastClient) -> None:
    subsystem = client.cp_subsystem
    for get in (
        subsystem.get_atomic_long,
        subsystem.get_atomic_reference,
        subsystem.get_count_down_latch,
        subsystem.get_lock,
        subsystem.get_semaphore,
    ):
        for _ in range(2):
            with pytest.raises(
                UnsupportedOperationError, match=f"{EXPLAINED}.*The member says: .*Enterprise"
            ):
                get("n")
    async with AsyncioCaller(cluster_members=cluster.addresses) as caller:
        with pytest.raises(UnsupportedOperationError, match=EXPLAINED):
            await caller.client.cp_subsystem.get_lock("n")
