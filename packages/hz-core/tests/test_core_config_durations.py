"""Numbers of options that are out of range: durations that no clock can hold, ids of more than 32 bits."""

from datetime import timedelta
from typing import Any

import pytest

from hz_core.config import ClientConfig

DURATIONS = [
    name
    for name, option in ClientConfig.options().items()
    if option.check.expects.startswith("a number") and not name.startswith(("retry_j", "retry_mu"))
]


@pytest.mark.parametrize(
    "value",
    [1e300, 10**30, 10**5000, float("inf"), float("nan"), -5],
    ids=["large", "large int", "huge int", "inf", "nan", "negative"],
)
@pytest.mark.parametrize("name", DURATIONS)
def test_durations_that_no_clock_can_hold(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be ") as caught:
        ClientConfig.from_kwargs(**{name: value})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    "value", ["5", "x" * 1000, timedelta(seconds=5)], ids=["text", "long text", "timedelta"]
)
@pytest.mark.parametrize("name", DURATIONS)
def test_durations_that_are_no_numbers(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be a number, not ") as caught:
        ClientConfig.from_kwargs(**{name: value})
    assert len(str(caught.value)) < 200


def test_the_options_with_durations_are_found() -> None:
    assert len(DURATIONS) == 11


@pytest.mark.parametrize("name", ["data_serializable_factories", "portable_factories"])
def test_ids_of_more_than_32_bits(name: str) -> None:
    wrong: list[Any] = [{2**31: {}}, {1: {-(2**31) - 1: int}}]
    for factories in wrong:
        with pytest.raises(ValueError, match=rf"^Keys of {name}.* must be integers of 32 bits"):
            ClientConfig.from_kwargs(**{name: factories})
