"""Python values to bytes and back: Java types to name in so many words where a Python type could be several."""

from hz_serialization import (
    BigInteger,
    BooleanArray,
    Byte,
    Char,
    CharArray,
    Float,
    Integer,
    JavaClass,
    Long,
    ObjectArray,
    Short,
    StringArray,
)

__all__ = [
    "BigInteger",
    "BooleanArray",
    "Byte",
    "Char",
    "CharArray",
    "Float",
    "Integer",
    "JavaClass",
    "Long",
    "ObjectArray",
    "Short",
    "StringArray",
]
