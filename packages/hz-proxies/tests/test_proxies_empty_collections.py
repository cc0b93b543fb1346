"""Operations on no keys and no items: the result that members would give, and no request."""

from collections.abc import Callable
from typing import Any

import pytest

import simulated_harness
from hz_core.testing.simulation import Simulation
from hz_proxies import LIST, MAP, QUEUE, SET
from map_harness import Caller

caller = simulated_harness.caller
simulation = simulated_harness.simulation

CASES: dict[str, tuple[Any, Callable[[Any], Any], Any]] = {
    "put_all": (MAP, lambda m: m.put_all({}), None),
    "get_all": (MAP, lambda m: m.get_all([]), {}),
    "get_all of an iterator": (MAP, lambda m: m.get_all(iter(())), {}),
    "execute_on_keys": (MAP, lambda m: m.execute_on_keys([], "processor"), []),
    "load_all": (MAP, lambda m: m.load_all([]), None),
    "add_all": (QUEUE, lambda q: q.add_all([]), True),
    "contains_all": (QUEUE, lambda q: q.contains_all([]), True),
    "remove_all": (QUEUE, lambda q: q.remove_all([]), False),
    "add_all of a set": (SET, lambda s: s.add_all([]), False),
    "add_all of a list": (LIST, lambda items: items.add_all(iter(())), False),
    "add_all_at": (LIST, lambda items: items.add_all_at(0, []), False),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_sent(simulation: Simulation, case: str) -> None:
    kind, call, expected = CASES[case]
    futures = simulation.client.get_object(kind, "empty")
    before = sum(len(member.requests) for member in simulation.cluster.members)
    for result in (call(futures).result(), call(futures.blocking()), call(futures.with_timeout(5)).result()):
        assert result == expected
        assert type(result) is type(expected)
    assert sum(len(member.requests) for member in simulation.cluster.members) == before


async def test_retaining_nothing_removes_all(caller: Caller) -> None:
    queue = await caller.object(QUEUE)
    await queue.add_all([1, 2])
    assert await queue.retain_all([]) is True
    assert await queue.size() == 0


def test_wrong_arguments_are_refused_at_the_call(simulation: Simulation) -> None:
    m: Any = simulation.client.get_object(MAP, "m")
    q = simulation.client.get_object(QUEUE, "q")
    for call in (
        lambda: m.put_all(None),
        lambda: m.put_all({"a": None}),
        lambda: m.get_all(None),
        lambda: m.get_all([None]),
        lambda: m.execute_on_keys([], None),
        lambda: q.add(None),
    ):
        with pytest.raises(AssertionError, match="None"):
            call()
