"""Durations, sizes and ids that no member can get: refused at the call, by name, before anything is sent."""

import inspect
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

import simulated_harness
from hz_core.testing.simulation import Simulation
from hz_cp import ATOMIC_LONG, FENCED_LOCK
from hz_proxies import LIST, MAP, MULTI_MAP, QUEUE, REPLICATED_MAP, SET, predicate
from hz_proxies.sql.futures import Sql
from hz_proxies.sql.operations import SqlOperations
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.operations import TransactionOperations

simulation = simulated_harness.simulation

DURATIONS = {"ttl", "max_idle", "lease_time", "timeout", "seconds"}
WITH_DEFAULT = {"ttl", "max_idle", "lease_time"}
"""Those that take -1 as None, for the member's default."""
VALUES: dict[str, Any] = {"key": "k", "value": "v", "item": "v", "sql": "SELECT 1", "ttl": 1}
WRONG: list[tuple[Any, type[Exception]]] = [
    (1e300, ValueError),
    (10**30, ValueError),
    (10**5000, ValueError),
    (math.inf, ValueError),
    (math.nan, ValueError),
    (-5, ValueError),
    ("5", TypeError),
    ("x" * 1000, TypeError),
    (True, TypeError),
    (timedelta(seconds=5), TypeError),
]


class Call(NamedTuple):
    """A method with a parameter that is a duration."""

    surface: Any
    method: str
    parameter: str

    def __call__(self, value: Any, key: Any = "k") -> Any:
        method = getattr(self.surface, self.method)
        needed = {
            name: key if name == "key" else VALUES[name]
            for name, parameter in inspect.signature(method).parameters.items()
            if parameter.default is parameter.empty and name in VALUES and name != self.parameter
        }
        return method(**needed, **{self.parameter: value})


def surfaces(simulation: Simulation) -> Iterator[Any]:
    """Yield an object of every kind."""
    client = simulation.client
    kinds: tuple[Any, ...] = (
        LIST,
        MAP,
        MULTI_MAP,
        QUEUE,
        REPLICATED_MAP,
        SET,
        ATOMIC_LONG,
        FENCED_LOCK,
    )
    for kind in kinds:
        yield client.get_object(kind, "n")
    yield Sql(client.futures, SqlOperations(simulation.engine))
    transaction = Transaction(client.futures, TransactionOperations(simulation.engine))
    transaction.begin().result()
    yield transaction
    yield transaction.get_map("n")
    yield transaction.get_queue("n")


def calls(simulation: Simulation) -> list[Call]:
    return [
        Call(surface, name, parameter)
        for surface in surfaces(simulation)
        for name, method in inspect.getmembers(surface, inspect.ismethod)
        if not name.startswith("_")
        for parameter in inspect.signature(method).parameters
        if parameter in DURATIONS
    ]


def sent(simulation: Simulation) -> int:
    return sum(len(member.requests) for member in simulation.cluster.members)


def test_wrong_durations_of_every_operation(simulation: Simulation) -> None:
    found = calls(simulation)
    assert len(found) >= 25
    before = sent(simulation)
    for call in found:
        negative_has_a_meaning = str(call.surface).startswith(("FencedLock", "<hz_proxies.sql"))
        for value, error in WRONG:
            if value == -5 and negative_has_a_meaning and call.parameter == "timeout":
                continue
            with pytest.raises(error, match=f"^{call.parameter} must be ") as refused:
                call(value)
            assert len(str(refused.value)) < 250
    assert sent(simulation) == before


def test_minus_one_is_the_default_where_none_is(simulation: Simulation) -> None:
    found = [call for call in calls(simulation) if call.parameter in WITH_DEFAULT]
    assert {call.parameter for call in found} == WITH_DEFAULT
    for key, call in enumerate(found):  # each key once, since locks and transactions hold it
        call(-1, key).result()


def test_wrong_durations_of_a_transaction(simulation: Simulation) -> None:
    for value, error in WRONG:
        with pytest.raises(error, match=r"^timeout must be "):
            TransactionOperations(simulation.engine, timeout=value)


def numbers(simulation: Simulation) -> dict[str, Callable[[Any], Any]]:
    """Return calls that pass an integer, by the name of the argument."""
    client = simulation.client
    queue, number = client.get_object(QUEUE, "q"), client.get_object(ATOMIC_LONG, "n")
    sql = Sql(client.futures, SqlOperations(simulation.engine))
    return {
        "max_size": lambda value: queue.drain_to([], value),
        "new_value": number.set,
        "delta": number.add_and_get,
        "expect": lambda value: number.compare_and_set(value, 0),
        "update": lambda value: number.compare_and_set(0, value),
        "cursor_buffer_size": lambda value: sql.execute("SELECT 1", cursor_buffer_size=value),
        "durability": lambda value: TransactionOperations(simulation.engine, durability=value),
    }


def test_integers_that_do_not_fit(simulation: Simulation) -> None:
    found = numbers(simulation)
    before = sent(simulation)
    for name, call in found.items():
        for value in (2**63, -(2**63) - 1, 10**5000):
            with pytest.raises(ValueError, match=f"^{name} must be from "):
                call(value)
        for wrong in (1.5, "5", None):
            with pytest.raises(TypeError, match=f"^{name} must be an integer, not "):
                call(wrong)
    for name in ("max_size", "cursor_buffer_size", "durability"):
        with pytest.raises(ValueError, match=f"^{name} must be from "):
            found[name](2**31)
    assert sent(simulation) == before


def test_values_of_a_set(simulation: Simulation) -> None:
    sql = Sql(simulation.client.futures, SqlOperations(simulation.engine))
    results: list[Any] = [3, 300, -1, "ROWS"]
    for value in results:
        with pytest.raises(ValueError, match=r"^expected_result_type must be 0, 1 or 2, not"):
            sql.execute("SELECT 1", expected_result_type=value)
    statement: Any = 5
    with pytest.raises(TypeError, match=r"^the statement must be a string, not 5"):
        sql.execute(statement)
    kinds: list[Any] = [0, 3, "x", None]
    for value in kinds:
        with pytest.raises(
            ValueError, match=r"^the type of a transaction must be one of TWO_PHASE \(1\), ONE_PHASE"
        ):
            TransactionOperations(simulation.engine, transaction_type=value)


def test_messages_about_queries_are_short(simulation: Simulation) -> None:
    m = simulation.client.get_object(MAP, "m")
    long: Any = "x" * 1000
    calls: list[Callable[[], Any]] = [
        lambda: predicate.paging(None, long),
        lambda: predicate.paging(None, 10**5000),
        lambda: predicate.like("a", [long]),  # type: ignore[arg-type]  # wrong on purpose
        lambda: predicate.equal([long], 1),  # type: ignore[arg-type]  # wrong on purpose
        lambda: m.add_index(long),
        lambda: m.add_index(["a"], long),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError)) as refused:
            call()
        assert len(str(refused.value)) < 300
