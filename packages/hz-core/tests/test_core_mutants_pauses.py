"""The exact pauses between attempts and tries: what mutation testing found untested."""

from random import Random
from typing import Any

import pytest

from hz_core.cluster.backoff import Backoff
from hz_core.invocation.retry import FAST_TRIES, pause_before


class Fixed(Random):
    """Gives the same number always."""

    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def random(self) -> float:
        """Return the number."""
        return self.number


def backoff(number: float = 0.5, **options: Any) -> Backoff:
    """Make a back-off without an end, unless `options` say otherwise."""
    defaults = {"initial": 1.0, "maximum": 30.0, "multiplier": 2.0, "jitter": 0.25, "timeout": -1.0}
    return Backoff(**{**defaults, **options}, random=Fixed(number))


def test_pauses_grow_by_the_multiplier_up_to_the_maximum() -> None:
    growing = backoff(multiplier=3.0)
    assert [growing.next_pause(0) for _ in range(6)] == [1, 3, 9, 27, 30, 30]


@pytest.mark.parametrize(("number", "factor"), [(0.0, 0.75), (0.5, 1.0), (0.75, 1.125), (1.0, 1.25)])
def test_jitter_lengthens_and_shortens(number: float, factor: float) -> None:
    assert backoff(number, initial=8.0).next_pause(0) == 8.0 * factor


def test_a_multiplier_beyond_all_floats_gives_the_maximum() -> None:
    huge = backoff(multiplier=1e200)
    assert [huge.next_pause(0) for _ in range(4)] == [1, 30, 30, 30]


def test_a_timeout_of_zero_allows_one_round_without_a_limit() -> None:
    once = backoff(timeout=0.0)
    assert once.left(0) is None
    assert not once.over(1000)
    assert once.next_pause(0) is None


def test_the_last_pause_leaves_time_for_one_round() -> None:
    limited = backoff(timeout=10.0, initial=20.0)
    assert limited.next_pause(0) == 9.0
    assert limited.next_pause(9) is None


@pytest.mark.parametrize(("timeout", "pause"), [(1.0, 0.9), (0.5, 0.45)])
def test_a_tenth_of_a_short_time_is_left(timeout: float, pause: float) -> None:
    short = backoff(timeout=timeout)
    assert short.left(0) == timeout
    assert short.next_pause(0) == pause
    assert short.next_pause(pause) is None


def test_a_pause_that_just_fits_is_not_the_last() -> None:
    fitting = backoff(timeout=4.0, initial=3.0, multiplier=1.0)
    assert fitting.next_pause(0) == 3.0
    assert fitting.next_pause(3.0) == 0.6


def test_tries_pause_after_the_fast_ones_and_double() -> None:
    assert [pause_before(tries, 1.0) for tries in range(FAST_TRIES)] == [0.0] * FAST_TRIES
    later = [pause_before(FAST_TRIES + tries, 0.01) for tries in range(5)]
    assert later == [0.001, 0.002, 0.004, 0.008, 0.01]
    assert pause_before(FAST_TRIES + 10_000, 3600.0) == 3600.0
