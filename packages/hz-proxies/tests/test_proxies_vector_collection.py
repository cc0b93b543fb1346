"""Vector collections on simulated members: open-source ones have none."""

from __future__ import annotations

from typing import Any

import pytest

import simulated_harness
from hz_core.errors import HazelcastError, UnsupportedOperationError
from hz_core.testing import VectorCollectionService, VectorConfigService, codes
from hz_core.testing.simulation import Simulation
from hz_proxies import VECTOR_COLLECTION
from hz_proxies.vector_collection import (
    BlockingVectorCollection,
    Document,
    IndexConfig,
    Metric,
    SearchResult,
    Type,
    Vector,
)
from hz_proxies.vector_collection.config import create_config

simulation = simulated_harness.simulation


def dense(*components: float, name: str = "i") -> Vector:
    return Vector(name, Type.DENSE, list(components))


def document(value: Any, *components: float) -> Document:
    return Document(value, dense(*components))


def configure(simulation: Simulation, *indexes: IndexConfig, name: str = "v", **options: Any) -> None:
    simulation.client.blocking.run(create_config(simulation.engine, name, list(indexes), **options))


@pytest.fixture
def collection(simulation: Simulation) -> BlockingVectorCollection:
    configure(simulation, IndexConfig("i", Metric.COSINE, 2))
    return simulation.client.get_object(VECTOR_COLLECTION, "v").blocking()


def test_documents(collection: BlockingVectorCollection) -> None:
    v = collection
    assert v.get("a") is None
    assert v.put("a", document("one", 1, 0)) is None
    assert v.put("a", document("two", 0, 0.5)) == Document("one", [dense(1, 0)])
    assert v.get("a") == Document("two", [dense(0, 0.5)])
    assert v.put_if_absent("a", document("three", 1, 1)) == Document("two", [dense(0, 0.5)])
    assert v.put_if_absent("b", document({"x": [1]}, 1, 1)) is None
    v.set("b", document("four", 1, 1))
    assert v.size() == 2
    assert v.remove("b") == Document("four", [dense(1, 1)])
    assert v.remove("b") is None
    v.delete("a")
    assert v.size() == 0


def test_many_documents(simulation: Simulation, collection: BlockingVectorCollection) -> None:
    documents = {n: document(f"value {n}", n, 1) for n in range(100)}
    collection.put_all(documents)
    assert collection.size() == 100
    assert collection.get(57) == Document("value 57", [dense(57, 1)])
    requests = sum(m.count("VectorCollection.putAll") for m in simulation.cluster.members)
    assert requests == simulation.cluster.partition_count
    collection.put_all({})
    collection.clear()
    assert collection.size() == 0


def test_search(collection: BlockingVectorCollection) -> None:
    collection.put_all(
        {"east": document(1, 1, 0), "north": document(2, 0, 1), "northeast": document(3, 1, 1)}
    )
    found = collection.search_near_vector(dense(0, 5), limit=2)
    assert [(one.key, one.value, one.vectors) for one in found] == [
        ("north", None, []),
        ("northeast", None, []),
    ]
    assert found[0].score == pytest.approx(1)
    (best,) = collection.search_near_vector(dense(7, 0), include_value=True, include_vectors=True, limit=1)
    assert best == SearchResult("east", 1, best.score, [dense(1, 0)])
    assert len(collection.search_near_vector(dense(1, 1))) == 3


def test_what_a_search_asks_for(simulation: Simulation, collection: BlockingVectorCollection) -> None:
    collection.search_near_vector(dense(1, 1), include_vectors=True, limit=3, hints={"efSearch": "40"})
    collection.search_near_vector(dense(1, 1))
    sent = [
        r for m in simulation.cluster.members for r in m.requests if r.method.endswith("searchNearVector")
    ]
    asked = sorted((r["options"] for r in sent), key=lambda options: options[2])
    assert [tuple(options) for options in asked] == [
        (False, True, 3, [("efSearch", "40")]),
        (False, False, 10, None),
    ]


def test_optimize(simulation: Simulation, collection: BlockingVectorCollection) -> None:
    collection.optimize()
    collection.optimize("i")
    (first, second) = simulation.cluster.service(VectorCollectionService).optimized
    assert (first[:2], second[:2]) == (("v", None), ("v", "i"))
    assert first[2] != second[2]


def test_several_indexes_and_errors_of_members(simulation: Simulation) -> None:
    configure(simulation, IndexConfig("a", Metric.DOT, 1), IndexConfig("b", Metric.EUCLIDEAN, 2), name="w")
    v = simulation.client.get_object(VECTOR_COLLECTION, "w").blocking()
    v.put(1, Document("one", [dense(0.5, name="a"), dense(0, 0, name="b")]))
    v.put(2, Document("two", [dense(1, name="a"), dense(3, 4, name="b")]))
    assert [one.key for one in v.search_near_vector(dense(1, name="a"))] == [2, 1]
    assert [one.key for one in v.search_near_vector(dense(0, 1, name="b"))] == [1, 2]
    with pytest.raises(HazelcastError, match="dimension 2"):
        v.put(3, Document("three", [dense(1, name="b")]))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("document", TypeError),
        (Document("v", "vector"), TypeError),  # type: ignore[arg-type]  # which is wrong on purpose
        (Document("v", Vector("i", Type.DENSE, "ab")), TypeError),  # type: ignore[arg-type]  # likewise
        (Document("v", Vector("i", 0, [1.0])), TypeError),  # type: ignore[arg-type]  # likewise
        (Document("v", dense()), ValueError),
        (Document("v", dense(float("nan"))), ValueError),
        (Document("v", dense(1e39)), ValueError),
        (Document(None, dense(1)), AssertionError),
        (None, AssertionError),
    ],
)
def test_wrong_documents(
    simulation: Simulation, collection: BlockingVectorCollection, wrong: Any, error: type[Exception]
) -> None:
    sent = sum(len(m.requests) for m in simulation.cluster.members)
    for operation in (collection.put, collection.set, collection.put_if_absent):
        with pytest.raises(error):
            operation("k", wrong)
    with pytest.raises(error):
        collection.put_all({"good": document("v", 1, 1), "k": wrong})
    with pytest.raises(AssertionError, match="key"):
        collection.put(None, document("v", 1, 1))
    assert sum(len(m.requests) for m in simulation.cluster.members) == sent


@pytest.mark.parametrize("limit", [0, -1, 2**31])
def test_wrong_limits(collection: BlockingVectorCollection, limit: int) -> None:
    with pytest.raises(ValueError, match="limit"):
        collection.search_near_vector(dense(1, 1), limit=limit)


def test_the_configuration(simulation: Simulation) -> None:
    index = IndexConfig("i", Metric.DOT, 3, max_degree=8, ef_construction=50, use_deduplication=False)
    configure(simulation, index, IndexConfig("j", Metric.EUCLIDEAN, 4), backup_count=2, merge_batch_size=7)
    (request,) = simulation.cluster.service(VectorConfigService).requests
    assert [tuple(one) for one in request["indexConfigs"]] == [
        ("i", 2, 3, 8, 50, False),
        ("j", 0, 4, 32, 100, True),
    ]
    rest = {name: value for name, value in request.named.items() if name != "indexConfigs"}
    assert rest == {
        "name": "v",
        "backupCount": 2,
        "asyncBackupCount": 0,
        "splitBrainProtectionName": None,
        "mergePolicy": "PutIfAbsentMergePolicy",
        "mergeBatchSize": 7,
        "userCodeNamespace": None,
    }


def test_wrong_configurations(simulation: Simulation) -> None:
    index = IndexConfig("i", Metric.DOT, 3)
    with pytest.raises(ValueError, match="indexes"):
        configure(simulation)
    with pytest.raises(ValueError, match="backup_count"):
        configure(simulation, index, backup_count=4, async_backup_count=3)
    with pytest.raises(ValueError, match="backup_count"):
        configure(simulation, index, backup_count=-1)
    with pytest.raises(TypeError, match="IndexConfig"):
        configure(simulation, "index")  # type: ignore[arg-type]  # which is wrong on purpose
    with pytest.raises(ValueError, match="dimension"):
        IndexConfig("i", Metric.DOT, 0)
    with pytest.raises(TypeError, match="metric"):
        IndexConfig("i", 2, 3)  # type: ignore[arg-type]  # which is wrong on purpose


def test_members_without_vector_collections(simulation: Simulation) -> None:
    for member in simulation.cluster.members:
        member.rule(
            "DynamicConfig.addVectorCollectionConfig",
            lambda request: request.error(
                *codes.UNSUPPORTED, message="Unrecognized client message received with type: 0x1b1400"
            ),
        )
        member.rule(
            "Client.createProxy",
            lambda request: request.error(
                *codes.HAZELCAST, message="Service with name 'hz:service:vector' not found!"
            ),
        )
    with pytest.raises(UnsupportedOperationError, match=r"create_vector_collection_config needs .* 5\.7\.0"):
        configure(simulation, IndexConfig("i", Metric.DOT, 3))
    with pytest.raises(UnsupportedOperationError, match=r"collection 'v' needs .* 5\.7\.0"):
        simulation.client.get_object(VECTOR_COLLECTION, "v")


def test_another_error_of_the_creation_stays_as_it_is(simulation: Simulation) -> None:
    for member in simulation.cluster.members:
        member.rule("Client.createProxy", lambda request: request.error(*codes.HAZELCAST, message="no room"))
    with pytest.raises(HazelcastError, match="no room") as caught:
        simulation.client.get_object(VECTOR_COLLECTION, "v")
    assert not isinstance(caught.value, UnsupportedOperationError)


def test_the_only_vector_of_a_document() -> None:
    assert Document("v", dense(1)).vector == dense(1)
    assert Document("v", [dense(1), dense(2)]).vector == dense(1)
