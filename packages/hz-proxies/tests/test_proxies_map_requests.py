"""Operations of a map that run code on members, or that members do for a map store: what is sent, what is returned."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import simulated_harness
from hz_core.testing import Request
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP, aggregator, predicate, projection
from hz_proxies.map import BlockingMap

simulation = simulated_harness.simulation

TRUE = predicate.true()
COUNT = aggregator.count()
AGE = projection.single_attribute("age")


class D(NamedTuple):
    """Stands for the serialized form of a value."""

    value: Any


class Case(NamedTuple):
    """A call, the message that it sends with some of its parameters, the reply, and what the call returns."""

    call: Callable[[BlockingMap[Any, Any]], Any]
    method: str
    named: dict[str, Any]
    reply: tuple[Any, ...] = ()
    result: Any = None


CASES = [
    Case(
        lambda m: m.execute_on_key("k", "p"),
        "executeOnKey", {"key": D("k"), "entryProcessor": D("p")}, (D("r"),), "r",
    ),
    Case(
        lambda m: m.execute_on_keys(["k", "l"], "p"),
        "executeOnKeys", {"keys": [D("k"), D("l")], "entryProcessor": D("p")}, ([(D("k"), D("r"))],), [("k", "r")],
    ),
    Case(
        lambda m: m.execute_on_entries("p"),
        "executeOnAllKeys", {"entryProcessor": D("p")}, ([(D("k"), D("r"))],), [("k", "r")],
    ),
    Case(
        lambda m: m.execute_on_entries("p", TRUE),
        "executeWithPredicate", {"entryProcessor": D("p"), "predicate": D(TRUE)}, ([(D("k"), D("r"))],), [("k", "r")],
    ),
    Case(lambda m: m.aggregate(COUNT), "aggregate", {"aggregator": D(COUNT)}, (D("r"),), "r"),
    Case(
        lambda m: m.aggregate(COUNT, TRUE),
        "aggregateWithPredicate", {"aggregator": D(COUNT), "predicate": D(TRUE)}, (D("r"),), "r",
    ),
    Case(lambda m: m.project(AGE), "project", {"projection": D(AGE)}, ([D("r")],), ["r"]),
    Case(
        lambda m: m.project(AGE, TRUE),
        "projectWithPredicate", {"projection": D(AGE), "predicate": D(TRUE)}, ([D("r")],), ["r"],
    ),
    Case(lambda m: m.add_interceptor("i"), "addInterceptor", {"interceptor": D("i")}, ("id",), "id"),
    Case(lambda m: m.remove_interceptor("id"), "removeInterceptor", {"id": "id"}, (True,), True),
    Case(lambda m: m.flush(), "flush", {}),
    Case(lambda m: m.load_all(), "loadAll", {"replaceExistingValues": True}),
    Case(lambda m: m.load_all(replace_existing_values=False), "loadAll", {"replaceExistingValues": False}),
    Case(
        lambda m: m.load_all(["k"], False),
        "loadGivenKeys", {"keys": [D("k")], "replaceExistingValues": False},
    ),
    Case(
        lambda m: m.add_index(["age"], "HASH"),
        "addIndex", {"name": "m"},
    ),
    Case(
        lambda m: m.key_set(predicate.partition("k", TRUE)),
        "keySetWithPredicate", {}, ([D("k")],), ["k"],
    ),
    Case(lambda m: m.put_transient("k", "v"), "putTransient", {"key": D("k"), "value": D("v"), "ttl": -1}),
    Case(
        lambda m: m.put_transient("k", "v", 1, 2),
        "putTransientWithMaxIdle", {"ttl": 1000, "maxIdle": 2000}, (None,),
    ),
    Case(lambda m: m.set("k", "v", max_idle=2), "setWithMaxIdle", {"ttl": -1, "maxIdle": 2000}, (None,)),
    Case(lambda m: m.try_lock("k", 1, 2), "tryLock", {"lease": 1000, "timeout": 2000}, (True,), True),
    Case(lambda m: m.set_ttl("k", 0.25), "setTtl", {"ttl": 250}, (True,)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.method))
def test_request_and_result(simulation: Simulation, case: Case) -> None:
    m: BlockingMap[Any, Any] = simulation.client.get_object(MAP, "m").blocking()
    to_data = simulation.client.serialization.to_data
    received: list[Request] = []

    def sent(value: Any) -> Any:
        if isinstance(value, D):
            return to_data(value.value)
        if isinstance(value, list | tuple):
            return type(value)(sent(item) for item in value)
        return value

    def answer(request: Request) -> None:
        received.append(request)
        request.reply(*sent(case.reply))

    for member in simulation.cluster.members:
        member.rule(f"Map.{case.method}", answer)
    assert case.call(m) == case.result
    (request,) = received
    assert {name: request[name] for name in case.named} == {
        name: sent(value) for name, value in case.named.items()
    }
