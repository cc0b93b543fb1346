"""The cases of `tests-integration` that need nothing but a client, on simulated members."""

from collections.abc import Callable
from typing import Any

import pytest

import simulated_harness
import test_list
import test_map_bulk
import test_map_dict
import test_map_entries
import test_map_iterators
import test_map_listeners
import test_map_locks
import test_multi_map
import test_multi_map_dict
import test_queue
import test_replicated_map
import test_set
import test_transactions
import test_transactions_collections
import test_transactions_multi_map
from hz_core.testing import QueueService
from hz_core.testing.simulation import Simulation
from hz_proxies import LIST, MAP, MULTI_MAP, QUEUE, SET, predicate
from hz_proxies.events import EntryEventType
from hz_proxies.predicate import Predicate
from map_harness import cases

simulation = simulated_harness.simulation
caller = simulated_harness.caller

PREDICATES: list[tuple[Predicate, Callable[[Any, Any], bool]]] = [
    (predicate.greater_or_equal("this", 10), lambda key, value: bool(value >= 10)),
    (predicate.greater("this", 10), lambda key, value: bool(value > 10)),
    (predicate.greater_or_equal("age", 18), lambda key, value: bool(value.loads()["age"] >= 18)),
]
"""What the simulated members know of the predicates in the cases."""

CALLED = dict(
    cases(
        "caller",
        test_list,
        test_map_bulk,
        test_map_entries,
        test_map_iterators,
        test_map_listeners,
        test_map_locks,
        test_multi_map,
        test_queue,
        test_set,
        test_replicated_map,
        test_transactions,
        test_transactions_collections,
        test_transactions_multi_map,
    )
)
for other in "in_one_partition", "in_some_partitions", "the_journal_as_it_grows":
    del CALLED[f"map_iterators.{other}"]  # predicates that are not known here, and two threads
# A mistake of members, which the simulated ones do not make.
del CALLED["transactions.queries_see_the_changes_of_the_transaction"]
DICTIONARY = dict(cases("m", test_map_dict))
SETS = dict(cases("s", test_set))
QUEUES = dict(cases("full", test_queue))
SEQUENCES = dict(cases("items", test_list))
MULTI_MAPPING = dict(cases("mm", test_multi_map_dict))


def matches(simulation: Simulation) -> Callable[[bytes, bytes, bytes], bool]:
    """Return what lets simulated members evaluate `PREDICATES`."""
    service = simulation.client.serialization
    known = {bytes(service.to_data(query)): function for query, function in PREDICATES}
    return lambda query, key, value: known[bytes(query)](service.to_object(key), service.to_object(value))


@pytest.mark.parametrize("name", CALLED)
async def test_case(name: str, caller: Any) -> None:
    caller.simulation.cluster.matches = matches(caller.simulation)
    await CALLED[name](caller)


@pytest.mark.parametrize("name", DICTIONARY)
def test_mapping(name: str, simulation: Simulation) -> None:
    DICTIONARY[name](simulation.client.get_object(MAP, "m").blocking())


@pytest.mark.parametrize("name", SETS)
def test_python_set(name: str, simulation: Simulation) -> None:
    SETS[name](simulation.client.get_object(SET, "s").blocking())


@pytest.mark.parametrize("name", QUEUES)
def test_python_queue(name: str, simulation: Simulation) -> None:
    simulation.cluster.service(QueueService).state("q").capacity = 2
    queue = simulation.client.get_object(QUEUE, "q").blocking()
    queue.add_all(["a", "b"])
    QUEUES[name](queue)


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequence(name: str, simulation: Simulation) -> None:
    SEQUENCES[name](simulation.client.get_object(LIST, "l").blocking())


@pytest.mark.parametrize("name", MULTI_MAPPING)
def test_multi_mapping(name: str, simulation: Simulation) -> None:
    MULTI_MAPPING[name](simulation.client.get_object(MULTI_MAP, "mm").blocking())


@pytest.mark.parametrize(
    ("operation", "option", "event_type"),
    [
        ("clear", "clear_all_func", EntryEventType.CLEAR_ALL),
        ("evict_all", "evict_all_func", EntryEventType.EVICT_ALL),
    ],
)
async def test_events_of_the_whole_map(caller: Any, operation: str, option: str, event_type: int) -> None:
    await test_map_listeners.test_events_of_the_whole_map(caller, operation, option, event_type)
