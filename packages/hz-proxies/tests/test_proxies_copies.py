"""What belongs to one client says that it can be neither copied nor pickled; its text is the same on all surfaces."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import simulated_harness
from hz_core.future import Future
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP, QUEUE
from hz_proxies.map.aio import AsyncMap
from hz_proxies.map.futures import Map
from hz_proxies.sql.futures import Sql
from hz_proxies.sql.operations import SqlOperations
from hz_proxies.transaction.blocking import BlockingTransaction
from hz_proxies.transaction.operations import TransactionOperations

simulation = simulated_harness.simulation

WAYS: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    pickle.dumps,
    lambda value: pickle.dumps(value, 0),
    lambda value: pickle.dumps([value]),
]


def test_no_copies(simulation: Simulation) -> None:
    client = simulation.client
    caller: Any = client.futures  # not that of asyncio, but the classes count
    m = client.get_object(MAP, "m")
    transaction = BlockingTransaction(client.futures.blocking(), TransactionOperations(simulation.engine))
    transaction.begin()
    named = "pass on its name, 'm', and get it from a client there"
    other = "make a client where it is needed, and take it from there"
    expected: dict[Any, str] = {
        m: f"a Map can be neither copied nor pickled: it belongs to one client; {named}",
        m.blocking(): named,
        AsyncMap(caller, m._ops): named,
        m.with_timeout(5): named,
        client.get_object(QUEUE, "m").blocking(): named,
        client: "it has connections of its own; pass on its config, and make another client from that",
        client.cluster_service: other,
        client.partition_service: other,
        client.lifecycle_service: other,
        m.get(1): "it waits in this process; pass on its result()",
        Future(): "it waits in this process; pass on its result()",
        transaction: other,
        transaction.get_map("m"): named,
        Sql(client.futures, SqlOperations(simulation.engine)): other,
    }
    for value, text in expected.items():
        for way in WAYS:
            with pytest.raises(TypeError) as refused:
                way(value)
            assert text in str(refused.value)
    transaction.rollback()


def test_the_documented_name_begins_the_text_of_every_surface(simulation: Simulation) -> None:
    m: Map[Any, Any] = simulation.client.get_object(MAP, "m")
    q = simulation.client.get_object(QUEUE, "q")
    caller: Any = simulation.client.futures
    surfaces: list[Any] = [m, m.blocking(), m.with_timeout(1), AsyncMap(caller, m._ops)]
    for surface in surfaces:
        assert str(surface) == 'Map(name="m")'
    assert str(q) == str(q.blocking()) == 'Queue(name="q")'
    assert repr(m.blocking()) == "BlockingMap(name='m')"
    with BlockingTransaction(
        simulation.client.futures.blocking(), TransactionOperations(simulation.engine)
    ) as transaction:
        assert str(transaction.get_map("m")) == 'TransactionalMap(name="m")'
        assert str(transaction) == repr(transaction)
