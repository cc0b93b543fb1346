"""The field methods of the Portable readers, writers and definition builders, of which each type of field has one.

``portable/api.py`` is what users' classes see, ``portable/fields.py`` what the service hands them,
``portable/builder.py`` what users define classes with, and ``_portable_fields.pxi`` of hz-speedups holds the compiled
classes that the service hands out instead. Nested Portables and raw data are written by hand in the base classes.
"""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("packages/hz-serialization/src/hz_serialization")
COMPILED = Path("packages/hz-speedups/src/hz_speedups")
COMPILED_TYPES = ("byte", "boolean", "short", "int", "long", "float", "double", "string")
"""Types of field that the compiled classes handle themselves."""


@dataclass(frozen=True)
class Kind:
    """A type of field.

    Attributes:
        name: The last part of its methods' names.
        written: The type that its writing methods take.
        read: The type that its reading methods return.
        parameter: Name of what is written.
        note: What else a user has to know to write such a field.
        alias: The older name of the same type, for which there are methods as well.
    """

    name: str
    written: str
    read: str
    parameter: str = "value"
    note: str = ""
    alias: str = ""

    @property
    def constant(self) -> str:
        """The expression for the type."""
        return f"FieldType.{self.name.upper()}"


NUMBERS = (
    ("int", "int"),
    ("long", "int"),
    ("byte", "int"),
    ("short", "int"),
    ("float", "float"),
    ("double", "float"),
    ("boolean", "bool"),
    ("char", "str"),
)
VALUES = (
    ("decimal", "Decimal"),
    ("time", "time"),
    ("date", "date"),
    ("timestamp", "datetime"),
    ("timestamp_with_timezone", "datetime"),
)


def kinds() -> list[Kind]:
    """Return all types of field but nested Portables: single values, then arrays."""
    return [
        *(Kind(name, python, python) for name, python in NUMBERS),
        Kind("string", "str | None", "str | None", alias="utf"),
        *(Kind(name, f"{python} | None", f"{python} | None") for name, python in VALUES),
        Kind("byte_array", "bytes | bytearray | None", "bytearray | None", "values"),
        *(_array(name, python) for name, python in NUMBERS if name != "byte"),
        _array("string", "str | None", alias="utf_array"),
        *(_array(name, python, note="; the array must not contain ``None``") for name, python in VALUES),
    ]


def _array(name: str, item: str, note: str = "", alias: str = "") -> Kind:
    sequence, read = f"Sequence[{item}] | None", f"list[{item}] | None"
    return Kind(f"{name}_array", sequence, read, "values", note, alias)


API_HEAD = '''
"""Portable classes, and the reader and writer of fields that these receive."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from hz_serialization.portable.field_type import FieldType
from hz_serialization.problems import method_missing
from hz_serialization.stream_api import ObjectDataInput, ObjectDataOutput


class Portable:
    """A class whose fields are written with their names, so that members query them without its code.

    A subclass may define ``get_class_version(self) -> int``; otherwise its version is the configured
    ``portable_version``.
    """

    __slots__ = ()

    def write_portable(self, writer: PortableWriter) -> None:
        """Write the fields by name."""
        method_missing(self, "write_portable")

    def read_portable(self, reader: PortableReader) -> None:
        """Read the fields by name."""
        method_missing(self, "read_portable")

    def get_factory_id(self) -> int:
        """Return the id of the factory that makes this class."""
        method_missing(self, "get_factory_id")

    def get_class_id(self) -> int:
        """Return the id of the class, unique in its factory."""
        method_missing(self, "get_class_id")


class PortableReader(ABC):
    """Reader of the fields of one Portable object, by name and in any order."""

    __slots__ = ()

    @abstractmethod
    def get_version(self) -> int:
        """Return the version of the class as written."""

    @abstractmethod
    def has_field(self, field_name: str) -> bool:
        """Return whether the class as written has the field; paths into nested objects are not supported."""

    @abstractmethod
    def get_field_names(self) -> set[str]:
        """Return the names of all fields of the class as written."""

    @abstractmethod
    def get_field_type(self, field_name: str) -> FieldType:
        """Return the type of a field."""

    @abstractmethod
    def get_field_class_id(self, field_name: str) -> int:
        """Return the class id of a field that is a Portable or an array of them."""

    @abstractmethod
    def read_portable(self, field_name: str) -> Portable | None:
        """Read a nested Portable."""

    @abstractmethod
    def read_portable_array(self, field_name: str) -> list[Portable | None] | None:
        """Read an array of Portables."""

    @abstractmethod
    def get_raw_data_input(self) -> ObjectDataInput:
        """Return the input of the data after the fields; no field can be read afterwards."""
'''

WRITER_HEAD = '''

class PortableWriter(ABC):
    """Writer of the fields of one Portable object; the first object of a class that is written defines the class."""

    __slots__ = ()

    @abstractmethod
    def write_portable(self, field_name: str, portable: Portable | None) -> None:
        """Write a nested Portable."""

    @abstractmethod
    def write_null_portable(self, field_name: str, factory_id: int, class_id: int) -> None:
        """Write null in place of a nested Portable of the class with these ids."""

    @abstractmethod
    def write_portable_array(self, field_name: str, values: Sequence[Portable] | None) -> None:
        """Write an array of Portables."""

    @abstractmethod
    def get_raw_data_output(self) -> ObjectDataOutput:
        """Return the output for data after the fields; no field can be written afterwards."""
'''

FIELDS_HEAD = '''
# ruff: noqa: D102
# The abstract classes document the methods.
"""Readers and writers of the fields of one Portable object, which are passed to its class."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from struct import error as StructError

from hz_serialization.portable.defining import DefiningWriterBase
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.reader import FieldReaderBase
from hz_serialization.portable.writer import FieldWriterBase
'''

BUILDER_HEAD = '''
"""Builder of class definitions."""

from typing import Self

from hz_serialization.portable.definition import ClassDefinition, FieldDefinition, check_ids, check_new_field
from hz_serialization.portable.field_type import FieldType


class ClassDefinitionBuilder:
    """Builder of the definition of one version of a Portable class.

    Fields must be added in the order in which the class writes them. Every ``add_`` method returns the builder
    itself, and raises ``HazelcastSerializationError`` if the name is taken or not ASCII, or after ``build``.

    Args:
        factory_id: Id of the factory that makes the class.
        class_id: Id of the class in that factory.
        version: Version of the class; below 0: the configured ``portable_version``.
    """

    __slots__ = ("_definition", "_is_built", "class_id", "factory_id", "version")

    def __init__(self, factory_id: int, class_id: int, version: int = 0) -> None:
        self.factory_id: int = factory_id
        self.class_id: int = class_id
        self.version: int = version
        self._definition = ClassDefinition(factory_id, class_id, version)
        self._is_built = False

    def build(self) -> ClassDefinition:
        """Return the definition; no field can be added afterwards."""
        self._is_built = True
        return self._definition

    def add_field_def(self, field_def: FieldDefinition) -> Self:
        """Add a field by its definition, whose index must be the number of fields before it."""
        check_new_field(self._definition, field_def, is_built=self._is_built)
        self._definition.add_field_def(field_def)
        return self

    def add_portable_field(self, field_name: str, class_def: ClassDefinition) -> Self:
        """Add a field that holds a nested Portable of that class."""
        return self._add_nested(field_name, FieldType.PORTABLE, class_def)

    def add_portable_array_field(self, field_name: str, class_def: ClassDefinition) -> Self:
        """Add a field that holds an array of Portables of that class."""
        return self._add_nested(field_name, FieldType.PORTABLE_ARRAY, class_def)
'''

BUILDER_TAIL = """
    def _add(self, field_name: str, field_type: FieldType) -> Self:
        index = self._definition.get_field_count()
        return self.add_field_def(FieldDefinition(index, field_name, field_type, self.version))

    def _add_nested(self, field_name: str, field_type: FieldType, nested: ClassDefinition) -> Self:
        check_ids(nested.factory_id, nested.class_id, nested.version)
        index = self._definition.get_field_count()
        return self.add_field_def(
            FieldDefinition(index, field_name, field_type, nested.version, nested.factory_id, nested.class_id)
        )
"""


def abstract_read(kind: Kind) -> str:
    """Return the abstract reading methods."""
    return "".join(
        f'''
    @abstractmethod
    def read_{name}(self, field_name: str) -> {kind.read}:
        """Read a field of type ``{kind.constant}``."""
'''
        for name in _names(kind)
    )


def abstract_write(kind: Kind) -> str:
    """Return the abstract writing methods."""
    return "".join(
        f'''
    @abstractmethod
    def write_{name}(self, field_name: str, {kind.parameter}: {kind.written}) -> None:
        """Write a field of type ``{kind.constant}``{kind.note}."""
'''
        for name in _names(kind)
    )


READ_STRING = """
    def read_string(self, field_name: str) -> str | None:
        try:
            place, head, unpack, skip = self.seen.texts[field_name]
            pos = self.head[place]
            found, size = unpack(self._data, pos)
        except (KeyError, StructError):
            pass
        else:
            if found == head and pos >= self._start:
                pos += skip
                end = pos + size
                if pos <= end <= self.head[0]:
                    return self._data[pos:end].decode()
                if size == -1 and pos <= self.head[0]:
                    return None
        return self._text(field_name)
"""

WRITE_STRING = """
    def write_string(self, field_name: str, value: str | None) -> None:
        try:
            index, pack_size = self._plan.texts[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            if value is None:
                out += pack_size(-1)
            else:
                text = value.encode()
                out += pack_size(len(text)) + text
        except Exception as error:
            self._fail(error, field_name, FieldType.STRING, value)
"""


def read(kind: Kind) -> str:
    """Return the reading method: a number and its head are unpacked in one step, another value goes the long way."""
    if kind.name == "string":
        text = READ_STRING
    elif kind.name in dict(NUMBERS):
        unpacked, result = ("unit", "chr(unit)") if kind.name == "char" else ("value", "value")
        text = f"""
    def read_{kind.name}(self, field_name: str) -> {kind.read}:
        value: {kind.read}
        try:
            place, head, unpack = self.seen.{kind.name}s[field_name]
            found, {unpacked} = unpack(self._data, self.head[place])
            if found == head:
                return {result}
        except (KeyError, StructError):
            pass
        value = self._number(field_name, {kind.constant})
        return value
"""
    else:
        text = f"""
    def read_{kind.name}(self, field_name: str) -> {kind.read}:
        value: {kind.read} = self._take(field_name, {kind.constant})
        return value
"""
    return text + _alias(kind, "read")


def write(kind: Kind) -> str:
    """Return the writing method: numbers are packed with their heads, others by a function of their type."""
    if kind.name == "string":
        text = WRITE_STRING
    elif kind.name in dict(NUMBERS):
        pack, packed = {
            "boolean": ("(false, true)", "true if value else false"),
            "char": ("pack", "pack(ord(value))"),
        }.get(kind.name, ("pack", "pack(value)"))
        text = f"""
    def write_{kind.name}(self, field_name: str, value: {kind.written}) -> None:
        try:
            index, {pack} = self._plan.{kind.name}s[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += {packed}
        except Exception as error:
            self._fail(error, field_name, {kind.constant}, value)
"""
    else:
        text = f"""
    def write_{kind.name}(self, field_name: str, {kind.parameter}: {kind.written}) -> None:
        self._append({kind.constant}, field_name, {kind.parameter})
"""
    return text + _alias(kind, "write")


def define(kind: Kind) -> str:
    """Return the writing method that adds the field to a definition."""
    text = f"""
    def write_{kind.name}(self, field_name: str, {kind.parameter}: {kind.written}) -> None:
        self._builder.add_{kind.name}_field(field_name)
"""
    return text + _alias(kind, "write")


def build(kind: Kind) -> str:
    """Return the methods of the builder."""
    return "".join(
        f'''
    def add_{name}_field(self, field_name: str) -> Self:
        """Add a field of type ``{kind.constant}``."""
        return self._add(field_name, {kind.constant})
'''
        for name in _names(kind)
    )


def compiled_read(kind: Kind) -> str:
    """Return the reading methods of the compiled reader."""
    call = f'self.slowly("read_{kind.name}", (field_name,))'
    if kind.name == "string":
        call = "self.text(field_name)"
    elif kind.name in COMPILED_TYPES:
        call = f'self.number(field_name, {kind.name.upper()}, "read_{kind.name}")'
    return "".join(
        f"""
    def read_{name}(self, field_name):
        return {call}
"""
        for name in _names(kind)
    )


def compiled_write(kind: Kind) -> str:
    """Return the writing methods of the compiled writer."""
    call = f'self.slowly("write_{kind.name}", (field_name, {kind.parameter}))'
    if kind.name in ("string", "boolean"):
        call = f"self.{'text' if kind.name == 'string' else 'flag'}(field_name, value)"
    elif kind.name in COMPILED_TYPES:
        call = f'self.number(field_name, {kind.name.upper()}, value, "write_{kind.name}")'
    return "".join(
        f"""
    def write_{name}(self, field_name, {kind.parameter}):
        {call}
"""
        for name in _names(kind)
    )


COMPILED_READER = '''
@cython.final
cdef class FieldReader(FieldReaderBase):
    """Reader of the fields of one object; a ``PortableReader``."""
'''

COMPILED_WRITER = '''

@cython.final
cdef class FieldWriter(FieldWriterBase):
    """Writer of the fields of one object; a ``PortableWriter``."""
'''


def _names(kind: Kind) -> list[str]:
    return [kind.name, *([kind.alias] if kind.alias else [])]


def _alias(kind: Kind, verb: str) -> str:
    return f"\n    {verb}_{kind.alias} = {verb}_{kind.name}\n" if kind.alias else ""


def modules() -> dict[Path, str]:
    """Return the text of each module, not formatted yet."""
    every = kinds()
    api = API_HEAD + "".join(map(abstract_read, every)) + WRITER_HEAD + "".join(map(abstract_write, every))
    fields = (
        FIELDS_HEAD
        + '\n\nclass FieldReader(FieldReaderBase):\n    """Reader of an object, field by field."""\n\n'
        + "    __slots__ = ()\n"
        + "".join(map(read, every))
        + '\n\nclass FieldWriter(FieldWriterBase):\n    """Writer of the fields of a class with a definition."""\n\n'
        + "    __slots__ = ()\n"
        + "".join(map(write, every))
        + '\n\nclass DefiningWriter(DefiningWriterBase):\n    """Recorder of the fields that a class writes."""\n\n'
        + "    __slots__ = ()\n"
        + "".join(map(define, every))
    )
    builder = BUILDER_HEAD + "".join(map(build, every)) + BUILDER_TAIL
    compiled = (
        COMPILED_READER
        + "".join(map(compiled_read, every))
        + COMPILED_WRITER
        + "".join(map(compiled_write, every))
    )
    return {
        FOLDER / "portable" / "api.py": api,
        FOLDER / "portable" / "fields.py": fields,
        FOLDER / "portable" / "builder.py": builder,
        COMPILED / "_portable_fields.pxi": compiled,
    }
