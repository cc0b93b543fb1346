"""Bytes made to take memory, time or the call stack: each is refused for what it is, at a bounded cost."""

from __future__ import annotations

import struct
import time
import tracemalloc
from decimal import Decimal

import pytest

from hz_serialization import (
    HazelcastSerializationError,
    PicklePolicy,
    SerializationConfig,
    SerializationService,
)
from hz_serialization.api import (
    IdentifiedDataSerializable,
    ObjectDataInput,
    Portable,
    PortableReader,
    StreamSerializer,
)


class Chain(IdentifiedDataSerializable):
    """Holds another object."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        object_data_input.read_object()


class ChainSerializer(StreamSerializer):
    """As Chain, by type id 1."""

    def get_type_id(self) -> int:
        return 1

    def read(self, inp: ObjectDataInput) -> object:
        return inp.read_object()


class Named(Portable):
    """Holds another in its raw part."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def read_portable(self, reader: PortableReader) -> None:
        reader.get_raw_data_input().read_object()


SERVICES = {
    order: SerializationService(
        SerializationConfig(
            is_big_endian=order == ">",
            data_serializable_factories={1: {1: Chain}},
            portable_factories={1: {1: Named}},
            custom_serializers={ChainSerializer: ChainSerializer},
            pickle_policy=[set],
        )
    )
    for order in "><"
}
MEGABYTE = 1_000_000


def _refusal(order: str, type_id: int, payload: bytes, limit: int = MEGABYTE) -> str:
    """Reads, and holds the memory that it takes to ``limit`` and the time to a second."""
    data = struct.pack(">ii", 0, type_id) + payload
    tracemalloc.start()
    begin = time.monotonic()
    try:
        with pytest.raises(HazelcastSerializationError) as caught:
            SERVICES[order].to_object(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit
    assert time.monotonic() - begin < 10
    return str(caught.value)


NESTED = {
    # type id: what stands before the nested object, as struct codes and numbers
    -22: ("", ()),
    -23: ("", ()),
    -28: ("i", (1,)),
    -29: ("i", (1,)),
    -30: ("i", (1,)),
    -31: ("i", (1,)),
    -32: ("i", (1,)),
    -33: ("", ()),  # in the comparator
    -34: ("i", (1,)),
    -35: ("i", (1,)),
    -36: ("", ()),
    -37: ("i", (1,)),
    -38: ("", ()),
    -39: ("i", (1,)),
    -40: ("i", (1,)),
    -41: ("", ()),
    -42: ("i", (1,)),
    -43: ("i", (1,)),
    -44: ("i", (1,)),
    -45: ("", ()),
    -46: ("i", (1,)),
    -47: ("i", (1,)),
    -48: ("i", (1,)),
    -49: ("", ()),
    -50: ("b", (1,)),
    -2: ("bii", (1, 1, 1)),
    1: ("", ()),
}


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize("type_id", NESTED)
def test_endless_nesting_in_every_container(type_id: int, order: str) -> None:
    codes, numbers = NESTED[type_id]
    step = struct.pack(f"{order}{codes}i", *numbers, type_id)
    assert "nested deeper than 128 levels" in _refusal(order, type_id, step * 5_000, 4 * MEGABYTE)


@pytest.mark.parametrize("kinds", [(-29, -32), (-32, -29), (-22, 1, -2, -50), (-37, -28, -38)])
def test_endless_nesting_of_several_kinds(kinds: tuple[int, ...]) -> None:
    payload = b""
    for at, kind in enumerate(kinds):
        codes, numbers = NESTED[kind]
        payload += struct.pack(f">{codes}i", *numbers, kinds[(at + 1) % len(kinds)])
    assert "nested deeper than 128 levels" in _refusal(">", kinds[0], payload * 2_000, 4 * MEGABYTE)


def test_a_list_of_itself_as_key_is_frozen_only_to_the_depth_that_is_read() -> None:
    payload = struct.pack(">ii", 1, -37) * 60 + struct.pack(">i", 0)
    service = SERVICES[">"]
    value = service.to_object(struct.pack(">ii", 0, -37) + payload)
    assert service.to_object(service.to_data(value)) == value


@pytest.mark.parametrize("order", "><")
@pytest.mark.parametrize(
    "type_id", [*range(-20, -11), *range(-49, -27), -26, -27, -11, -24, -120, -130, -101]
)
@pytest.mark.parametrize("count", [2**31 - 1, 2**28, 20_001, -2, -(2**31)])
def test_more_items_than_there_is_room_for(type_id: int, count: int, order: str) -> None:
    comparator = b"\0\0\0\0" if type_id in (-33, -36, -38, -41, -45, -49) else b""
    text = _refusal(order, type_id, comparator + struct.pack(order + "i", count) + bytes(20_000))
    assert "Cannot read the value" in text


def test_objects_cost_in_proportion_to_their_bytes() -> None:
    """The worst ratio that valid bytes reach: empty containers of four bytes of type id and four of count."""
    count = 3_000
    for type_id in (-32, -37, -29, -28):
        data = struct.pack(">iii", 0, -29, count) + struct.pack(">ii", type_id, 0) * count
        tracemalloc.start()
        try:
            assert len(SERVICES[">"].to_object(data)) == count
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < len(data) * 32 + MEGABYTE


@pytest.mark.parametrize("scale", [-(2**31), -999_999_999, 999_999_999, 2**31 - 1])
def test_a_decimal_with_a_huge_scale_stays_small(scale: int) -> None:
    data = struct.pack(">iii", 0, -27, 1) + b"\1" + struct.pack(">i", scale)
    service = SERVICES[">"]
    tracemalloc.start()
    begin = time.monotonic()
    try:
        value = service.to_object(data)
        assert value == Decimal((0, (1,), -scale))
        assert service.to_data(value) == data
        # As a key it is hashed, as an item of a set compared too.
        entry = struct.pack(">i", -27) + data[8:]
        assert service.to_object(struct.pack(">iii", 0, -32, 1) + entry + entry) == {value: value}
        assert service.to_object(struct.pack(">iii", 0, -37, 2) + entry + entry) == {value}
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTE
    assert time.monotonic() - begin < 10


def test_a_decimal_with_too_many_digits_is_refused_before_they_are_computed() -> None:
    payload = struct.pack(">i", MEGABYTE) + b"\x7f" * MEGABYTE + struct.pack(">i", 5)
    assert "at most 32768 are read" in _refusal(">", -27, payload, 8 * MEGABYTE)


def test_a_big_integer_of_a_megabyte_is_read_at_once() -> None:
    digits = b"\x7f" * MEGABYTE
    begin = time.monotonic()
    value = SERVICES[">"].to_object(struct.pack(">iii", 0, -26, MEGABYTE) + digits)
    assert value == int.from_bytes(digits, "big")
    assert time.monotonic() - begin < 5


STREAM = b"\xac\xed\0\5"


@pytest.mark.parametrize(
    "stream", [b"", STREAM[:2], STREAM + b"s" * 10_000, STREAM + b"sr\xff\xff" + b"a" * 10_000, bytes(10_000)]
)
def test_java_streams_are_named_and_not_read(stream: bytes) -> None:
    text = _refusal(">", -100, stream)
    assert "java.io.Serializable, class" in text
    assert len(text) < 1000
    assert "java.io.Externalizable, class x" in _refusal(">", -101, b"\0\0\0\1x" + stream)


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        (STREAM + b"sr\0\x10java.util.BitSetn\xfd\x88", "java.util.BitSet"),
        (STREAM + b"ur\0\x02[Ixx", "[I"),
        (STREAM + b"ur\0\x13[Ljava.lang.String;abc", "[Ljava.lang.String;"),
        (STREAM + b"~r\0\x07a.B$C_1xxx", "a.B$C_1"),
        (STREAM + b"vr\0\x03a.Bxxx", "a.B"),
        (STREAM + b"s}\0\0\0\x02\0\x03a.I\0\x03a.J", "a.I"),
        (STREAM + b"sr\x01\x00" + b"a" * 300, "a" * 256),
        (STREAM + b"sr\0\x10java.util", "unknown"),
        (STREAM + b"sr\0\x03a\nbc", "unknown"),
        (STREAM + b"sr\0\0", "unknown"),
        (STREAM + b"sr", "unknown"),
        (STREAM + b"t\0\x03abc", "unknown"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_the_name_of_a_java_class_ends_where_its_length_says(stream: bytes, name: str) -> None:
    assert f"java.io.Serializable, class {name}: " in _refusal(">", -100, stream)


@pytest.mark.parametrize("size", [-1, -2, 2**31 - 1, 10_001])
def test_pickles_without_their_bytes(size: int) -> None:
    for policy in (PicklePolicy.ALLOW, PicklePolicy.DENY, [set]):
        service = SerializationService(SerializationConfig(pickle_policy=policy))
        with pytest.raises(HazelcastSerializationError, match=r"length"):
            service.to_object(struct.pack(">iii", 0, -120, size) + bytes(10_000))


def test_a_portable_within_its_own_raw_part_is_refused_at_the_depth_that_all_are() -> None:
    # factory, class, version, end, no fields, the raw part right behind; the object there is the next one.
    payload, pos = b"", 8
    for _ in range(2_000):
        raw = pos + 24 + 4
        payload += struct.pack(">iiiiii", 1, 1, 0, 2**20, 0, raw - 4) + struct.pack(">i", -1)
        pos = raw
    assert "Cannot read the value" in _refusal(">", -1, payload.ljust(2**20 - 8, b"\0"), 8 * MEGABYTE)
