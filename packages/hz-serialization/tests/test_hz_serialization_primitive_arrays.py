"""What Java's primitive arrays are read as: lists that are written as the same arrays again, or what an option says."""

import json
import operator
import sys
from array import array
from typing import Any

import numpy
import pytest

from hz_serialization import (
    ArrayPolicy,
    BooleanArray,
    CharArray,
    DoubleArray,
    FloatArray,
    HazelcastSerializationError,
    IntArray,
    LongArray,
    SerializationConfig,
    SerializationService,
    ShortArray,
)

TYPED: list[Any] = [
    BooleanArray([True, False]),
    CharArray("ab"),
    ShortArray([1, -2]),
    IntArray([1, -2]),
    LongArray([1, -(2**40)]),
    FloatArray([1.5, -2.0]),
    DoubleArray([0.1, -2.0]),
]


def service_with(policy: ArrayPolicy | str = ArrayPolicy.TYPED) -> SerializationService:
    return SerializationService(SerializationConfig(primitive_arrays=policy))


@pytest.mark.parametrize("value", TYPED, ids=lambda value: type(value).__name__)
def test_an_array_is_a_list_and_stays_an_array(value: Any) -> None:
    service = service_with()
    data = service.to_data(value)
    for back in (service.to_object(data), service.to_object(service.to_data([value]))[0]):
        assert type(back) is type(value)
        assert back == list(value)
        assert list(value) == back
        assert not operator.ne(back, list(value))
        assert back != [*value, value[0]]
        assert json.loads(json.dumps(back)) == list(value)
        assert service.to_data(back) == data
        back.append(value[0])
        assert service.to_object(service.to_data(back)) == [*value, value[0]]


@pytest.mark.parametrize("code", "hiqfd")
def test_a_block_equals_what_is_read_of_it(code: str) -> None:
    block = array(code, [1, 2, 3])
    back = service_with().to_object(service_with().to_data(block))
    assert back == block
    assert block == back
    assert not operator.ne(back, block)
    assert back != array(code, [1, 2])
    with pytest.raises(TypeError, match="unhashable"):
        hash(back)


def test_an_item_that_does_not_fit_is_named() -> None:
    text: Any = "x"
    for value, reason in ((IntArray([1, 2**40]), "OverflowError"), (IntArray([1, text]), "TypeError")):
        with pytest.raises(HazelcastSerializationError, match=rf"at \$\['k'\]\[1\]: {reason}"):
            service_with().to_data({"k": value})


@pytest.mark.parametrize("value", TYPED, ids=lambda value: type(value).__name__)
def test_plain_lists(value: Any) -> None:
    back = service_with("list").to_object(service_with().to_data(value))
    assert type(back) is list
    assert back == value


@pytest.mark.parametrize("policy", ["array", "numpy"])
@pytest.mark.parametrize("value", TYPED, ids=lambda value: type(value).__name__)
def test_blocks(policy: str, value: Any) -> None:
    service = service_with(policy)
    data = service_with().to_data(value)
    back: Any = service.to_object(data)
    expected: type[Any] = array if policy == "array" else numpy.ndarray
    if isinstance(value, CharArray) or (policy == "array" and isinstance(value, BooleanArray)):
        expected = type(value)
    assert type(back) is expected
    assert list(back) == list(value)
    assert service.to_data(back) == data
    back[0] = back[1]  # nothing is a view of the reply, which cannot be changed
    assert back[0] == value[1]


def test_null_arrays_and_bytes_are_the_same_with_all() -> None:
    for policy in ArrayPolicy:
        service = service_with(policy)
        assert service.to_object(service.to_data(b"ab")) == b"ab"
        for type_id in range(-19, -12):
            null = bytes(4) + type_id.to_bytes(4, "big", signed=True) + b"\xff" * 4
            assert service.to_object(null) is None


def test_numpy_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(HazelcastSerializationError, match="primitive_arrays is 'numpy', but NumPy"):
        service_with("numpy")


def test_an_unknown_policy() -> None:
    with pytest.raises(ValueError, match="'tuple' is not a valid ArrayPolicy"):
        service_with("tuple")


@pytest.mark.parametrize("policy", ArrayPolicy)
def test_arrays_as_keys_and_items_of_sets_are_tuples(policy: ArrayPolicy) -> None:
    item = service_with().to_data(IntArray([1, 2]))[4:]
    for type_id, expected in ((-37, {(1, 2)}), (-32, {(1, 2): None})):
        count = (1).to_bytes(4, "big")
        null = bytes(4) if type_id == -32 else b""
        data = bytes(4) + type_id.to_bytes(4, "big", signed=True) + count + item + null
        assert service_with(policy).to_object(data) == expected
