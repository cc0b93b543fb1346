"""Listeners of a map for partitions that are lost, on all three surfaces."""

import pytest

import hazelcast
from hz_embedded import Cluster
from hz_proxies import MAP
from map_harness import AnyObject, AsyncioCaller, BlockingCaller, Caller, FuturesCaller, fresh_name, until


async def test_partitions_that_are_lost() -> None:
    name = fresh_name()
    with (
        Cluster(members=2, configure=lambda config: config.getMapConfig(name).setBackupCount(0)) as cluster,
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
    ):
        # The partitions are distributed when they are used for the first time, and only used maps lose any.
        client.get_map(name).blocking().put_all({key: key for key in range(1000)})

        def owned() -> set[int]:
            owner = client.partition_service.get_partition_owner
            return {partition for partition in range(271) if str(owner(partition)) == cluster.members[1].uuid}

        await until(owned)
        lost = owned()
        assert 100 < len(lost) < 171
        async with AsyncioCaller(cluster_members=cluster.addresses) as on_loop:
            callers: list[Caller] = [FuturesCaller(client), BlockingCaller(client), on_loop]
            recorders = []
            for caller in callers:
                m = AnyObject(caller, await caller._get(MAP, name))
                recorder, removed = caller.recorder(), caller.recorder()
                registration = await m.add_partition_lost_listener(removed)
                await m.add_partition_lost_listener(recorder)
                assert await m.remove_partition_lost_listener(registration) is True
                assert await m.remove_partition_lost_listener(registration) is False
                recorders.append((recorder, removed))
            cluster.members[1].terminate()
            for recorder, removed in recorders:
                await recorder.wait_for(len(lost))
                assert {event.partition_id for event in recorder.events} == lost
                assert {event.name for event in recorder.events} == {name}
                assert {str(event.member) for event in recorder.events} == {cluster.members[0].uuid}
                assert removed.events == []
            assert repr(recorders[0][0].events[0]).startswith(
                f"MapPartitionLostEvent(name={name!r}, partition_id="
            )


async def test_arguments(caller: Caller) -> None:
    m = await caller.map()
    with pytest.raises(AssertionError, match=r"partition_lost_func .*must not be None"):
        await m.add_partition_lost_listener(None)
    with pytest.raises(AssertionError, match=r"registration_id .*must not be None"):
        await m.remove_partition_lost_listener(None)
