"""Objects that others create and destroy, partitions that move or are lost: listeners of the client itself."""

import inspect
import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

import hazelcast
from hazelcast.core import DistributedObjectEventType
from hz_core.model import MigrationState, PartitionLostEvent, ReplicaMigrationEvent
from hz_embedded import Cluster
from hz_proxies import MAP
from map_harness import LIMIT, Caller, fresh_name

MAPS = "hz:impl:mapService"


async def result(caller: Caller, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Return the result of a function of the client or of one of its services."""
    found = function(*arguments, **named)
    if inspect.isawaitable(found):
        return await found
    return found.result() if hasattr(found, "add_done_callback") else found


async def test_objects_that_others_create_and_destroy(caller: Caller, cluster: Cluster) -> None:
    name = fresh_name("told")
    events = caller.recorder()

    def types() -> list[tuple[str, str]]:
        return [(e.service_name, e.event_type) for e in events.events if e.name == name]

    registration = await result(caller, caller.client.add_distributed_object_listener, events)
    theirs = cluster.members[0].instance.getMap(name)
    await caller.until(lambda: types() == [(MAPS, DistributedObjectEventType.CREATED)])
    theirs.destroy()
    await caller.until(lambda: types()[1:] == [(MAPS, DistributedObjectEventType.DESTROYED)])
    assert await result(caller, caller.client.remove_distributed_object_listener, registration) is True
    assert await result(caller, caller.client.remove_distributed_object_listener, registration) is False


async def test_a_listener_that_is_no_function(caller: Caller) -> None:
    with pytest.raises(TypeError, match="listener_func must be a function, not NoneType"):
        await result(caller, caller.client.add_distributed_object_listener, None)
    with pytest.raises(TypeError, match="partition_lost must be a function, not str"):
        await result(caller, caller.client.partition_service.add_partition_lost_listener, "f")
    with pytest.raises(TypeError, match="finished must be a function, not int"):
        await result(caller, caller.client.partition_service.add_migration_listener, finished=1)
    with pytest.raises(ValueError, match="at least one function"):
        await result(caller, caller.client.partition_service.add_migration_listener)


async def test_the_objects_of_the_cluster(caller: Caller, cluster: Cluster) -> None:
    mine, theirs = fresh_name("mine"), fresh_name("theirs")
    await caller.map(mine)
    cluster.members[0].instance.getMap(theirs).put("key", "value")
    found = await result(caller, caller.client.get_distributed_objects)
    by_name = {(o.service_name, o.name): o for o in found}
    assert (MAPS, mine) in by_name
    there = by_name[MAPS, theirs]
    assert await result(caller, there.get, "key") == "value"
    assert await result(caller, caller.client.get_object, MAP, theirs) is there
    assert await result(caller, there.destroy) is True
    found = await result(caller, caller.client.get_distributed_objects)
    assert theirs not in [o.name for o in found]


async def test_what_another_client_destroys(caller: Caller, cluster: Cluster) -> None:
    name = fresh_name("shared")
    m, told, heard = await caller.map(name), caller.recorder(), caller.recorder()
    registration = await result(caller, caller.client.add_distributed_object_listener, told)
    old = await m.add_entry_listener(added_func=heard)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as another:
        theirs = another.get_map(name).blocking()
        theirs.set(1, "one")
        await caller.until(lambda: [e.key for e in heard.events] == [1])
        theirs.destroy()
        # Members tell of a creation in a thread of their own: a listener that came after it may hear of it, too.
        await caller.until(
            lambda: [e.event_type for e in told.events if e.name == name][-1:] == ["DESTROYED"]
        )
        await result(caller, caller.client.get_distributed_objects)
        assert await result(caller, caller.client.get_object, MAP, name) is not m.proxy
        # Members have dropped the listener; another one hears the next map of this name.
        again = caller.recorder()
        assert await m.remove_entry_listener(old) is True
        new = await m.add_entry_listener(added_func=again)
        another.get_map(name).blocking().set(2, "two")
        await caller.until(lambda: [e.key for e in again.events] == [2])
        assert [e.key for e in heard.events] == [1]
        assert await m.remove_entry_listener(new) is True
    assert await result(caller, caller.client.remove_distributed_object_listener, registration) is True


def test_partitions_that_move() -> None:
    states: list[MigrationState] = []
    moved: list[ReplicaMigrationEvent] = []
    began, ended = threading.Event(), threading.Event()

    def started(state: MigrationState) -> None:
        states.append(state)
        began.set()

    def finished(state: MigrationState) -> None:
        states.append(state)
        ended.set()

    with Cluster() as cluster, hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        client.get_map("m").blocking().put_all({n: n for n in range(100)})
        service = client.partition_service
        registration = service.add_migration_listener(started, finished, replica_completed=moved.append)
        second = cluster.add_member()
        assert began.wait(LIMIT)
        assert ended.wait(LIMIT)
        assert states[0].planned_migrations > 0
        assert states[1].completed_migrations == states[1].planned_migrations
        primaries = [event for event in moved if event.replica_index == 0]
        assert {str(event.dest_uuid) for event in primaries} == {second.uuid}
        assert all(event.success for event in moved)
        assert service.remove_listener(registration) is True
        assert service.remove_listener(registration) is False


def test_partitions_that_are_lost() -> None:
    lost: queue.Queue[PartitionLostEvent] = queue.Queue()
    with Cluster(members=3) as cluster:
        first, *others = cluster.members
        with hazelcast.HazelcastClient(cluster_members=[first.address]) as client:
            client.get_map("m").blocking().put_all({n: n for n in range(300)})
            client.partition_service.add_partition_lost_listener(lost.put)
            ends = [threading.Thread(target=member.terminate) for member in others]
            for end in ends:
                end.start()
            for end in ends:
                end.join()
            event = lost.get(timeout=LIMIT)
            assert 0 <= event.partition_id < 271
            assert 0 <= event.lost_backup_count < 6
            assert str(event.source) == first.uuid
