"""Objects in SQL rows, which are deserialized when they are read."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from struct import Struct
from typing import Any, Final

from hz_core.wire.types import ReadData
from hz_serialization import HazelcastSerializationError, type_ids
from hz_serialization.compact import SchemaRegistry, UnknownSchemaError
from hz_serialization.compact.kinds import FieldKind

_NESTED: Final = frozenset({FieldKind.COMPACT, FieldKind.ARRAY_OF_COMPACT})

_pack_id: Final = Struct(">i").pack

# Null, Portable, numbers, texts and their arrays, Java's own dates and numbers, JSON.
_ALONE: Final = frozenset(
    _pack_id(type_id)
    for type_id in (
        type_ids.NULL,
        type_ids.PORTABLE,
        *range(type_ids.UUID, type_ids.BYTE + 1),
        *range(type_ids.BIG_DECIMAL, type_ids.JAVA_CLASS + 1),
        *range(type_ids.OFFSET_DATE_TIME, type_ids.LOCAL_DATE + 1),
        type_ids.JSON,
    )
)
"""The type ids, as bytes, of what has no Compact record inside."""

_COMPACT: Final = _pack_id(type_ids.COMPACT)


class Cell:
    """An object in a row, which is deserialized when it is read first.

    It is like the object in comparisons, as a key, and as a text: code written in C takes it out of a row as it is.

    Args:
        data: The serialized object.
        read: Deserializes it.
    """

    __slots__ = ("_data", "_read", "_value")

    def __init__(self, data: bytes, read: ReadData) -> None:
        self._data: bytes | None = data
        self._read = read
        self._value: Any = None

    @property
    def data(self) -> bytes | None:
        """The serialized object; None after it was deserialized."""
        return self._data

    def value(self) -> Any:
        """Return the object.

        Raises:
            HazelcastSerializationError: It cannot be deserialized; raised again whenever it is read.
        """
        data = self._data
        if data is not None:
            self._value = self._read(data, 0, len(data))
            self._data = None
        return self._value

    def __eq__(self, other: object) -> bool:
        return self._compared(eq, other)

    def __ne__(self, other: object) -> bool:
        return self._compared(ne, other)

    def __lt__(self, other: object) -> bool:
        return self._compared(lt, other)

    def __le__(self, other: object) -> bool:
        return self._compared(le, other)

    def __gt__(self, other: object) -> bool:
        return self._compared(gt, other)

    def __ge__(self, other: object) -> bool:
        return self._compared(ge, other)

    def __hash__(self) -> int:
        return hash(self.value())

    def __str__(self) -> str:
        return str(self.value())

    def __repr__(self) -> str:
        try:
            return repr(self.value())
        except HazelcastSerializationError as e:
            return f"<unreadable: {e}>"

    def _compared(self, compare: Callable[[Any, Any], Any], other: object) -> bool:
        return bool(compare(self.value(), other.value() if isinstance(other, Cell) else other))


def cell_value(value: Any) -> Any:
    """Return what is in a column: the object of a cell, or the value itself.

    Raises:
        HazelcastSerializationError: The object cannot be deserialized.
    """
    return value.value() if isinstance(value, Cell) else value


class NeededSchemas:
    """Tells which Compact schema must be fetched before a cell can be read: who reads it cannot wait.

    Records without others inside stay as they are, and so do numbers, texts and Portables. Others are deserialized, as
    only that tells what is inside.

    Args:
        schemas: The schemas that are known.
        is_big_endian: The byte order of the client's serialization.
    """

    def __init__(self, schemas: SchemaRegistry, is_big_endian: bool) -> None:
        self._schemas = schemas
        self._unpack_id = Struct(">q" if is_big_endian else "<q").unpack
        self._flat: set[bytes] = set()
        """The schema ids of records without others inside."""

    def missing(self, cell: Cell) -> UnknownSchemaError | None:
        """Return the schema to be fetched; None if the cell can be read."""
        data = cell.data
        if data is None or data[4:8] in _ALONE:
            return None
        if data[4:8] == _COMPACT and len(data) >= 16:
            schema_id = data[8:16]
            if schema_id in self._flat:
                return None
            number: int = self._unpack_id(schema_id)[0]
            schema = self._schemas.by_id.get(number)
            if schema is None:
                return UnknownSchemaError(number)
            if not any(field.kind in _NESTED for field in schema.fields):
                self._flat.add(schema_id)
                return None
        try:
            cell.value()
        except UnknownSchemaError as e:
            return e
        except HazelcastSerializationError:
            return None  # of whoever reads it
        return None
