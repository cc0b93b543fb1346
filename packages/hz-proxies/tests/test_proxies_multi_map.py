"""Multimaps and replicated maps on simulated members: what goes where, old members, what is given up or left open."""

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import IllegalStateError, UnsupportedOperationError
from hz_core.future import Future
from hz_core.testing import ReplicatedMapService, Request, codes
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP, MULTI_MAP, REPLICATED_MAP
from hz_proxies.events import EntryEvent
from hz_proxies.multi_map import MultiMap
from hz_proxies.replicated_map import ReplicatedMap

simulation = simulated_harness.simulation

OTHER = 2
"""Another owner of locks than the usual one."""


@pytest.fixture
def mm(simulation: Simulation) -> MultiMap[Any, Any]:
    return simulation.client.get_object(MULTI_MAP, "mm")


@pytest.fixture
def replicated(simulation: Simulation) -> ReplicatedMap[Any, Any]:
    return simulation.client.get_object(REPLICATED_MAP, "r")


def requests(simulation: Simulation, method: str) -> list[Request]:
    return [r for member in simulation.cluster.members for r in member.requests if r.method == method]


def test_put_all_sends_each_partition_to_its_owner_once(
    simulation: Simulation, mm: MultiMap[Any, Any]
) -> None:
    mm.put_all({key: [key, -key] for key in range(1, 200)}).result()
    sent = requests(simulation, "MultiMap.putAll")
    assert sorted(request.partition_id for request in sent) == list(range(simulation.cluster.partition_count))
    for request in sent:
        assert request.member is simulation.cluster.owner(request.partition_id)
        for key, values in request["entries"]:
            assert simulation.cluster.partition_of(key) == request.partition_id
            assert len(values) == 2
    assert mm.size().result() == 2 * 199


def test_what_an_old_member_does_not_know(simulation: Simulation, mm: MultiMap[Any, Any]) -> None:
    mm.put("k", 1).result()
    simulation.cluster.version = (4, 0, 0)
    simulation.cluster.cut_all()
    simulation.driver.advance(60)
    with pytest.raises(
        UnsupportedOperationError,
        match=r"^MultiMap.putAll is not supported by the member, .* version 4\.0\.0",
    ):
        mm.put_all({"k": [2]}).result()
    replaced = simulation.client.get_object(MAP, "m").replace_all("no function")
    with pytest.raises(UnsupportedOperationError, match=r"^Map.replaceAll is not supported"):
        replaced.result()
    assert mm.get("k").result() == [1]


@pytest.mark.parametrize("how", ["lock", "try_lock"])
def test_a_lock_that_is_granted_after_its_caller_has_given_up_is_released(
    simulation: Simulation, mm: MultiMap[Any, Any], how: str
) -> None:
    mm.lock("k").result()
    simulation.client.owner = OTHER
    waiting: Future[Any] = mm.lock("k") if how == "lock" else mm.try_lock("k", timeout=60)
    simulation.client.owner = 1
    simulation.driver.advance(2)
    assert waiting.cancel()
    mm.unlock("k").result()
    simulation.driver.advance()
    assert mm.is_locked("k").result() is False
    assert len(requests(simulation, "MultiMap.unlock")) == 2


def test_locks_of_a_map_and_a_multimap_of_the_same_name(
    simulation: Simulation, mm: MultiMap[Any, Any]
) -> None:
    mm.lock("k").result()
    m = simulation.client.get_object(MAP, "mm")
    assert m.is_locked("k").result() is False
    m.force_unlock("k").result()
    assert mm.is_locked("k").result() is True


@pytest.mark.parametrize("kind", [MULTI_MAP, REPLICATED_MAP])
def test_a_listener_over_lost_connections_and_a_restart(simulation: Simulation, kind: Any) -> None:
    events: list[EntryEvent[Any, Any]] = []
    found = simulation.client.get_object(kind, "listened")
    registration = found.add_entry_listener(added_func=events.append).result()
    found.put(1, 1).result()
    simulation.cluster.cut_all()
    simulation.driver.advance(60)
    found.put(2, 2).result()
    simulation.cluster.restart()
    simulation.driver.advance(60)
    found.put(3, 3).result()
    simulation.driver.advance()
    assert [event.key for event in events] == [1, 2, 3]
    assert found.remove_entry_listener(registration).result() is True
    found.put(4, 4).result()
    simulation.driver.advance()
    assert len(events) == 3


# --- replicated maps ------------------------------------------------------------------------------------------


def test_operations_on_all_entries_ask_one_member(
    simulation: Simulation, replicated: ReplicatedMap[Any, Any]
) -> None:
    for _ in range(10):
        assert replicated.size().result() == 0
        assert replicated.key_set().result() == []
        assert replicated.contains_value(1).result() is False
    sent = [
        r
        for name in ("size", "keySet", "containsValue")
        for r in requests(simulation, f"ReplicatedMap.{name}")
    ]
    assert len({request.partition_id for request in sent}) == 1
    assert len({request.member for request in sent}) == 1


def test_put_all_in_chunks(simulation: Simulation, replicated: ReplicatedMap[Any, Any]) -> None:
    replicated.put_all({key: key for key in range(2500)}).result()
    sizes = [len(request["entries"]) for request in requests(simulation, "ReplicatedMap.putAll")]
    assert sorted(sizes) == [500, 1000, 1000]
    assert replicated.size().result() == 2500


def test_a_small_map_is_fetched_at_once(simulation: Simulation, replicated: ReplicatedMap[Any, Any]) -> None:
    replicated.put_all({key: key for key in range(1000)}).result()
    assert sorted(replicated.iter_keys()) == list(range(1000))
    assert len(requests(simulation, "ReplicatedMap.keySet")) == 1
    assert requests(simulation, "ReplicatedMap.fetchEntryViews") == []


def test_old_members_have_no_pages(simulation: Simulation, replicated: ReplicatedMap[Any, Any]) -> None:
    entries = {key: -key for key in range(300)}
    replicated.put_all(entries).result()
    simulation.cluster.version = (5, 3, 8)
    assert dict(replicated.iter_items(10)) == entries
    assert sorted(replicated.iter_values(10)) == sorted(entries.values())
    with pytest.raises(UnsupportedOperationError, match=r"^ReplicatedMap.fetchEntryViews is not supported"):
        next(replicated.iter_entry_views())


@pytest.mark.parametrize("how", ["to the end", "closed"])
def test_members_keep_no_iteration(
    simulation: Simulation, replicated: ReplicatedMap[Any, Any], how: str
) -> None:
    replicated.put_all({key: key for key in range(300)}).result()
    iterations = simulation.cluster.service(ReplicatedMapService).iterations
    pages = replicated.iter_keys(3)
    first = next(pages)
    assert iterations
    if how == "closed":
        pages.close().result()
        assert len(list(pages)) < 299  # what had been fetched before
    else:
        assert sorted([first, *pages]) == list(range(300))
    assert iterations == {}


def test_a_page_is_fetched_again_after_an_error(
    simulation: Simulation, replicated: ReplicatedMap[Any, Any]
) -> None:
    replicated.put_all({key: key for key in range(300)}).result()
    pages = replicated.iter_keys(3)
    seen = list(pages.next_page().result())
    for member in simulation.cluster.members:
        member.rule("ReplicatedMap.fetchEntryViews", lambda request: request.error(17, "x.Error"), times=1)
    with pytest.raises(Exception, match=r"x\.Error"):
        pages.next_page().result()
    seen += pages
    assert sorted(set(seen)) == list(range(300))


def test_partitions_whose_position_is_lost_are_read_again_without_what_was_seen(
    simulation: Simulation, replicated: ReplicatedMap[Any, Any]
) -> None:
    replicated.put_all({key: key for key in range(300)}).result()
    iterations = simulation.cluster.service(ReplicatedMapService).iterations
    pages = replicated.iter_keys(3)
    seen: list[Any] = []
    lost = 0
    while page := pages.next_page().result():
        seen += page
        if len(seen) > 30 * lost:
            # The partitions have got other owners. Since then entries have come, and gone.
            lost += 1
            iterations.clear()
            replicated.remove(seen[-1]).result()
            replicated.put(seen[-1], "again").result()
    assert lost > 3
    assert sorted(seen) == list(range(300))
    source: Any = pages._ops._source
    assert (source._pages._known, source._pages._fetched) == ({}, {})


def test_a_position_that_is_lost_again_and_again_is_an_error(
    simulation: Simulation, replicated: ReplicatedMap[Any, Any]
) -> None:
    replicated.put_all({key: key for key in range(300)}).result()
    pages = replicated.iter_keys(3)
    assert pages.next_page().result()
    for member in simulation.cluster.members:
        member.rule("ReplicatedMap.fetchEntryViews", lambda request: request.error(*codes.ILLEGAL_STATE))
    with pytest.raises(IllegalStateError):
        pages.next_page().result()


def test_pages_are_fetched_one_after_another(simulation: Simulation) -> None:
    m = simulation.client.get_object(MAP, "m")
    m.put_all({key: key for key in range(100)}).result()
    pages = m.iter_keys(2)
    first = pages.next_page()
    with pytest.raises(IllegalStateError, match="one after another"):
        pages.next_page().result()
    seen = first.result()
    while page := pages.next_page().result():
        seen += page
    assert sorted(seen) == list(range(100))
