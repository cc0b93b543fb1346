"""Types to choose the Java type of a value, where a Python type corresponds to several."""

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
