"""Keys of calls, and how long results are kept: without a cluster."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from hz_frameworks.caching.keys import key_maker
from hz_frameworks.caching.policy import Found, Policy
from hz_frameworks.pickled import dumped, loaded


class Colour(Enum):
    RED = 1


def function(a: Any, b: Any = 2, *rest: Any, c: Any = None, **more: Any) -> None:
    """Only for its signature."""


def test_equal_arguments_give_one_key() -> None:
    key = key_maker(function)
    assert key(1) == key(a=1) == key(1, 2) == key(1, b=2, c=None)
    assert key(1, c={"x": 1, "y": 2}) == key(1, c={"y": 2, "x": 1})
    assert key(1, x=1, y=2) == key(1, y=2, x=1)
    assert key({3, 1, 2}) == key(frozenset([1, 2, 3]))
    assert key((1, 2)) == key([1, 2])
    assert key(1).endswith("test_frameworks_keys.function(a=1, b=2, rest=[], c=None, more={})")


def test_different_arguments_give_different_keys() -> None:
    key = key_maker(function)
    plain: list[Any] = [1, True, 1.0, "1", b"1", None, Decimal(1), date(2026, 1, 2), Colour.RED]
    collections: list[Any] = [
        [1],
        {1: 1},
        {1},
        ["1, 2"],
        ["1", "2"],
        [[1], 2],
        [1, [2]],
        ["a', 'b"],
        ["a", "b"],
    ]
    values = plain + collections
    assert len({key(value) for value in values}) == len(values)

    def other(a: Any) -> None:
        pass

    assert key_maker(other)(1) != key(1)


def test_what_has_no_clear_text_is_refused() -> None:
    @dataclass
    class Thing:
        n: int

    for value in (Thing(1), object(), [Thing(1)], {1: Thing(1)}):
        with pytest.raises(
            TypeError, match=r"function cannot be cached by its argument a, a \w+: .*Pass a function as `key`"
        ):
            key_maker(function)(value)


def test_a_result_is_fresh_then_stale_then_gone() -> None:
    now = 1000.0
    policy = Policy(ttl=10, jitter=0.5, stale=5, now=lambda: now, chance=lambda: 0.4)
    stored, seconds = policy.stored("v")
    assert (stored, seconds) == ([1008.0, "v"], 14.0)
    ages = [
        (1007.9, Found("v", True)),
        (1008.0, Found("v", False)),
        (1012.9, Found("v", False)),
        (1013.0, None),
    ]
    for age, found in ages:
        now = age
        assert policy.found(stored) == found
    assert policy.found(None) is None
    now = 1008.0
    assert Policy(ttl=10, now=lambda: now).found(stored) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ttl": 0}, "ttl must be a positive number of seconds, not 0"),
        ({"ttl": 1, "jitter": 1}, "jitter must be from 0 to less than 1"),
        ({"ttl": 1, "stale": -1}, "stale must be 0 or more seconds"),
        ({"ttl": 1, "lease": 0}, "lease must be a positive number"),
    ],
)
def test_wrong_numbers(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Policy(**options)


@pytest.mark.parametrize(
    "value", [0, -(2**31), 2**31 - 1, 2**31, True, None, "7", 1.5, [1, None], {"a": {1}}]
)
def test_values_survive(value: Any) -> None:
    back = loaded(dumped(value))
    assert (type(back), back) == (type(value), value)


def test_only_numbers_are_stored_as_such() -> None:
    assert dumped(5) == 5
    assert isinstance(dumped(True), bytes)
    assert isinstance(dumped(2**31), bytes)
