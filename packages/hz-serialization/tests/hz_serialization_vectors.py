"""``Data`` that Java wrote, with the Python values they stand for. Not a test module: several test modules read it."""

import struct
from array import array
from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from hz_serialization import (
    BigInteger,
    BooleanArray,
    Byte,
    Char,
    CharArray,
    DoubleArray,
    Float,
    FloatArray,
    HazelcastJsonValue,
    IntArray,
    JavaClass,
    Long,
    LongArray,
    MapEntry,
    ObjectArray,
    Short,
    ShortArray,
    StringArray,
)

_DATA = Path(__file__).parent / "data"
_MINUS_3 = timezone(timedelta(hours=-3))
_FLOAT = struct.unpack(">f", struct.pack(">f", 900.5678))[0]
_UUID = UUID(int=(-50992225 & 0xFFFFFFFFFFFFFFFF) << 64 | 56789)
_MAPS = ("HashMap", "ConcurrentSkipListMap", "ConcurrentHashMap", "LinkedHashMap", "TreeMap")
_SETS = ("HashSet", "TreeSet", "LinkedHashSet", "CopyOnWriteArraySet", "ConcurrentSkipListSet")
_QUEUES = ("ArrayDeque", "LinkedBlockingQueue", "ArrayBlockingQueue", "LinkedTransferQueue")


class Vector(NamedTuple):
    """One ``Data``; ``hash`` is ``None`` where the file does not give it."""

    name: str
    is_big_endian: bool
    data: bytes
    hash: int | None

    @property
    def base_name(self) -> str:
        """The name without the file it is from."""
        return self.name.partition(".")[2]

    @property
    def is_from_member(self) -> bool:
        """Whether a running member wrote it, and not the generator of the compatibility file."""
        return self.name.startswith("member.")


def vector_id(vector: Vector) -> str:
    """Return the name of a vector in a test's id."""
    return f"{vector.name}-{'big' if vector.is_big_endian else 'little'}"


def _member_file() -> Iterator[Vector]:
    for line in (_DATA / "serialization-5.7.0.tsv").read_text("utf-8").splitlines():
        name, data, partition_hash, *_ = [*line.split("\t"), ""]
        if not line.startswith("#") and data != "null":
            yield Vector(f"member.{name}", True, bytes.fromhex(data), int(partition_hash))


def _compatibility_file() -> Iterator[Vector]:
    content = (_DATA / "1.serialization.compatibility.binary").read_bytes()
    pos = 0
    while pos < len(content):
        size = struct.unpack_from(">H", content, pos)[0]
        name = content[pos + 2 : pos + 2 + size].decode()
        pos += 2 + size
        size = struct.unpack_from(">i", content, pos)[0]
        pos += 4
        if size >= 0:
            base, order = name.removeprefix("1-").rsplit("-", 1)
            yield Vector(f"compatibility.{base}", order == "BIG_ENDIAN", content[pos : pos + size], None)
            pos += size


def all_vectors() -> list[Vector]:
    """Return the vectors of both files."""
    return [*_member_file(), *_compatibility_file()]


def value_of(vector: Vector) -> Any:
    """Return the value that reading gives.

    Raises:
        KeyError: The vector is of a type that is not read without classes or definitions.
    """
    values = VALUES if vector.is_from_member else {**VALUES, **_COMPATIBILITY}
    return values[vector.base_name]


VALUES: dict[str, Any] = {
    "Byte": 113,
    "Boolean": True,
    "Boolean.true": True,
    "Boolean.false": False,
    "Character": "x",
    "Character.e-acute": "é",
    "Short": -500,
    "Integer": 56789,
    "Integer.neg": -1,
    "Long": -50992225,
    "Float": _FLOAT,
    "Double": -897543.3678909,
    "String": "this > 5 AND this < 100",
    "String.empty": "",
    "String.unicode": "hé€ \U0001f600 \0",
    "String.pk": "pk",
    "String.at": "key@part",
    "UUID": _UUID,
    "byte[]": b"\x70\x04\xff",
    "byte[].empty": b"",
    "boolean[]": BooleanArray([True, False, True]),
    "char[]": CharArray("aé"),
    "short[]": ShortArray([-500, 2]),
    "int[]": IntArray([56789, 2]),
    "long[]": LongArray([-50992225, 2]),
    "float[]": FloatArray(array("f", [_FLOAT, 1.0])),
    "double[]": DoubleArray([-897543.3678909, 1.0]),
    "String[]": StringArray(["a", None, "é"]),
    "Object[]": ObjectArray(["a", None, 1]),
    "SimpleEntry": MapEntry("k", 1),
    "SimpleImmutableEntry": MapEntry("k", 1),
    "Date": datetime(2021, 6, 28, 11, 22, 41, 123000, UTC),
    "Class": JavaClass("java.math.BigDecimal"),
    "BigInteger": 1314432323232411,
    "BigInteger.neg": -129,
    "BigInteger.zero": 0,
    "BigDecimal": Decimal("31231.12331"),
    "BigDecimal.negscale": Decimal("-12e3"),
    "ArrayList": ["a", None, 1],
    "ArrayList.empty": [],
    "LinkedList": ["a", None, 1],
    "CopyOnWriteArrayList": ["a", None, 1],
    **{name: {"a": 1, "b": 2} for name in _MAPS},
    **{name: {1, 2, 3} for name in _SETS},
    **{name: [3, 1, 2] for name in _QUEUES},
    "PriorityBlockingQueue": [1, 3, 2],
    "PriorityQueue": [1, 3, 2],
    "DelayQueue": [],
    "SynchronousQueue": [],
    "LocalDate": date(2021, 6, 28),
    "LocalTime": time(11, 22, 41, 123456),
    "LocalDateTime": datetime(2021, 6, 28, 11, 22, 41, 123456),
    "OffsetDateTime": datetime(2021, 6, 28, 11, 22, 41, 123456, _MINUS_3),
    "Optional": 1,
    "HazelcastJsonValue": HazelcastJsonValue('{"a":1}'),
}

_COMPATIBILITY: dict[str, Any] = {
    "String": "".join(map(chr, (*range(0xD800), *range(0xE000, 0xFFFF)))).ljust(65535, "\0"),
    "byte[]": b"\x70\x04\xff\x04\x70\xdd\x2b",
    "char[]": CharArray("abc"),
    "double[]": DoubleArray([-897543.3678909, 11.1, 22.2, 33.3]),
    "short[]": ShortArray([-500, 2, 3]),
    "float[]": FloatArray(array("f", [900.5678, 1.0, 2.1, 3.4])),
    "int[]": IntArray([56789, 2, 3]),
    "long[]": LongArray([-50992225, 1231232141, 2, 3]),
    "String[]": StringArray(
        [
            "Pijamal\u0131 hasta, ya\u011f\u0131z şoföre çabucak güvendi.",
            "イロハニホヘト チリヌルヲ ワカヨタレソ ツネナラム",
            "The quick brown fox jumps over the lazy dog",
        ]
    ),
    "OffsetDateTime": datetime(2021, 6, 28, 11, 22, 41, 123456, timezone(timedelta(hours=18))),
}

WRITTEN_AS: dict[str, Any] = {
    "Byte": Byte,
    "Short": Short,
    "Long": Long,
    "Float": Float,
    "Character": Char,
    "Character.e-acute": Char,
    "BigInteger": BigInteger,
    "BigInteger.neg": BigInteger,
    "BigInteger.zero": BigInteger,
    "LinkedList": deque,
}
"""The class that makes Python write the value as the Java type it came from."""

_MAP = "a dict is a HashMap, whatever map it was read from"
_SET = "a set is a HashSet, whatever set it was read from"
_LIST = "a list is an ArrayList, whatever queue or list it was read from"
NOT_WRITTEN = {
    **dict.fromkeys(_MAPS[1:], _MAP),
    **dict.fromkeys(_SETS[1:], _SET),
    **dict.fromkeys((*_QUEUES, "PriorityBlockingQueue", "PriorityQueue"), _LIST),
    **dict.fromkeys(("DelayQueue", "SynchronousQueue", "CopyOnWriteArrayList"), _LIST),
    "SimpleImmutableEntry": "a MapEntry is a SimpleEntry",
    "Date": "a datetime with a zone is an OffsetDateTime",
    "Optional": "it is read as what is in it",
}
"""Java types that are read as a Python type that is written as another Java type, and why."""

NANOSECONDS = {"LocalTime", "LocalDateTime", "OffsetDateTime"}
"""Python's times end at microseconds. The members' own vectors have nanoseconds, the compatibility file's none."""

_STREAM = "written by Java's own serialization, as a stream that only Java reads"
NOT_READ = {
    **dict.fromkeys(
        ("List.of", "Arrays.asList", "EnumMap", "LinkedBlockingDeque", "Instant", "ZonedDateTime"), _STREAM
    ),
    **dict.fromkeys(("Instant", "ZonedDateTime", "Enum", "Serializable", "Externalizable"), _STREAM),
    "DataSerializable": "a class without ids, which is found by its Java name",
}
"""Entries that no Python class can stand for, and why."""

_QUERY_PARTS = ("Predicate", "Aggregator", "Projection")


def kind_of(vector: Vector) -> str:
    """Return what a vector needs to be read and written.

    That is nothing ("built-in"), the client's own classes ("query"), classes of the user ("user"), one of the formats
    with definitions of their own ("Portable", "Compact"), or Java.
    """
    name = vector.base_name
    if name in NOT_READ:
        return "Java"
    if name.startswith(("pred.", "agg.", "proj.")) or name.endswith(_QUERY_PARTS):
        return "query"
    if name.startswith(("Portable", "APortable", "AnInnerPortable")):
        return "Portable"
    if name.startswith("Compact."):
        return "Compact"
    if name in USER or (not vector.is_from_member and name in ("ArrayList", "LinkedList")):
        return "user"
    value_of(vector)
    return "built-in"


USER = {
    "IdentifiedDataSerializable",
    "PartitionAware",
    "AnIdentifiedDataSerializable",
    "CustomStreamSerializable",
    "CustomByteArraySerializable",
}
"""Objects of classes that a user writes; the compatibility file's lists hold some of them."""
