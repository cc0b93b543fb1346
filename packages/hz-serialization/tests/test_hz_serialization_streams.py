"""Every method of ObjectDataOutput and ObjectDataInput."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import pytest

from hz_serialization import HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.api import ObjectDataInput, ObjectDataOutput, StreamSerializer


class Probe:
    """Stands for any object; the steps to write and read it are given by the test."""


class ProbeSerializer(StreamSerializer):
    """Calls what the test wants called."""

    def __init__(
        self, write: Callable[[ObjectDataOutput], Any], read: Callable[[ObjectDataInput], Any]
    ) -> None:
        self._write, self._read = write, read

    def get_type_id(self) -> int:
        return 1

    def write(self, out: ObjectDataOutput, obj: Any) -> None:
        self._write(out)

    def read(self, inp: ObjectDataInput) -> Any:
        return self._read(inp)


def _service(
    write: Callable[[ObjectDataOutput], Any], read: Callable[[ObjectDataInput], Any], big: bool = True
) -> SerializationService:
    serializer = ProbeSerializer(write, read)
    return SerializationService(
        SerializationConfig(custom_serializers={Probe: serializer}, is_big_endian=big)
    )


def _payload(write: Callable[[ObjectDataOutput], Any], big: bool = True) -> str:
    return _service(write, lambda inp: None, big).to_data(Probe())[8:].hex()


SYMMETRIC = [
    ("boolean", True, "01", "01"),
    ("boolean", False, "00", "00"),
    ("byte", -2, "fe", "fe"),
    ("short", -500, "fe0c", "0cfe"),
    ("char", "é", "00e9", "e900"),
    ("char", "\ud83d", "d83d", "3dd8"),
    ("int", 56789, "0000ddd5", "d5dd0000"),
    ("long", -50992225, "fffffffffcf5eb9f", "9febf5fcffffffff"),
    ("float", 1.5, "3fc00000", "0000c03f"),
    ("double", 1.5, "3ff8000000000000", "000000000000f83f"),
    ("string", "hé", "0000000368c3a9", "0300000068c3a9"),
    ("utf", None, "ffffffff", "ffffffff"),
    ("utf", "", "00000000", "00000000"),
    ("byte_array", bytearray(b"\1\xff"), "0000000201ff", "0200000001ff"),
    ("boolean_array", [True, False], "000000020100", "020000000100"),
    ("char_array", ["a", "é"], "00000002006100e9", "020000006100e900"),
    ("int_array", [1, -2], "0000000200000001fffffffe", "0200000001000000feffffff"),
    ("long_array", [-2], "00000001fffffffffffffffe", "01000000feffffffffffffff"),
    ("double_array", [1.5], "000000013ff8000000000000", "01000000000000000000f83f"),
    ("float_array", [1.5], "000000013fc00000", "010000000000c03f"),
    ("short_array", [1, -2], "000000020001fffe", "020000000100feff"),
    ("string_array", ["a", None], "000000020000000161ffffffff", "020000000100000061ffffffff"),
    ("utf_array", ["a"], "000000010000000161", "010000000100000061"),
    (
        "object",
        [None, 1],
        "ffffffe30000000200000000fffffff900000001",
        "e3ffffff0200000000000000f9ffffff01000000",
    ),
    ("object", None, "00000000", "00000000"),
]


@pytest.mark.parametrize(("kind", "value", "big", "little"), SYMMETRIC)
def test_what_is_written_is_read(kind: str, value: Any, big: str, little: str) -> None:
    def write(out: ObjectDataOutput) -> None:
        getattr(out, f"write_{kind}")(value)

    def read(inp: ObjectDataInput) -> Any:
        result = getattr(inp, f"read_{kind}")()
        assert inp.position() == inp.size()
        return result

    assert _payload(write) == big
    assert _payload(write, big=False) == little
    for order in (True, False):
        service = _service(write, read, order)
        result = service.to_object(service.to_data(Probe()))
        assert result == value
        assert type(result) is type(value)


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in SYMMETRIC if kind.endswith("_array")}))
def test_a_null_array_is_minus_one(kind: str) -> None:
    def write(out: ObjectDataOutput) -> None:
        getattr(out, f"write_{kind}")(None)

    service = _service(write, lambda inp: [getattr(inp, f"read_{kind}")(), inp.position()])
    assert service.to_data(Probe())[8:].hex() == "ffffffff"
    assert service.to_object(service.to_data(Probe())) == [None, 12]


@pytest.mark.parametrize("kind", sorted({kind for kind, *_ in SYMMETRIC}))
def test_reading_past_the_end_is_a_named_error(kind: str) -> None:
    service = _service(lambda out: None, lambda inp: getattr(inp, f"read_{kind}")())
    with pytest.raises(HazelcastSerializationError, match="Cannot read the value"):
        service.to_object(service.to_data(Probe()))


def test_unsigned_readings() -> None:
    def write(out: ObjectDataOutput) -> None:
        out.write_byte(255)
        out.write_byte(-1)
        out.write_short(-1)

    service = _service(
        write, lambda inp: [inp.read_unsigned_byte(), inp.read_byte(), inp.read_unsigned_short()]
    )
    assert service.to_object(service.to_data(Probe())) == [255, -1, 65535]


def test_text_without_length() -> None:
    assert _payload(lambda out: out.write_bytes("aé\u0142")) == "61e942"
    assert _payload(lambda out: out.write_chars("a\U0001f600")) == "0061d83dde00"
    assert _payload(lambda out: out.write_chars("a"), big=False) == "6100"


def test_blocks_without_length() -> None:
    assert _payload(lambda out: out.write_from(b"abcdef")) == b"abcdef".hex()
    assert _payload(lambda out: out.write_from(bytearray(b"abcdef"), 1, 2)) == b"bc".hex()
    assert _payload(lambda out: out.write_from(memoryview(b"abcdef"), 4)) == b"ef".hex()
    for offset, length in ((0, 7), (-1, 2), (7, None), (3, -1)):
        with pytest.raises(HazelcastSerializationError, match="in a buffer of 6"):
            _payload(lambda out, begin=offset, size=length: out.write_from(b"abcdef", begin, size))  # type: ignore[misc]  # a lambda's defaults cannot be typed


def test_reading_into_a_buffer_and_skipping() -> None:
    def read(inp: ObjectDataInput) -> Any:
        buffer = bytearray(6)
        whole = inp.read_into(buffer, 1, 2)
        assert inp.skip_bytes(1) == 1
        rest = inp.read_into(buffer, 4)
        assert inp.skip_bytes(100) == 1
        return [bytes(whole), bytes(rest), bytes(buffer), inp.position(), inp.size()]

    service = _service(lambda out: out.write_from(b"abcdef"), read)
    assert service.to_object(service.to_data(Probe())) == [b"ab", b"de", b"\0ab\0de", 14, 14]
    for offset, length, reason in ((5, 2, "no room"), (0, 7, "no room"), (None, None, "only 6 bytes follow")):
        greedy = _service(
            lambda out: out.write_from(b"abcdef"),
            lambda inp, begin=offset, size=length: inp.read_into(  # type: ignore[misc]  # as above
                bytearray(6 if size or begin else 9), begin, size
            ),
        )
        with pytest.raises(HazelcastSerializationError, match=reason):
            greedy.to_object(greedy.to_data(Probe()))


def test_blocks_of_numbers_are_taken_as_arrays() -> None:
    numbers = array("i", [1, -2])
    assert _payload(lambda out: out.write_int_array(numbers)) == "0000000200000001fffffffe"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("byte", 256), ("byte", -129), ("short", 2**15), ("int", 2**31), ("long", 2**63), ("float", 1e300),
        ("char", "ab"), ("char", "\U0001f600"), ("string", 5), ("object", 2**31),
        ("int_array", [2**31]), ("short_array", ["a"]), ("char_array", ["ab"]), ("string_array", [5]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_named_error(kind: str, value: Any) -> None:
    with pytest.raises(HazelcastSerializationError, match="Cannot serialize"):
        _payload(lambda out: getattr(out, f"write_{kind}")(value))


def test_byte_order_and_copy_of_the_bytes() -> None:
    seen: list[Any] = []

    def write(out: ObjectDataOutput) -> None:
        out.write_int(1)
        copy = out.to_byte_array()
        seen.append((out.get_byte_order(), bytes(copy)))
        copy.clear()

    for order, name in ((True, "BIG_ENDIAN"), (False, "LITTLE_ENDIAN")):
        service = _service(write, lambda inp: inp.get_byte_order(), order)
        data = service.to_data(Probe())
        assert service.to_object(data) == name
        assert seen[-1][0] == name
        assert seen[-1][1][8:] == data[8:]
