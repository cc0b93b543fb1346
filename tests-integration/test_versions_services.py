"""A walk through counters, ids, executors and estimators with members of every version that the client speaks with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import hazelcast
from hz_core.errors import StaleTaskError, UnsupportedOperationError
from hz_embedded import Cluster
from map_harness import until_now
from member_side import MemberSide, Task
from test_versions import VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_services(version: str, hazelcast_cluster_factory: Callable[..., Cluster]) -> None:
    side = MemberSide()
    cluster = hazelcast_cluster_factory(version=version, configure=side.configure_objects)
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        for part in (count, generate_ids, estimate, execute, execute_durably, schedule, lack_vectors):
            part(client, version)


def count(client: hazelcast.HazelcastClient, version: str) -> None:
    """A PN counter."""
    counter = client.get_pn_counter("counter").blocking()
    assert [counter.add_and_get(5), counter.get_and_decrement(), counter.get()] == [5, 5, 4]
    counter.reset()
    assert counter.get() == 4
    counter.destroy()


def generate_ids(client: hazelcast.HazelcastClient, version: str) -> None:
    """A flake id generator."""
    generator = client.get_flake_id_generator("ids").blocking()
    assert len({generator.new_id() for _ in range(250)}) == 250


def estimate(client: hazelcast.HazelcastClient, version: str) -> None:
    """A cardinality estimator."""
    estimator = client.get_cardinality_estimator("estimator").blocking()
    estimator.add_all(["a", "b", "a"])
    assert estimator.estimate() == 2


def execute(client: hazelcast.HazelcastClient, version: str) -> None:
    """An executor."""
    executor = client.get_executor("executor").blocking()
    (member,) = client.cluster_service.get_members()
    assert executor.execute_on_key_owner("k", Task("a")) == "did a"
    assert executor.execute_on_members([member], Task("b")) == ["did b"]
    handle = executor.submit_to_member(member, Task("c"))
    assert handle.get_result() == "did c"
    assert handle.cancel() is False


def execute_durably(client: hazelcast.HazelcastClient, version: str) -> None:
    """A durable executor."""
    executor = client.get_durable_executor("durable").blocking()
    task = executor.submit_to_key_owner("k", Task("a"))
    assert executor.get_task(task.task_id()).get_result() == "did a"
    assert task.get_result_and_dispose() == "did a"
    assert task.get_result() is None


def schedule(client: hazelcast.HazelcastClient, version: str) -> None:
    """A scheduled executor."""
    executor = client.get_scheduled_executor("scheduled").blocking()
    (member,) = client.cluster_service.get_members()
    once = executor.schedule(Task("a"), 0)
    assert once.get_result() == "did a"
    rate = executor.schedule_on_member(Task("b"), member, 0, 0.05)
    until_now(lambda: rate.get_statistics().total_runs > 1)
    assert {task.urn() for task in executor.get_all_scheduled_futures()} == {once.urn(), rate.urn()}
    assert rate.cancel() is True
    rate.dispose()
    with pytest.raises(StaleTaskError):
        rate.is_done()
    if version == "4.0":
        with pytest.raises(UnsupportedOperationError, match=r"auto_disposable .* 4\.0"):
            executor.schedule(Task("c"), 0, auto_disposable=True)
    else:
        executor.schedule(Task("c"), 0, auto_disposable=True)
        until_now(lambda: len(executor.get_all_scheduled_futures()) == 1)


def lack_vectors(client: hazelcast.HazelcastClient, version: str) -> None:
    """Vector collections, which open-source members do not have."""
    with pytest.raises(UnsupportedOperationError, match=f"'v' needs .* {version}"):
        client.get_vector_collection("v")
