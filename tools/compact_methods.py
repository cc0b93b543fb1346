"""The field methods of the Compact readers and writers, of which each kind of field has one pair.

``compact/api.py`` is what users' serializers see, ``compact/fields.py`` what the service hands them, and
``_compact_fields.pxi`` of hz-speedups holds the compiled classes that it hands them instead.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("packages/hz-serialization/src/hz_serialization/compact")
COMPILED = Path("packages/hz-speedups/src/hz_speedups")


@dataclass(frozen=True)
class Kind:
    """A kind of field.

    Attributes:
        name: The last part of its methods' names.
        number: Its number in a schema.
        fixed: Whether all its values have the same size.
        written: The type that its writing methods take.
        read: The type that its reading methods return.
    """

    name: str
    number: int
    fixed: bool
    written: str
    read: str

    @property
    def constant(self) -> str:
        """The expression for the kind."""
        return f"FieldKind.{self.name.upper()}"


SCALARS = (
    ("boolean", 1, "bool"),
    ("int8", 3, "int"),
    ("int16", 7, "int"),
    ("int32", 9, "int"),
    ("int64", 11, "int"),
    ("float32", 13, "float"),
    ("float64", 15, "float"),
)
REFERENCES = (
    ("string", 17, "str"),
    ("decimal", 19, "Decimal"),
    ("time", 21, "time"),
    ("date", 23, "date"),
    ("timestamp", 25, "datetime"),
    ("timestamp_with_timezone", 27, "datetime"),
    ("compact", 29, "Any"),
)
NULLABLES = {"boolean": 33, "int8": 35, "int16": 37, "int32": 39, "int64": 41, "float32": 43, "float64": 45}


def kinds() -> list[Kind]:
    """Return all kinds that Compact fields have: values, then arrays."""
    values, arrays = [], []
    for name, number, python in SCALARS:
        nullable = f"nullable_{name}"
        values.append(Kind(name, number, True, python, python))
        values.append(Kind(nullable, NULLABLES[name], False, f"{python} | None", f"{python} | None"))
        arrays.append(_array(name, number + 1, python))
        arrays.append(_array(nullable, NULLABLES[name] + 1, f"{python} | None"))
    for name, number, python in REFERENCES:
        optional = python if python == "Any" else f"{python} | None"
        values.append(Kind(name, number, False, optional, optional))
        arrays.append(_array(name, number + 1, optional))
    return values + arrays


def _array(name: str, number: int, item: str) -> Kind:
    return Kind(f"array_of_{name}", number, False, f"Sequence[{item}] | None", f"list[{item}] | None")


API_HEAD = '''
"""Reader and writer of Compact fields, as ``CompactSerializer`` classes see them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from hz_serialization.compact.kinds import FieldKind


class CompactReader(ABC):
    """Reader of the fields of one Compact object, by name and in any order.

    The object may have been written with another version of its type. For a field that some versions do not
    have, or have as another kind, each ``read_...`` method has a ``read_..._or_default``; ``get_field_kind`` tells
    what is there. A plain field can be read by the nullable method of its kind, and a nullable one by the plain
    method, unless a default is given.

    All these methods raise ``HazelcastSerializationError`` if there is no such field and no default, if it is of
    another kind, or if a null would have to be given as a plain number or boolean.
    """

    __slots__ = ()

    @abstractmethod
    def get_field_kind(self, field_name: str) -> FieldKind:
        """Return the kind of a field as written; ``FieldKind.NOT_AVAILABLE`` if there is no such field."""
'''

WRITER_HEAD = '''

class CompactWriter(ABC):
    """Writer of the fields of one Compact object, by name.

    Names and kinds make up the schema of the type, so that each object has to write the same ones. The order
    of the calls does not matter to readers. It matters for keys, which members compare by their bytes.
    """

    __slots__ = ()
'''

FIELDS_HEAD = '''
# ruff: noqa: D102
# The abstract classes document the methods.
"""Readers and writers of the fields of one record, which are passed to serializers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from hz_serialization.compact.access import UNREAD, FieldsReaderBase, FieldsWriterBase, FirstWriterBase
from hz_serialization.compact.kinds import FieldKind
'''


def abstract_read(kind: Kind) -> str:
    """Return the abstract reading method."""
    return f'''
    @abstractmethod
    def read_{kind.name}(self, field_name: str) -> {kind.read}:
        """Read a field of kind ``{kind.constant}``."""
'''


def read_or_default(kind: Kind) -> str:
    """Return the reading method with a default, which needs no version of its own in the pure Python reader."""
    return f'''
    def read_{kind.name}_or_default(self, field_name: str, default: {kind.read}) -> {kind.read}:
        """Return what ``read_{kind.name}`` returns, or ``default`` if there is no such field."""
        return self.read_{kind.name}(field_name) if self.get_field_kind(field_name) is {kind.constant} else default
'''


def abstract_write(kind: Kind) -> str:
    """Return the abstract writing method."""
    return f'''
    @abstractmethod
    def write_{kind.name}(self, field_name: str, value: {kind.written}) -> None:
        """Write a field of kind ``{kind.constant}``."""
'''


READ_STRING = """
    def read_string(self, field_name: str) -> str | None:
        try:
            index = self._tables[17][field_name]
        except KeyError:
            other: str | None = self._converted(field_name, FieldKind.STRING)
            return other
        value: str | None = self._values[index]
        if value is not UNREAD:
            return value
        # As in _decode, without the calls: it is the most frequent kind.
        offset = self._offsets[index]
        if offset == self._null:
            return None
        data = self._data
        begin = self._base + offset + 4
        size: int = self._layout.unpack_size(data, begin - 4)[0]
        end = begin + size
        self._room = room = self._room - size - 4
        if size < 0 or room < 0 or end > self._limit:
            raise self._layout.overfull(self._base - 12)
        self._values[index] = value = data[begin:end].decode()
        return value
"""


def read(kind: Kind) -> str:
    """Return the reading method; a value of fixed size is unpacked already, another one is decoded on demand."""
    if kind.fixed:
        return f"""
    def read_{kind.name}(self, field_name: str) -> {kind.read}:
        try:
            value: {kind.read} = self._fixed[self._tables[{kind.number}][field_name]]
        except KeyError:
            value = self._converted(field_name, {kind.constant})
        return value
"""
    if kind.name == "string":
        return READ_STRING
    return f"""
    def read_{kind.name}(self, field_name: str) -> {kind.read}:
        try:
            index = self._tables[{kind.number}][field_name]
        except KeyError:
            other: {kind.read} = self._converted(field_name, {kind.constant})
            return other
        value: {kind.read} = self._values[index]
        if value is UNREAD:
            value = self._decode(index)
        return value
"""


def write(kind: Kind) -> str:
    """Return the writing method for a known schema."""
    return f"""
    def write_{kind.name}(self, field_name: str, value: {kind.written}) -> None:
        try:
            self.values[self._tables[{kind.number}][field_name]] = value
        except KeyError:
            self._refuse(field_name, {kind.constant})
"""


def note(kind: Kind) -> str:
    """Return the writing method that records which fields there are."""
    return f"""
    def write_{kind.name}(self, field_name: str, value: {kind.written}) -> None:
        self._note(field_name, {kind.constant}, value)
"""


def compiled_read(kind: Kind) -> str:
    """Return the reading methods of the compiled reader."""
    way = "number" if kind.fixed else "other"
    call = f"self.{way}(field_name, {kind.number}, "
    if kind.name == "string":
        call = "self.text(field_name, "
    return f"""
    def read_{kind.name}(self, field_name):
        return {call}"read_{kind.name}")

    def read_{kind.name}_or_default(self, field_name, default):
        return {call}"read_{kind.name}") if self.has(field_name, {kind.number}) else default
"""


def compiled_write(kind: Kind) -> str:
    """Return the writing method of the compiled writer."""
    return f"""
    def write_{kind.name}(self, field_name, value):
        self.put(field_name, {kind.number}, value, "write_{kind.name}")
"""


COMPILED_READER = '''
@cython.final
cdef class FieldsReader(FieldsReaderBase):
    """Reader of a record, field by field; a ``CompactReader``."""
'''

COMPILED_WRITER = '''

@cython.final
cdef class FieldsWriter(FieldsWriterBase):
    """Collector of the values of a record whose schema is known; a ``CompactWriter``."""
'''


def modules() -> dict[Path, str]:
    """Return the text of each module, not formatted yet."""
    every = kinds()
    readers = "".join(map(abstract_read, every)) + "".join(map(read_or_default, every))
    api = API_HEAD + readers + WRITER_HEAD + "".join(map(abstract_write, every))
    fields = (
        FIELDS_HEAD
        + '\n\nclass FieldsReader(FieldsReaderBase):\n    """Reader of a record, field by field."""\n\n'
        + "    __slots__ = ()\n"
        + "".join(map(read, every))
        + "\n\nclass FieldsWriter(FieldsWriterBase):\n"
        + '    """Collector of the values of a record whose schema is known."""\n\n'
        + "    __slots__ = ()\n"
        + "".join(map(write, every))
        + '\n\nclass FirstWriter(FirstWriterBase):\n    """Recorder of the fields that a serializer writes."""\n\n'
        + "    __slots__ = ()\n"
        + "".join(map(note, every))
    )
    compiled = (
        COMPILED_READER
        + "".join(map(compiled_read, every))
        + COMPILED_WRITER
        + "".join(map(compiled_write, every))
    )
    return {
        FOLDER / "api.py": api,
        FOLDER / "fields.py": fields,
        COMPILED / "_compact_fields.pxi": compiled,
    }
