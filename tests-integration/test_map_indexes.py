"""Indexes of a map, on all three surfaces, as the member sees them."""

from typing import Any

import pytest

from hz_core.config import IndexType, QueryConstants, UniqueKeyTransformation
from hz_embedded import Cluster
from hz_proxies import predicate
from hz_serialization import HazelcastJsonValue
from map_harness import Caller


def indexes(cluster: Cluster, name: str) -> dict[str, Any]:
    """Return the member's statistics of each index of a map, by name."""
    stats = cluster.members[0].instance.getMap(name).getLocalMapStats().getIndexStats()
    return {str(index): stats[index] for index in stats}


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"attributes": ["age"]}, "{}_sorted_age"),
        ({"attributes": ["age"], "index_type": IndexType.HASH}, "{}_hash_age"),
        ({"attributes": ["this.age"], "index_type": "hash"}, "{}_hash_age"),
        ({"attributes": ("name", "age"), "index_type": 0}, "{}_sorted_name_age"),
        ({"attributes": ["age", "name"], "index_type": IndexType.HASH, "name": "mine"}, "mine"),
        ({"attributes": ["age"], "index_type": IndexType.BITMAP}, "{}_bitmap_age"),
        (
            {
                "attributes": ["name"],
                "index_type": "BITMAP",
                "bitmap_index_options": {
                    "unique_key": "age",
                    "unique_key_transformation": UniqueKeyTransformation.LONG,
                },
            },
            "{}_bitmap_name",
        ),
        (
            {
                "attributes": ["age"],
                "index_type": 2,
                "bitmap_index_options": {
                    "unique_key": QueryConstants.KEY_ATTRIBUTE_NAME,
                    "unique_key_transformation": "RAW",
                },
            },
            "{}_bitmap_age",
        ),
    ],
)
async def test_each_kind(caller: Caller, cluster: Cluster, arguments: dict[str, Any], name: str) -> None:
    m = await caller.map()
    assert await m.add_index(**arguments) is None
    await m.put_all({n: HazelcastJsonValue({"age": n, "name": f"name {n}"}) for n in range(100)})
    query = predicate.and_(predicate.equal("age", 42), predicate.equal("name", "name 42"))
    assert await m.key_set(query) == [42]
    found = indexes(cluster, m.name)
    assert list(found) == [name.format(m.name)]
    (stats,) = found.values()
    assert stats.getQueryCount() > 0
