"""Conversion of Python values to the bytes that a Hazelcast member knows, and back."""

from hz_serialization.__about__ import __version__
from hz_serialization.config import ArrayPolicy, IntType, PicklePolicy, SerializationConfig
from hz_serialization.data import Data, partition_hash, partition_id
from hz_serialization.errors import HazelcastError, HazelcastSerializationError
from hz_serialization.java_types import (
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
)
from hz_serialization.json_value import HazelcastJsonValue
from hz_serialization.member_objects import MemberAddress, ReliableTopicMessage
from hz_serialization.problems import UnserializableError
from hz_serialization.public_names import publish
from hz_serialization.registry import Format
from hz_serialization.service import SerializationService

__all__ = [
    "ArrayPolicy",
    "BigInteger",
    "BooleanArray",
    "Byte",
    "Char",
    "CharArray",
    "Data",
    "DoubleArray",
    "Float",
    "FloatArray",
    "Format",
    "HazelcastError",
    "HazelcastJsonValue",
    "HazelcastSerializationError",
    "IntArray",
    "IntType",
    "Integer",
    "JavaClass",
    "Long",
    "LongArray",
    "MapEntry",
    "MemberAddress",
    "ObjectArray",
    "PicklePolicy",
    "ReliableTopicMessage",
    "SerializationConfig",
    "SerializationService",
    "Short",
    "ShortArray",
    "StringArray",
    "UnserializableError",
    "__version__",
    "partition_hash",
    "partition_id",
]

publish(__name__, (globals()[name] for name in __all__))
