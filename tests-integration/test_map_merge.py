"""Entries that come in when a split cluster heals, as listeners on every surface see them."""

import asyncio
from collections.abc import Callable

import hazelcast
import hazelcast.asyncio
from hz_embedded import Cluster
from hz_proxies.events import EntryEventType
from map_harness import Recorder


async def test_merged(hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    alone = cluster.add_member(join=False)
    main = cluster.addresses[:2]
    alone.instance.getMap("m").put("lonely", "value")
    with hazelcast.HazelcastClient(cluster_members=main) as client:
        async with hazelcast.asyncio.HazelcastClient(cluster_members=main) as aio:
            seen = [Recorder(), Recorder(), Recorder()]
            m = client.get_map("m")
            m.add_entry_listener(True, merged_func=seen[0]).result()
            m.blocking().add_entry_listener(True, merged_func=seen[1])
            await (await aio.get_map("m")).add_entry_listener(True, merged_func=seen[2])
            await m.put("main", 1)
            alone.join(cluster.members[:2])
            await asyncio.gather(*(recorder.wait_for(1) for recorder in seen))
            for recorder in seen:
                (event,) = recorder.events
                assert (event.event_type, event.key) == (EntryEventType.MERGED, "lonely")
                assert event.value == "value"
            assert dict(await m.entry_set()) == {"lonely": "value", "main": 1}
