"""The directive ``type-table``: the Java classes of Python values, and the results of reading them.

    ```{type-table} written
    ```

Its argument is the name of the table: ``written`` (Python values with a Java class), ``read`` (Java classes that only
members and other clients write) or ``refused`` (Python values without a Java class). The rows below are the only
source of these tables; tools/tests/test_tools_type_table.py compares them with the serialization service.
"""

import sys
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

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
    Integer,
    JavaClass,
    Long,
    LongArray,
    MapEntry,
    ObjectArray,
    Short,
    ShortArray,
    StringArray,
)


class Level(IntEnum):
    """An example of an enumeration."""

    LOW = 1


class Point(NamedTuple):
    """An example of a named tuple."""

    x: int
    y: int


class Words(list[str]):
    """An example of a subclass of a built-in class."""


class Written(NamedTuple):
    """A row for Python values with a Java class.

    Attributes:
        python: Description of the Python type.
        value: An example.
        java: The Java class.
        type_id: Its type id.
        back: The result of reading the example.
        note: Further information.
        config: The options of the service for the example.
    """

    python: str
    value: Any
    java: str
    type_id: int
    back: Any
    note: str = ""
    config: Mapping[str, Any] = {}


class Read(NamedTuple):
    """A row for a Java class that Python reads, but does not write.

    Attributes:
        java: The Java class.
        type_id: Its type id.
        back: The Python type of the result.
        note: Further information.
    """

    java: str
    type_id: int
    back: type
    note: str = ""


class Refused(NamedTuple):
    """A row for Python values without a Java class.

    Attributes:
        python: Description of the Python type or value.
        value: An example.
        instead: What to store instead.
        pickled: Whether the value can be pickled, if ``pickle_policy`` allows it.
    """

    python: str
    value: Any
    instead: str
    pickled: bool = True


_NOW = datetime(2020, 5, 17, 12, 30, 15, 123456)
_OFFSET = timezone(timedelta(hours=5, minutes=45, seconds=7))
_AUTUMN = datetime(2020, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
_UUID = UUID(int=5)
_WIDE = "w" if sys.version_info >= (3, 13) else "u"


def _same(python: str, value: Any, java: str, type_id: int, note: str = "", **config: Any) -> Written:
    return Written(python, value, java, type_id, value, note, config)


WRITTEN: tuple[Written, ...] = (
    _same("`None`", None, "null", 0, "inside other values; maps cannot contain null"),
    _same("`bool`", True, "Boolean", -4),
    _same("`int`", 5, "Integer", -7, "by default; larger numbers are rejected"),
    _same("`int`", 5, "Byte", -3, "`default_int_type=IntType.BYTE`", default_int_type="BYTE"),
    _same("`int`", 5, "Short", -6, "`default_int_type=IntType.SHORT`", default_int_type="SHORT"),
    _same("`int`", 2**40, "Long", -8, "`default_int_type=IntType.LONG`", default_int_type="LONG"),
    _same("`int`", 2**70, "BigInteger", -26, "`default_int_type=IntType.BIG_INT`", default_int_type="BIG_INT"),
    _same("`int`", 300, "Short", -6, "`IntType.VAR`: the smallest sufficient type", default_int_type="VAR"),
    _same("`float`", 1.5, "Double", -10),
    _same("`str`", "\U0001f600\0", "String", -11, "lone surrogates are rejected"),
    Written("`Byte`", Byte(5), "Byte", -3, 5),
    Written("`Short`", Short(5), "Short", -6, 5),
    Written("`Integer`", Integer(5), "Integer", -7, 5),
    Written("`Long`", Long(5), "Long", -8, 5),
    Written("`BigInteger`", BigInteger(5), "BigInteger", -26, 5),
    Written("`Float`", Float(1.5), "Float", -9, 1.5, "32 bits"),
    Written("`Char`", Char("x"), "Character", -5, "x", "one UTF-16 unit"),
    _same("`JavaClass`", JavaClass("java.lang.String"), "Class", -24),
    _same("`bytes`", b"\0\xff", "byte[]", -12),
    Written("`bytearray`", bytearray(b"\0\xff"), "byte[]", -12, b"\0\xff"),
    Written("`memoryview` of bytes", memoryview(b"\0\xff"), "byte[]", -12, b"\0\xff"),
    Written("`array('b')`, `array('B')`", array("b", [-1]), "byte[]", -12, b"\xff"),
    Written("`ShortArray`, `array('h')`", array("h", [1]), "short[]", -15, ShortArray([1])),
    Written("`IntArray`, `array('i')`", array("i", [1]), "int[]", -16, IntArray([1])),
    Written("`LongArray`, `array('q')`", array("q", [1]), "long[]", -17, LongArray([1]),
            "and `array('l')` if it has 64 bits"),
    Written("`FloatArray`, `array('f')`", array("f", [1]), "float[]", -18, FloatArray([1])),
    Written("`DoubleArray`, `array('d')`", array("d", [1]), "double[]", -19, DoubleArray([1])),
    Written("`array('u')`, `array('w')`", array(_WIDE, "ab"), "char[]", -14, CharArray("ab")),
    Written("`memoryview` of numbers", memoryview(array("i", [1, 2, 3]))[::2], "int[]", -16, IntArray([1, 3]),
            "as an array of these items; also if not contiguous"),
    Written("`numpy.ndarray`", numpy.arange(3, dtype=">i4"), "int[]", -16, IntArray([0, 1, 2]),
            "one dimension; bool, int8 to int64, uint8 (byte[]), float32, float64"),
    Written("`numpy.int8` to `numpy.int64`", numpy.int64(5), "Byte, Short, Integer, Long", -8, 5, "by size"),
    Written("`numpy.uint8` to `numpy.uint64`", numpy.uint16(5), "Short, Integer, Long, BigInteger", -7, 5,
            "the next larger type, because Java's types are signed"),
    Written("`numpy.float16`, `numpy.float32`", numpy.float32(1.5), "Float", -9, 1.5),
    Written("`numpy.float64`", numpy.float64(1.5), "Double", -10, 1.5),
    Written("`numpy.bool_`", numpy.bool_(True), "Boolean", -4, True),
    _same("`BooleanArray`", BooleanArray([True]), "boolean[]", -13),
    _same("`CharArray`", CharArray("ab"), "char[]", -14),
    _same("`StringArray`", StringArray(["a", None]), "String[]", -20),
    _same("`ObjectArray`", ObjectArray([1, "a"]), "Object[]", -28),
    _same("`list`", [1, None, "a"], "ArrayList", -29, "for items of any type"),
    Written("`tuple`", (1, "a"), "ArrayList", -29, [1, "a"]),
    Written("`NamedTuple`", Point(1, 2), "ArrayList", -29, [1, 2]),
    Written("subclasses of `list`, `dict`, `str`, ...", Words("ab"), "as the base class", -29, ["a", "b"],
            "unless there is a custom serializer"),
    _same("`dict`", {"a": 1}, "HashMap", -32, "in the order of the items"),
    Written("`OrderedDict`", OrderedDict(b=1, a=2), "HashMap", -32, {"b": 1, "a": 2}),
    Written("`defaultdict`", defaultdict(list, a=[1]), "HashMap", -32, {"a": [1]}),
    Written("`Counter`", Counter("aab"), "HashMap", -32, {"a": 2, "b": 1}),
    _same("`set`", {1, 2}, "HashSet", -37),
    Written("`frozenset`", frozenset([1, 2]), "HashSet", -37, {1, 2}),
    Written("`deque`", deque([1, None], 5), "LinkedList", -30, [1, None]),
    _same("`MapEntry`", MapEntry("k", 1), "AbstractMap.SimpleEntry", -22),
    _same("`UUID`", _UUID, "UUID", -21),
    _same("`Decimal`", Decimal("-1.50"), "BigDecimal", -27, "with its scale; a negative zero becomes positive"),
    _same("`date`", date(2020, 5, 17), "LocalDate", -51, "members since 5.0"),
    _same("`time`", time(12, 30, 15, 123456), "LocalTime", -52, "members since 5.0; without a zone"),
    _same("`datetime` without a zone", _NOW, "LocalDateTime", -53, "members since 5.0; `fold` is lost"),
    _same("`datetime` with a fixed offset", _NOW.replace(tzinfo=_OFFSET), "OffsetDateTime", -54,
          "members since 5.0; whole seconds up to 18 hours"),
    Written("`datetime` with a `ZoneInfo`", _AUTUMN, "OffsetDateTime", -54,
            _AUTUMN.replace(tzinfo=timezone(timedelta(hours=1))), "with the offset at that time"),
    _same("`HazelcastJsonValue`", HazelcastJsonValue('{"a": 1}'), "HazelcastJsonValue", -130),
)  # fmt: skip

READ: tuple[Read, ...] = (
    Read("SimpleImmutableEntry", -23, MapEntry),
    Read("Date", -25, datetime, "aware, in UTC"),
    Read("LinkedList", -30, list),
    Read("CopyOnWriteArrayList", -31, list),
    Read("ConcurrentSkipListMap", -33, dict, "in the order of the entries, like all maps"),
    Read("ConcurrentHashMap", -34, dict),
    Read("LinkedHashMap", -35, dict),
    Read("TreeMap", -36, dict),
    Read("TreeSet", -38, set),
    Read("LinkedHashSet", -39, set),
    Read("CopyOnWriteArraySet", -40, set),
    Read("ConcurrentSkipListSet", -41, set),
    Read("ArrayDeque", -42, list),
    Read("LinkedBlockingQueue", -43, list),
    Read("ArrayBlockingQueue", -44, list),
    Read("PriorityBlockingQueue", -45, list, "in the order of the heap"),
    Read("DelayQueue", -46, list),
    Read("SynchronousQueue", -47, list),
    Read("LinkedTransferQueue", -48, list),
    Read("PriorityQueue", -49, list, "in the order of the heap"),
    Read("Optional", -50, int, "the contained value, or `None`"),
    Read("LocalTime", -52, time, "nanoseconds are truncated to microseconds, for all times"),
)

REFUSED: tuple[Refused, ...] = (
    Refused("`Enum` members, also of `IntEnum`", Level.LOW, "its `value` or `name`, or use a custom serializer"),
    Refused("`timedelta`", timedelta(1), "`total_seconds()`"),
    Refused("`range`", range(3), "a `list`"),
    Refused("`complex`", 1j, "a `list` of two"),
    Refused("other classes", object(), "Compact, Portable, JSON, IdentifiedDataSerializable or a custom serializer"),
    Refused("unsigned arrays", array("H", [1]), "a signed array of larger items"),
    Refused("`numpy.ndarray` of other shapes or items", numpy.zeros((2, 2)), "`ravel()` and the shape"),
    Refused("`memoryview` with several dimensions", memoryview(bytes(4)).cast("B", (2, 2)), "`tobytes()`", False),
    Refused("`Decimal` NaN and infinity", Decimal("NaN"), "a `float` or `str`", False),
    Refused("`time` with a zone", time(1, tzinfo=UTC), "a `datetime`", False),
    Refused("`str` with a lone surrogate", "\ud800", "`encode('utf-16', 'surrogatepass')`", False),
    Refused("an `int` beyond `default_int_type`", 2**31, "`Long(...)`, or use another `default_int_type`", False),
)  # fmt: skip


def written() -> Iterable[tuple[str, ...]]:
    """Return header and rows of the table of written values."""
    yield "Python", "Java", "type id", "read back as", ""
    for row in WRITTEN:
        back = "the same" if type(row.back) is type(row.value) else f"`{type(row.back).__name__}`"
        yield row.python, row.java, str(row.type_id), back, row.note


def read() -> Iterable[tuple[str, ...]]:
    """Return header and rows of the table of classes that are only read."""
    yield "Java", "type id", "read as", ""
    for row in READ:
        yield row.java, str(row.type_id), f"`{row.back.__name__}`", row.note


def refused() -> Iterable[tuple[str, ...]]:
    """Return header and rows of the table of values without a Java class."""
    yield "Python", "store instead", "with pickle, if allowed"
    for row in REFUSED:
        yield row.python, row.instead, "pickled" if row.pickled else "not pickled"


TABLES: Mapping[str, Callable[[], Iterable[tuple[str, ...]]]] = {
    "written": written,
    "read": read,
    "refused": refused,
}


def markdown(name: str) -> str:
    """Return the table ``name`` in Markdown.

    Raises:
        ExtensionError: There is no such table.
    """
    if name not in TABLES:
        raise ExtensionError(f"type-table: there is no table {name!r}; the tables are {', '.join(TABLES)}")
    head, *rows = TABLES[name]()
    return "\n".join(_row(cells) for cells in (head, ["---"] * len(head), *rows))


def _row(cells: Iterable[str]) -> str:
    # Brackets are not links, but belong to Java arrays; in code they need no escapes.
    escaped = (cell if "`" in cell else cell.replace("[", r"\[") for cell in cells)
    return f"| {' | '.join(escaped)} |"


class TypeTable(SphinxDirective):
    """A table of Python and Java types."""

    required_arguments = 1

    def run(self) -> list[Any]:
        """Return the table's nodes."""
        self.env.note_dependency(__file__)
        return list(self.parse_text_to_nodes(markdown(self.arguments[0])))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive."""
    app.add_directive("type-table", TypeTable)
    return {"parallel_read_safe": True}
