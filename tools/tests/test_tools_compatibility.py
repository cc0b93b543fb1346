"""The comparison with the official client's names: it is complete, exact, and finds what it is for."""

from typing import Any

import pytest

import compatibility
from compatibility import ABSENT, Finding, Name, compare, differences, find, gaps, names, page
from compatibility_notes import DIFFERENT

ROWS = names(compatibility.NAMES.read_text(encoding="utf-8"))


def row(parameters: str, *, name: str = "put") -> Name:
    return names(f"5.7\thazelcast.proxy.map\tMap.{name}\tmethod\t({parameters})")[0]


def test_no_gap_in_names_parameters_and_defaults() -> None:
    assert gaps([compare(found) for found in ROWS]) == []


def test_the_page_is_the_one_of_today() -> None:
    found = page([compare(found) for found in ROWS])
    assert compatibility.PAGE.read_text(encoding="utf-8") == found
    assert all(
        f"| `{found_row.name}` |" in found for found_row in ROWS if found_row.module == "hazelcast.client"
    )


def test_both_inventories_are_there() -> None:
    assert {found.release for found in ROWS} == {"4.0", "5.7", "4.0, 5.7"}
    assert {"hazelcast.client", "hazelcast.asyncio", "hazelcast.proxy.list"} <= {
        found.module for found in ROWS
    }
    later = [found for found in ROWS if found.path == "hazelcast.proxy.replicated_map.ReplicatedMap.put"]
    assert [found.parameters for found in later] == [("key", "value", "ttl=0")]


def method(self: Any, key: Any, value: Any, ttl: float | None = None, *, also: int = 0) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    ("parameters", "wrong"),
    [
        ("key, value, ttl=None", []),
        ("key, value", []),
        ("key, value, ttl=-1", ["`ttl=None`, there `-1`"]),
        ("value, key, ttl=None", ["`value` is in another place", "`key` is in another place"]),
        ("key, item", ["no parameter `item`", "`value` is required"]),
        ("key, value=None", ["`value` is required"]),
        ("key, value, ttl=None, also=0", ["`also` is in another place"]),
        ("key, value, ttl=None, *, also=0", []),
        ("key, value, ttl=None, *, also=1", ["`also=0`, there `1`"]),
    ],
)
def test_differences_of_parameters(parameters: str, wrong: list[str]) -> None:
    assert differences(row(parameters), method)[0] == wrong


def test_parameters_that_only_we_have() -> None:
    assert differences(row("key, value"), method) == ([], ["ttl", "also"])


def test_a_name_that_does_not_exist() -> None:
    assert find(row("", name="no_such_method")) is ABSENT
    assert find(row("key, value")) is not ABSENT
    missing = compare(row("", name="no_such_method"))
    assert missing.state == "missing"
    problems = gaps([*(compare(found) for found in ROWS), missing])
    assert problems == ["hazelcast.proxy.map.Map.no_such_method: missing"]


def test_an_explanation_that_nothing_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DIFFERENT, r"hazelcast\.client\.HazelcastClient\.get_map", "of yore")
    problems = gaps([compare(found) for found in ROWS])
    assert problems == [
        r"hazelcast\.client\.HazelcastClient\.get_map: explained, but nothing of that name differs"
    ]


def test_a_difference_without_an_explanation() -> None:
    different = Finding(row("key"), "different", "`value` is required")
    problems = gaps([*(compare(found) for found in ROWS), different])
    assert problems == ["hazelcast.proxy.map.Map.put: different `value` is required"]
