"""Python types for Java types without a counterpart in Python.

The arrays and ``MapEntry`` are lists and tuples whose class decides the Java type that they are written as. The
numbers are for writing only: ``Long(5)`` is a java.lang.Long regardless of ``default_int_type``. They are read back
as plain ``int``, ``float`` and ``str``.
"""

from array import array
from typing import Any, Generic, NamedTuple, TypeVar

from hz_serialization.public_names import publish

N = TypeVar("N", int, float)
K = TypeVar("K")
V = TypeVar("V")


class Byte(int):
    """An ``int`` written as ``java.lang.Byte``."""

    __slots__ = ()


class Short(int):
    """An ``int`` written as ``java.lang.Short``."""

    __slots__ = ()


class Integer(int):
    """An ``int`` written as ``java.lang.Integer``."""

    __slots__ = ()


class Long(int):
    """An ``int`` written as ``java.lang.Long``."""

    __slots__ = ()


class BigInteger(int):
    """An ``int`` of any size written as ``java.math.BigInteger``."""

    __slots__ = ()


class Float(float):
    """A ``float`` written as ``java.lang.Float``, with 32 bits."""

    __slots__ = ()


class Char(str):
    """A ``str`` of one UTF-16 unit written as ``java.lang.Character``."""

    __slots__ = ()


class BooleanArray(list[bool]):
    """A Java ``boolean[]``."""


class CharArray(list[str]):
    """A Java ``char[]``: one UTF-16 unit per item."""


class NumberArray(list[N]):
    """A Java array of primitive numbers, as a list; equal to any list and any ``array.array`` of the same numbers."""

    __hash__ = None  # as for every list

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other.tolist() if isinstance(other, array) else other)

    def __ne__(self, other: object) -> bool:
        return super().__ne__(other.tolist() if isinstance(other, array) else other)


class ShortArray(NumberArray[int]):
    """A Java ``short[]``."""


class IntArray(NumberArray[int]):
    """A Java ``int[]``."""


class LongArray(NumberArray[int]):
    """A Java ``long[]``."""


class FloatArray(NumberArray[float]):
    """A Java ``float[]``."""


class DoubleArray(NumberArray[float]):
    """A Java ``double[]``."""


class StringArray(list["str | None"]):
    """A Java ``String[]``."""


class ObjectArray(list[Any]):
    """A Java ``Object[]``; a multi attribute projection gives one per entry."""


class JavaClass(str):
    """The name of a Java class, written as ``java.lang.Class``."""

    __slots__ = ()


class MapEntry(NamedTuple, Generic[K, V]):
    """A key and its value: ``AbstractMap.SimpleEntry`` in Java, or an entry of a member's map."""

    key: K
    value: V


publish(
    "hz_serialization",
    (
        BigInteger,
        BooleanArray,
        Byte,
        Char,
        CharArray,
        DoubleArray,
        Float,
        FloatArray,
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
    ),
)
