"""Arrays of numbers go as blocks: array.array, memoryview, and NumPy's arrays where there is NumPy."""

from __future__ import annotations

import struct
import subprocess
import sys
from array import array
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_serialization import (
    BooleanArray,
    CharArray,
    DoubleArray,
    FloatArray,
    HazelcastSerializationError,
    IntArray,
    LongArray,
    PicklePolicy,
    SerializationConfig,
    SerializationService,
    ShortArray,
)

SERVICES = {order: SerializationService(SerializationConfig(is_big_endian=order == ">")) for order in "><"}
ALLOWING = SerializationService(SerializationConfig(pickle_policy=PicklePolicy.ALLOW))
WIDE = "w" if sys.version_info >= (3, 13) else "u"
KINDS = {
    # array code: Java's type id, struct code
    "h": (-15, "h"),
    "i": (-16, "i"),
    "q": (-17, "q"),
    "f": (-18, "f"),
    "d": (-19, "d"),
}
NUMBERS = {"h": ShortArray, "i": IntArray, "q": LongArray, "f": FloatArray, "d": DoubleArray}


def _data(order: str, type_id: int, code: str, numbers: list[Any]) -> bytes:
    """Java's array, item by item."""
    items = b"".join(struct.pack(order + code, number) for number in numbers)
    return struct.pack(">ii", 0, type_id) + struct.pack(order + "i", len(numbers)) + items


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("code", KINDS)
@given(st.data())
def test_every_block_is_what_its_items_are(code: str, order: str, data: st.DataObject) -> None:
    type_id, packed = KINDS[code]
    bits = struct.calcsize("=" + packed) * 8
    edge = 2 ** (bits - 1)
    number = st.floats(width=32 if bits == 32 else 64) if code in "fd" else st.integers(-edge, edge - 1)
    numbers = data.draw(st.lists(number, max_size=20))
    expected = _data(order, type_id, packed, numbers)
    service = SERVICES[order]
    block = array(code, numbers)
    spread = array(code, [item for number in numbers for item in (number, 0)])
    sources: list[Any] = [
        block,
        memoryview(block),
        memoryview(spread)[::2],
        memoryview(array(code, numbers[::-1]))[::-1],
        memoryview(bytes(memoryview(block))).cast(code),  # type: ignore[call-overload]  # a str is no Literal
        numpy.array(block),
        *(numpy.array(block).astype(f"{other}{'f' if code in 'fd' else 'i'}{bits // 8}") for other in "><"),
        numpy.array(spread)[::2],
    ]
    for source in sources:
        assert service.to_data(source) == expected
        assert service.to_data([source])[12:] == struct.pack(order + "i", type_id) + expected[8:]
    result = service.to_object(expected)
    assert (type(result), array(code, result).tobytes()) == (NUMBERS[code], block.tobytes())
    again = service.read(b"?" + expected + b"?", 1, 1 + len(expected))
    assert array(code, again).tobytes() == block.tobytes()
    assert service.to_data(result) == expected


@pytest.mark.parametrize("code", "hilqfdbB")
def test_every_item_code_has_the_java_array_of_its_size(code: str) -> None:
    block = array(code, [1, 2])
    expected = {1: -12, 2: -15, 4: -16, 8: -17}[block.itemsize] - (2 if code in "fd" else 0)
    for service in SERVICES.values():
        for value in (block, memoryview(block)):
            data = service.to_data(value)
            assert struct.unpack_from(">i", data, 4)[0] == expected
            result = service.to_object(data)
            assert list(result) == [1, 2]
            assert result == (bytes([1, 2]) if code in "bB" else block)


def test_signed_bytes_keep_their_bits() -> None:
    assert SERVICES[">"].to_object(SERVICES[">"].to_data(array("b", [-1, -128, 127]))) == b"\xff\x80\x7f"


def test_other_one_byte_items() -> None:
    service = SERVICES[">"]
    assert service.to_object(service.to_data(memoryview(b"ab").cast("c"))) == b"ab"
    flags = memoryview(bytes([1, 0])).cast("?")
    assert service.to_object(service.to_data(flags)) == BooleanArray([True, False])
    assert service.to_object(service.to_data(memoryview(b"abcdef")[::2])) == b"ace"


def test_arrays_of_characters() -> None:
    for service in SERVICES.values():
        assert service.to_object(service.to_data(array(WIDE, "a\u20ac"))) == CharArray("a\u20ac")
        with pytest.raises(HazelcastSerializationError, match="is not one UTF-16 unit"):
            service.to_data(array(WIDE, "\U0001f600"))


@pytest.mark.parametrize("code", "HILQ")
def test_unsigned_arrays_have_no_java_array(code: str) -> None:
    for value in (array(code, [1]), memoryview(array(code, [1]))):
        with pytest.raises(
            HazelcastSerializationError, match=rf"item type '{code}'.*numbers are signed there"
        ):
            SERVICES[">"].to_data(value)
    assert ALLOWING.to_object(ALLOWING.to_data(array(code, [1]))) == array(code, [1])
    first = SerializationService(SerializationConfig(pickle_policy=PicklePolicy.ALLOW))
    assert first.to_data(array(code, [1])) == ALLOWING.to_data(array(code, [1]))


@pytest.mark.parametrize(
    "view",
    [
        memoryview(bytes(8)).cast("B", (2, 4)),
        memoryview(bytes(8)).cast("i", (2, 1)),
        memoryview(bytes(8)).cast("P"),
    ],
)
def test_views_of_other_shapes_are_refused(view: memoryview) -> None:
    for service in (SERVICES[">"], ALLOWING):
        with pytest.raises(HazelcastSerializationError, match=r"memoryview at \$\['k'\]: Java has no array"):
            service.to_data({"k": view})


@pytest.mark.parametrize(
    ("value", "type_id", "back"),
    [
        (numpy.int8(-5), -3, -5), (numpy.int16(-5), -6, -5), (numpy.int32(-5), -7, -5), (numpy.int64(2**40), -8, 2**40),
        (numpy.uint8(200), -6, 200), (numpy.uint16(50_000), -7, 50_000), (numpy.uint32(2**32 - 1), -8, 2**32 - 1),
        (numpy.uint64(2**64 - 1), -26, 2**64 - 1), (numpy.float16(1.5), -9, 1.5), (numpy.float32(1.5), -9, 1.5),
        (numpy.float64(0.1), -10, 0.1), (numpy.bool_(False), -4, False), (numpy.str_("a"), -11, "a"),
        (numpy.bytes_(b"a"), -12, b"a"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_numbers_of_numpy_have_the_java_type_of_their_width(value: Any, type_id: int, back: Any) -> None:
    for service in SERVICES.values():
        data = service.to_data(value)
        assert struct.unpack_from(">i", data, 4)[0] == type_id
        for result in (service.to_object(data), service.to_object(service.to_data([value]))[0]):
            assert (type(result), result) == (type(back), back)


def test_flags_and_bytes_of_numpy() -> None:
    service = SERVICES[">"]
    assert service.to_object(service.to_data(numpy.array([True, False]))) == BooleanArray([True, False])
    assert service.to_object(service.to_data(numpy.arange(3, dtype="u1"))) == b"\0\1\2"
    assert service.to_object(service.to_data(numpy.array([], dtype="f8"))) == array("d")


OTHERS = [
    numpy.zeros((2, 2)), numpy.array(1.5), numpy.array(["a"]), numpy.array([1], "M8[s]"), numpy.array([1], "u2"),
    numpy.array([1], "e"), numpy.array([1j]), numpy.array([{}], object), numpy.zeros(2, "i4,f8"),
    numpy.datetime64(1, "s"), numpy.complex64(1), numpy.longdouble(1), numpy.ma.MaskedArray([1, 2], [True, False]),
]  # fmt: skip


@pytest.mark.parametrize("value", OTHERS, ids=repr)
def test_what_java_has_no_array_for_is_refused_or_pickled(value: Any) -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"numpy\.\S+ at \$: (Java has no array of|no serializer)"
    ):
        SERVICES[">"].to_data(value)
    data = ALLOWING.to_data(value)
    assert struct.unpack_from(">i", data, 4)[0] == -120
    result = ALLOWING.to_object(data)
    assert type(result) is type(value)
    assert repr(result) == repr(value)


def test_a_block_of_a_million_takes_no_object_for_each_item() -> None:
    service = SERVICES[">"]
    for code in "id":
        block = array(code, bytes(array(code).itemsize * 1_000_000))
        data = service.to_data(block)
        assert len(data) == 12 + block.itemsize * 1_000_000
        assert service.to_object(data) == block
        assert service.to_object(service.to_data([block])) == [block]


def test_numpy_is_not_imported_by_itself() -> None:
    code = """
import sys
from array import array
from hz_serialization import SerializationService
class Opaque: pass
service = SerializationService()
service.to_object(service.to_data([array("i", [1]), memoryview(b"a"), {1: 2.5}]))
try:
    service.to_data(Opaque())
except Exception:
    pass
print("numpy" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.strip() == "False"
