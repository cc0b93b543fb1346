"""Garbage between client and member, and members that accept connections late, or not at all."""

from __future__ import annotations

import gc
import inspect
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import hazelcast
from hz_core import engine_options
from hz_core.connection import Connection
from hz_embedded import Cluster, Member
from map_harness import AsyncioCaller, BlockingCaller, Caller, until

KEYS = range(40)
OPTIONS: dict[str, Any] = {
    "retry_initial_backoff": 0.01,
    "retry_max_backoff": 0.02,
    "cluster_connect_timeout": 60,
    "connection_timeout": 0.5,
    # The acks of backups would have to come from the member that is not connected.
    "backup_ack_to_client_enabled": False,
}


@pytest.fixture(scope="module")
def pair() -> Iterator[Cluster]:
    """Yield two members behind proxies."""
    # What the members say to each other passes through this process, which may stand still for a while.
    patient = {"hazelcast.max.no.heartbeat.seconds": "120"}
    with Cluster(members=2, proxied=True, properties=patient) as started:
        # They distribute the partitions when the first one is used.
        started.members[0].instance.getMap("first").put("k", "v")
        yield started


@pytest.fixture(autouse=True)
def healed(pair: Cluster) -> Iterator[None]:
    """End all faults after each test."""
    yield
    for member in pair.members:
        member.proxy.heal()


@pytest.fixture(params=["blocking", "asyncio"])
async def caller(request: pytest.FixtureRequest, pair: Cluster) -> AsyncIterator[Caller]:
    """Yield a client that is connected to both members, of threads and of asyncio."""
    options = {"cluster_members": pair.addresses, **OPTIONS}
    if request.param == "asyncio":
        async with AsyncioCaller(**options) as made:
            await until(lambda: len(ready(made)) == 2)
            yield made
    else:
        with hazelcast.HazelcastClient(**options) as client:
            async with BlockingCaller(client) as blocking:
                await until(lambda: len(ready(blocking)) == 2)
                yield blocking


def ready(caller: Caller) -> dict[str, Any]:
    """Return the connections of a client by the UUIDs of the members."""
    return {str(c.member): c for c in caller.client._engine.connections.routes.all}


def errors(caller: Caller, member: Member) -> list[str]:
    """Return the last errors of connections to a member."""
    last = caller.client.diagnostics().errors
    return [error.text or "" for error in last if error.where == member.address]


async def keys_of(caller: Caller, member: Member) -> list[int]:
    """Return keys that a member owns, as the client sees it."""
    service = caller.client.partition_service
    await until(lambda: service.get_partition_owner(0) is not None)
    found = []
    for key in range(200):
        partition = service.get_partition_id(key)
        owner = service.get_partition_owner(await partition if inspect.isawaitable(partition) else partition)
        if str(owner) == member.uuid:
            found.append(key)
    assert len(found) > 20
    return found


async def test_garbage_from_a_member_ends_the_connection_and_the_client_goes_on(
    caller: Caller, pair: Cluster
) -> None:
    faulty, other = pair.members
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(True, added_func=seen)
    for key in KEYS:
        await m.put(key, key)
    await seen.wait_for(len(KEYS))  # what is under way when the connection ends is lost
    seen.events.clear()
    before = ready(caller)
    faulty.proxy.garbage(b"\xff" * 64, source="clients").heal()
    await until(lambda: before[faulty.uuid] is not ready(caller).get(faulty.uuid, before[faulty.uuid]))
    (text,) = errors(caller, faulty)
    assert "HazelcastProtocolError" in text
    assert ready(caller)[other.uuid] is before[other.uuid]
    assert await m.get_all(list(KEYS)) == {key: key for key in KEYS}
    # The listener is registered once with each member again.
    for key in KEYS:
        await m.put(-1 - key, key)
    assert sorted(event.key for event in await seen.wait_for(len(KEYS))) == sorted(-1 - key for key in KEYS)
    assert len(seen.events) == len(KEYS)
    assert caller.client.lifecycle_service.is_running()


async def test_garbage_to_a_member_ends_the_connection(caller: Caller, pair: Cluster) -> None:
    """The member does not understand the client any more."""
    faulty = pair.members[0]
    m = await caller.map()
    await m.put(1, 1)
    before = ready(caller)[faulty.uuid]
    faulty.proxy.garbage(b"\xff" * 64, "to_member", source="clients").heal()
    await until(lambda: not before.alive)
    await until(lambda: len(ready(caller)) == 2)
    assert await m.get(1) == 1


async def test_garbage_instead_of_the_authentication(caller: Caller, pair: Cluster) -> None:
    """Connecting is tried again until the garbage ends; the other member serves meanwhile."""
    faulty, other = pair.members
    m = await caller.map()
    mine = (await keys_of(caller, other))[:20]
    with faulty.proxy.garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n", source="clients"):
        faulty.proxy.reset(source="clients")
        await until(lambda: sum("HazelcastProtocolError" in text for text in errors(caller, faulty)) >= 2)
        for key in mine:
            assert await m.put(key, key) is None
        assert set(ready(caller)) == {other.uuid}
    await until(lambda: len(ready(caller)) == 2)
    assert [await m.get(key) for key in mine] == mine


@pytest.mark.parametrize("backlog", [None, 0], ids=["accepted by the system", "no answer"])
async def test_member_that_does_not_accept_delays_no_work_of_others(
    caller: Caller, pair: Cluster, backlog: int | None
) -> None:
    slow, other = pair.members
    m = await caller.map()
    mine = (await keys_of(caller, other))[:20]
    theirs = (await keys_of(caller, slow))[:20]
    for key in mine + theirs:
        await m.put(key, key)
    with slow.proxy.accept_slowly(backlog=backlog):
        slow.proxy.reset(source="clients")
        await until(lambda: set(ready(caller)) == {other.uuid})
        engine = caller.client._engine
        # An attempt is under way, which nobody answers ...
        await until(lambda: len(engine.connections.all()) == 2)
        (attempt,) = set(engine.connections.all()) - set(ready(caller).values())
        assert [await m.get(key) for key in mine] == mine
        assert [await m.get(key) for key in theirs] == theirs  # passed on by the other member
        # ... until connection_timeout ends it.
        await until(lambda: any("connection_timeout" in text for text in errors(caller, slow)))
        assert not attempt.alive
        assert [await m.put(key, -key) for key in mine] == mine
    await until(lambda: len(ready(caller)) == 2)
    assert [await m.get(key) for key in theirs] == theirs
    assert engine.invocations.pending_count == 0


async def test_connections_that_are_accepted_late_are_used(caller: Caller, pair: Cluster) -> None:
    slow = pair.members[0]
    m = await caller.map()
    with slow.proxy.accept_slowly(0.2):
        slow.proxy.reset(source="clients")
        await until(lambda: slow.uuid not in ready(caller))
        await until(lambda: len(ready(caller)) == 2)
        assert slow.proxy.connection_count("clients") == 1
        for key in KEYS:
            await m.put(key, key)


@pytest.fixture
def unlogged() -> Iterator[None]:
    """Log nothing: pytest would keep the records of warnings, and these the connections."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("unlogged")
async def test_reconnects_leave_nothing(
    caller: Caller, pair: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty connections are cut, at random places of their streams, while operations are under way."""
    m = await caller.map()
    seen = caller.recorder()
    await m.add_entry_listener(True, updated_func=seen)
    monkeypatch.setattr(engine_options, "_SHORTEST_PAUSE", 0.01)
    engine = caller.client._engine
    both = [(await keys_of(caller, member))[0] for member in pair.members]
    for key in (*KEYS, *both):
        await m.put(key, 0)

    async def resources() -> dict[str, Any]:
        await until(lambda: engine.invocations.pending_count == 0 and not engine._background)
        await until(lambda: [member.proxy.connection_count("clients") for member in pair.members] == [1, 1])
        gc.collect()
        mine = (caller.client.name, "hazelcast")
        return {
            "threads": sorted(t.name for t in threading.enumerate() if t.name.startswith(mine)),
            "connections": sum(
                type(found) is Connection and found._owner is engine for found in gc.get_objects()
            ),
            "entries": sum(len(connection.pending) for connection in engine.connections.all()),
            "listeners": [listener.connections for listener in engine.listeners.facts()],
        }

    async def lose(times: int) -> None:
        for number in range(times):
            member = pair.members[number % 2]
            before = ready(caller)[member.uuid]
            with member.proxy.cut_after(1 + 37 * number, source="clients"):
                while before.alive:
                    assert [await m.get(key) for key in both] == [0, 0]
            await until(lambda: len(ready(caller)) == 2)

    await lose(6)
    before = await resources()
    lost = engine.connections_lost
    await lose(30)
    assert engine.connections_lost >= lost + 30
    after = await resources()
    # Descriptors and all threads: test_core_reconnects.py, in a process without those of the Java bridge.
    assert after == before
    assert before["connections"] == 2
    seen.events.clear()
    for key in KEYS:
        await m.put(key, key)
    assert sorted(event.key for event in await seen.wait_for(len(KEYS))) == list(KEYS)
    assert len(seen.events) == len(KEYS)
