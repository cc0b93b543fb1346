"""Type ids: the second word of every ``Data`` and the first of a nested object."""

from __future__ import annotations

from typing import Final

NULL: Final = 0
PORTABLE: Final = -1
IDENTIFIED: Final = -2
BYTE: Final = -3
BOOLEAN: Final = -4
CHAR: Final = -5
SHORT: Final = -6
INTEGER: Final = -7
LONG: Final = -8
FLOAT: Final = -9
DOUBLE: Final = -10
STRING: Final = -11
BYTE_ARRAY: Final = -12
BOOLEAN_ARRAY: Final = -13
CHAR_ARRAY: Final = -14
SHORT_ARRAY: Final = -15
INTEGER_ARRAY: Final = -16
LONG_ARRAY: Final = -17
FLOAT_ARRAY: Final = -18
DOUBLE_ARRAY: Final = -19
STRING_ARRAY: Final = -20
UUID: Final = -21
SIMPLE_ENTRY: Final = -22
SIMPLE_IMMUTABLE_ENTRY: Final = -23
JAVA_CLASS: Final = -24
DATE: Final = -25
BIG_INTEGER: Final = -26
BIG_DECIMAL: Final = -27
OBJECT_ARRAY: Final = -28
ARRAY_LIST: Final = -29
LINKED_LIST: Final = -30
COPY_ON_WRITE_ARRAY_LIST: Final = -31
HASH_MAP: Final = -32
CONCURRENT_SKIP_LIST_MAP: Final = -33
CONCURRENT_HASH_MAP: Final = -34
LINKED_HASH_MAP: Final = -35
TREE_MAP: Final = -36
HASH_SET: Final = -37
TREE_SET: Final = -38
LINKED_HASH_SET: Final = -39
COPY_ON_WRITE_ARRAY_SET: Final = -40
CONCURRENT_SKIP_LIST_SET: Final = -41
ARRAY_DEQUE: Final = -42
LINKED_BLOCKING_QUEUE: Final = -43
ARRAY_BLOCKING_QUEUE: Final = -44
PRIORITY_BLOCKING_QUEUE: Final = -45
DELAY_QUEUE: Final = -46
SYNCHRONOUS_QUEUE: Final = -47
LINKED_TRANSFER_QUEUE: Final = -48
PRIORITY_QUEUE: Final = -49
OPTIONAL: Final = -50
LOCAL_DATE: Final = -51
LOCAL_TIME: Final = -52
LOCAL_DATE_TIME: Final = -53
OFFSET_DATE_TIME: Final = -54
COMPACT: Final = -55
COMPACT_WITH_SCHEMA: Final = -56
JAVA_SERIALIZABLE: Final = -100
JAVA_EXTERNALIZABLE: Final = -101
BYTE_BUFFER: Final = -102
CSHARP: Final = -110
PYTHON_PICKLE: Final = -120
JSON: Final = -130
GO_GOB: Final = -140

LISTS: Final = (
    ARRAY_LIST,
    LINKED_LIST,
    COPY_ON_WRITE_ARRAY_LIST,
    ARRAY_DEQUE,
    LINKED_BLOCKING_QUEUE,
    ARRAY_BLOCKING_QUEUE,
    DELAY_QUEUE,
    SYNCHRONOUS_QUEUE,
    LINKED_TRANSFER_QUEUE,
)
"""Written as a count and that many objects, in order."""
HEAPS: Final = (PRIORITY_BLOCKING_QUEUE, PRIORITY_QUEUE)
"""Written as a list after a comparator."""
SETS: Final = (HASH_SET, LINKED_HASH_SET, COPY_ON_WRITE_ARRAY_SET)
SORTED_SETS: Final = (TREE_SET, CONCURRENT_SKIP_LIST_SET)
MAPS: Final = (HASH_MAP, CONCURRENT_HASH_MAP, LINKED_HASH_MAP)
SORTED_MAPS: Final = (CONCURRENT_SKIP_LIST_MAP, TREE_MAP)

WITHOUT_READER: Final = {
    COMPACT_WITH_SCHEMA: "a Compact object that carries its schema; no client writes or reads those",
    BYTE_BUFFER: "a java.nio.ByteBuffer; store a byte[] instead",
    CSHARP: "an object of the .NET client's own serialization; store it as JSON, Portable or Compact instead",
    GO_GOB: "a gob of the Go client; store it as JSON, Portable or Compact instead",
}
"""Known ids without a reader: what each is, and what to do."""


def describe_missing(type_id: int) -> str:
    """Explain why there is no reader for ``type_id``, and what to do about it."""
    known = WITHOUT_READER.get(type_id)
    if known is not None:
        return f"type id {type_id} is {known}"
    if type_id > 0:
        return (
            f"type id {type_id} belongs to a custom serializer that is not registered here; "
            "add the StreamSerializer with this type id to custom_serializers or set it as global_serializer"
        )
    if -399 <= type_id <= -200:
        return f"type id {type_id} is reserved for Hibernate or Jet, whose objects only Java can read"
    return f"type id {type_id} is unknown; the bytes are damaged or come from a newer member"
