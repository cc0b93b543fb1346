"""Readers and writers of the records of one schema: their most used methods have the tables of the schema at hand.

They do the same as ``FieldsReader`` and ``FieldsWriter``, from which they are derived, in fewer steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import error as StructError
from typing import Any

from hz_serialization.compact.codecs import BYTE_OFFSETS
from hz_serialization.compact.fields import FieldsReader, FieldsWriter
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.layout import RecordLayout
from hz_serialization.compact.schema import FIXED_KINDS
from hz_serialization.problems import failed_reading
from hz_serialization.registry import Reader


def writer_class(layout: RecordLayout) -> type[FieldsWriter]:
    """Return the class of writers of records with this layout, which is called without arguments.

    Their ``values`` have to be set to a copy of ``layout.blank``.
    """
    methods: dict[str, Any] = {"__slots__": (), "__init__": object.__init__}
    for kind in set(layout.schema.kinds.values()):
        methods[f"write_{kind.name.lower()}"] = _writing(layout.tables[kind], kind)
    cls: type[FieldsWriter] = type("FieldsWriter", (FieldsWriter,), methods)
    cls._layout, cls._tables = layout, layout.tables  # type: ignore[misc]  # instead of the slots
    return cls


def _writing(table: Mapping[str, int], kind: FieldKind) -> Callable[[Any, str, Any], None]:
    def write(self: FieldsWriter, field_name: str, value: Any) -> None:
        try:
            self.values[table[field_name]] = value
        except KeyError:
            self._refuse(field_name, kind)

    return write


def record_reader(layout: RecordLayout, make: Callable[[FieldsReader], Any], method: str) -> Reader:
    """Return the reader of records with this layout.

    Args:
        layout: The layout of the schema that the records were written with.
        make: Makes the object: the method ``read`` of a serializer.
        method: What errors call that.
    """

    def read_any(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        reader = FieldsReader(layout, data, pos, depth)
        try:
            return make(reader), reader.end
        except Exception as error:
            failed_reading(error, method)

    return _plain_reader(layout, make, method, read_any) if layout.is_plain else read_any


def _plain_reader(
    layout: RecordLayout, make: Callable[[FieldsReader], Any], method: str, read_any: Reader
) -> Reader:
    """Return the reader of plain records, which leaves what is damaged or long to ``read_any``."""
    cls: Any = _plain_reader_class(layout)  # its __init__ has no arguments
    unpack, unpack_size, count, fixed_size = (
        layout.unpack,
        layout.unpack_size,
        layout.count,
        layout.fixed_size,
    )
    null = BYTE_OFFSETS

    def read_plain(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        fixed = unpack(data, pos + 8)
        size = fixed[0]
        room = size - fixed_size
        if room < 0 or size >= null:
            return read_any(data, pos, depth)
        # The texts are so short that all are decoded at once.
        base = pos + 12
        limit = base + size
        end = limit + count
        texts: list[str | None] = []
        try:
            for offset in data[limit:end]:
                if offset == null:
                    texts.append(None)
                    continue
                begin = base + offset + 4
                stop = begin + unpack_size(data, begin - 4)[0]
                if not begin <= stop <= limit:
                    break
                room -= stop - begin + 4
                texts.append(data[begin:stop].decode())
        except (UnicodeDecodeError, StructError):
            room = -1
        if room < 0 or len(texts) != count:
            return read_any(data, pos, depth)  # damaged: whoever reads the fields finds out
        reader = cls()
        reader._fixed = fixed
        reader._values = texts
        try:
            return make(reader), end
        except Exception as error:
            failed_reading(error, method)

    return read_plain


def _plain_reader_class(layout: RecordLayout) -> type[FieldsReader]:
    methods: dict[str, Any] = {"__slots__": (), "__init__": object.__init__}
    for kind in set(layout.schema.kinds.values()):
        reading = _reading if kind in FIXED_KINDS else _reading_text
        methods[f"read_{kind.name.lower()}"] = reading(layout.read_tables[kind], kind)
    cls: type[FieldsReader] = type("FieldsReader", (FieldsReader,), methods)
    cls._layout, cls._tables = layout, layout.read_tables  # type: ignore[misc]  # instead of the slots
    return cls


def _reading(table: Mapping[str, int], kind: FieldKind) -> Callable[[Any, str], Any]:
    def read(self: FieldsReader, field_name: str) -> Any:
        try:
            return self._fixed[table[field_name]]
        except KeyError:
            return self._converted(field_name, kind)

    return read


def _reading_text(table: Mapping[str, int], kind: FieldKind) -> Callable[[Any, str], Any]:
    def read(self: FieldsReader, field_name: str) -> Any:
        try:
            return self._values[table[field_name]]
        except KeyError:
            return self._converted(field_name, kind)

    return read
