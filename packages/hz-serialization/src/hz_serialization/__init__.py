"""Conversion of Python values to the bytes that a Hazelcast member knows, and back.

The public names are here, wherever they are defined; a module is imported when a name of it is first used.
"""

from typing import TYPE_CHECKING

from hz_serialization.__about__ import __version__
from hz_serialization.errors import HazelcastError, HazelcastSerializationError
from hz_serialization.lazy_names import lazy_names
from hz_serialization.public_names import publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from hz_serialization.config import ArrayPolicy, IntType, PicklePolicy, SerializationConfig
    from hz_serialization.data import Data, partition_hash, partition_id
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

__getattr__: "Callable[[str], Any]"
__dir__: "Callable[[], list[str]]"
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ArrayPolicy": "hz_serialization.config",
        "BigInteger": "hz_serialization.java_types",
        "BooleanArray": "hz_serialization.java_types",
        "Byte": "hz_serialization.java_types",
        "Char": "hz_serialization.java_types",
        "CharArray": "hz_serialization.java_types",
        "Data": "hz_serialization.data",
        "DoubleArray": "hz_serialization.java_types",
        "Float": "hz_serialization.java_types",
        "FloatArray": "hz_serialization.java_types",
        "Format": "hz_serialization.registry",
        "HazelcastJsonValue": "hz_serialization.json_value",
        "IntArray": "hz_serialization.java_types",
        "IntType": "hz_serialization.config",
        "Integer": "hz_serialization.java_types",
        "JavaClass": "hz_serialization.java_types",
        "Long": "hz_serialization.java_types",
        "LongArray": "hz_serialization.java_types",
        "MapEntry": "hz_serialization.java_types",
        "MemberAddress": "hz_serialization.member_objects",
        "ObjectArray": "hz_serialization.java_types",
        "PicklePolicy": "hz_serialization.config",
        "ReliableTopicMessage": "hz_serialization.member_objects",
        "SerializationConfig": "hz_serialization.config",
        "SerializationService": "hz_serialization.service",
        "Short": "hz_serialization.java_types",
        "ShortArray": "hz_serialization.java_types",
        "StringArray": "hz_serialization.java_types",
        "UnserializableError": "hz_serialization.problems",
        "partition_hash": "hz_serialization.data",
        "partition_id": "hz_serialization.data",
    },
)

publish(__name__, (HazelcastError, HazelcastSerializationError))
