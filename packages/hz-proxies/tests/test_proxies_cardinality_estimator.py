"""A cardinality estimator on simulated members: its partition, and the hashes that it sends."""

import pytest

import simulated_harness
from hz_core.testing.simulation import Simulation
from hz_proxies import CARDINALITY_ESTIMATOR
from hz_proxies.cardinality_estimator.hashing import hash64

simulation = simulated_harness.simulation

ADD = "CardinalityEstimator.add"


@pytest.mark.parametrize("name", ["e", "e@a", "ü"])
def test_hashes_go_to_the_partition_of_the_name(simulation: Simulation, name: str) -> None:
    e = simulation.client.get_object(CARDINALITY_ESTIMATOR, name).blocking()
    e.add("a")
    e.add_all([f"v{n}" for n in range(2500)] + ["a"])
    assert e.estimate() == 2501
    sent = [r for m in simulation.cluster.members for r in m.requests if r.method == ADD]
    assert {r.partition_id for r in sent} == {simulation.cluster.partition_of_name(name)}
    assert len(sent) == 2502
    data = simulation.serialization.to_data("a")
    assert sent[0]["hash"] == hash64(data[8:])


def test_a_value_that_is_added_twice_is_sent_once(simulation: Simulation) -> None:
    e = simulation.client.get_object(CARDINALITY_ESTIMATOR, "e").blocking()
    e.add_all(["a"] * 100)
    assert sum(m.count(ADD) for m in simulation.cluster.members) == 1


def test_nothing_is_sent_if_one_value_is_refused(simulation: Simulation) -> None:
    e = simulation.client.get_object(CARDINALITY_ESTIMATOR, "e")
    with pytest.raises(AssertionError, match="items"):
        e.add_all(["a", None])
    assert sum(m.count(ADD) for m in simulation.cluster.members) == 0
