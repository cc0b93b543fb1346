"""Arguments of an index that the client refuses."""

from typing import Any

import pytest

import simulated_harness
from hz_core.testing.simulation import Simulation
from hz_proxies import MAP

simulation = simulated_harness.simulation


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({}, ValueError, "at least one attribute"),
        ({"attributes": []}, ValueError, "at least one attribute"),
        ({"attributes": "age"}, TypeError, "list of names"),
        ({"attributes": [1]}, TypeError, "must be a string"),
        ({"attributes": [None]}, TypeError, "must be a string"),
        ({"attributes": [""]}, ValueError, "must not be empty"),
        ({"attributes": [" "]}, ValueError, "must not be empty"),
        ({"attributes": ["age."]}, ValueError, "end with a dot"),
        ({"attributes": ["age", "this.age"]}, ValueError, "must be distinct"),
        ({"attributes": [f"a{n}" for n in range(256)]}, ValueError, "at most 255"),
        ({"attributes": ["age"], "index_type": "TREE"}, TypeError, "index_type must be one of"),
        ({"attributes": ["age"], "index_type": 7}, TypeError, "index_type must be one of"),
        ({"attributes": ["a", "b"], "index_type": "BITMAP"}, ValueError, "one attribute, not 2"),
        (
            {"attributes": ["a"], "index_type": "BITMAP", "bitmap_index_options": {"unique": "b"}},
            ValueError,
            "unknown bitmap index option 'unique'",
        ),
        (
            {
                "attributes": ["a"],
                "index_type": "BITMAP",
                "bitmap_index_options": {"unique_key_transformation": "DOUBLE"},
            },
            TypeError,
            "unique_key_transformation must be one of",
        ),
    ],
)
def test_bad_arguments(
    simulation: Simulation, arguments: dict[str, Any], error: type[Exception], text: str
) -> None:
    m = simulation.client.get_object(MAP, "m").blocking()
    with pytest.raises(error, match=text):
        m.add_index(**arguments)
    assert sum(member.count("Map.addIndex") for member in simulation.cluster.members) == 0
