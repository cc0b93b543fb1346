"""Numbers that users pass: what is converted, what is refused, and in which words."""

import math
import re
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy
import pytest

from hz_core.arguments import (
    duration,
    int32,
    int64,
    is_negative,
    milliseconds,
    milliseconds_or_default,
    shown,
)

WRONG_TYPES = ["5", "x" * 1000, b"5", True, timedelta(seconds=5), [1], None, 1j, Decimal(1)]
OUT_OF_RANGE = [1e300, 10**30, 10**5000, math.inf, -math.inf, math.nan, -5, -0.001, 9.3e15]


@pytest.mark.parametrize(
    ("seconds", "millis"),
    [
        (0, 0),
        (5, 5000),
        (1.5, 1500),
        (1e-9, 1),
        (2**31, 2**31 * 1000),
        (9_223_372_036_854_775, 9_223_372_036_854_775_000),
        (Fraction(1, 4), 250),
        (numpy.float32(0.5), 500),
        (numpy.int16(2), 2000),
    ],
)
def test_durations_in_milliseconds(seconds: Any, millis: int) -> None:
    assert milliseconds(seconds, "timeout") == millis
    assert milliseconds_or_default(seconds, "ttl") == millis
    assert duration(seconds, "timeout") == seconds


@pytest.mark.parametrize("convert", [milliseconds, milliseconds_or_default, duration])
def test_wrong_durations(convert: Any) -> None:
    for value in WRONG_TYPES:
        if value is None and convert is milliseconds_or_default:
            continue
        with pytest.raises(TypeError, match=r"^timeout must be a number of seconds, not ") as refused:
            convert(value, "timeout")
        assert len(str(refused.value)) < 250
    for value in OUT_OF_RANGE:
        with pytest.raises(
            ValueError, match=r"^timeout must be from 0 to 9223372036854775 seconds, not "
        ) as out_of_range:
            convert(value, "timeout")
        assert len(str(out_of_range.value)) < 250


def test_a_timedelta_is_told_what_to_do() -> None:
    wrong: Any = timedelta(seconds=1)
    with pytest.raises(TypeError, match=re.escape("use its total_seconds()")):
        milliseconds(wrong, "timeout")


def test_the_default_of_members() -> None:
    assert milliseconds_or_default(None, "ttl") == milliseconds_or_default(-1, "ttl") == -1
    assert milliseconds_or_default(-1.0, "ttl") == -1


def test_negative_durations_that_have_a_meaning() -> None:
    assert [is_negative(value) for value in (-1, -0.5, 0, 1, math.nan, "x", None)] == [True, True] + [
        False
    ] * 5


def test_integers() -> None:
    assert (int32(2**31 - 1, "n"), int32(-(2**31), "n"), int64(-(2**63), "n")) == (
        2**31 - 1,
        -(2**31),
        -(2**63),
    )
    five: Any = numpy.int64(5)
    assert type(int32(five, "n")) is int
    for function, bits in ((int32, 32), (int64, 64)):
        for value in (2 ** (bits - 1), -(2 ** (bits - 1)) - 1, 10**5000):
            with pytest.raises(
                ValueError, match=rf"^n must be from -{2 ** (bits - 1)} to {2 ** (bits - 1) - 1}, not"
            ):
                function(value, "n")
        wrong_types: list[Any] = [1.5, "x" * 1000, None, [1]]
        for wrong in wrong_types:
            with pytest.raises(TypeError, match=r"^n must be an integer, not ") as refused:
                function(wrong, "n")
            assert len(str(refused.value)) < 200
    with pytest.raises(ValueError, match=r"^n must be from 1 to 2147483647, not 0"):
        int32(0, "n", 1)


def test_values_in_messages_are_short() -> None:
    assert shown("x") == "'x'"
    assert len(shown("x" * 1000)) == 101
    assert shown(10**5000) == f"a number of {(10**5000).bit_length()} bits"
