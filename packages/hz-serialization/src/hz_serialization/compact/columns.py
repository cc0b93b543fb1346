"""Many records of one schema at once, from columns of values: each column is encoded as a whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from struct import Struct
from struct import error as StructError
from typing import Any, Final, NamedTuple

from hz_serialization import type_ids
from hz_serialization.compact.codecs import Codec, pack_offsets
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import FIXED_SIZES, Schema
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.layout import Layout, header
from hz_serialization.speedups import compiled

_CODES: Final = {
    FieldKind.INT8: "b",
    FieldKind.INT16: "h",
    FieldKind.INT32: "i",
    FieldKind.INT64: "q",
    FieldKind.FLOAT32: "f",
    FieldKind.FLOAT64: "d",
    FieldKind.NULLABLE_INT8: "b",
    FieldKind.NULLABLE_INT16: "h",
    FieldKind.NULLABLE_INT32: "i",
    FieldKind.NULLABLE_INT64: "q",
    FieldKind.NULLABLE_FLOAT32: "f",
    FieldKind.NULLABLE_FLOAT64: "d",
    FieldKind.NULLABLE_BOOLEAN: "?",
}

_columns: Final[Any] = compiled("_columns") if sys.byteorder == "little" else None

_NULL: Final = -1
_MOST_SHAPES: Final = 4096


class Form(IntEnum):
    """What is in the buffers of a column, as Arrow has it."""

    NUMBER = 1
    """Numbers, the lowest byte first."""

    BOOLEAN = 2
    """Bits, the lowest one of a byte first."""

    TEXT = 3
    """UTF-8, and 32-bit numbers that say where each text begins and the last one ends."""

    TIMESTAMP = 4
    """Microseconds since 1970, of 64 bits, without time zone."""

    DATE = 5
    """Days since 1970, of 32 bits."""

    TIME = 6
    """Microseconds since midnight, of 64 bits."""


class Buffers(NamedTuple):
    """A column as bytes, as an Arrow array has them."""

    form: Form
    """What the bytes are."""

    width: int
    """The bytes of a number; anything for other forms."""

    start: int
    """The place of the first value in each buffer."""

    values: Any
    """The values."""

    valid: Any
    """A bit for each value that says whether it is not null, the lowest one of a byte first; None without nulls."""

    places: Any
    """Where texts begin and end; None for other forms."""


class ColumnEncoder:
    """Makes ``Data`` of records whose values are given as columns: the bytes that a ``GenericRecord`` would have.

    Args:
        schema: The fields.
        layout: Byte order of payloads.
        codecs: Codecs of the variable-size kinds.
    """

    def __init__(self, schema: Schema, layout: Layout, codecs: Mapping[FieldKind, Codec]) -> None:
        self._schema = schema
        self._layout = layout
        self._codecs = codecs
        kinds = [schema.kinds[name] for name in schema.slots]
        self._fixed = sum(kind in FIXED_SIZES for kind in kinds)
        self._booleans = kinds.count(FieldKind.BOOLEAN)
        self._first_variable = self._fixed + self._booleans
        self._variable = len(kinds) - self._first_variable
        self._fixed_size = sum(FIXED_SIZES.get(kind, 0) for kind in kinds) + (self._booleans + 7) // 8
        self._head = header(type_ids.COMPACT) + layout.q.pack(schema.schema_id)
        self._shapes: dict[tuple[int, ...], tuple[bytes, bytes]] = {}

    def encode(self, columns: Sequence[Sequence[Any]]) -> list[bytes]:
        """Return the ``Data`` of each row.

        Args:
            columns: The values of each field, in the order of ``schema.slots``; None for null.

        Raises:
            HazelcastSerializationError: A value does not fit into its field; the error names it.
        """
        pieces = [
            self._pieces(name, values) for name, values in zip(self._schema.slots, columns, strict=True)
        ]
        first = self._first_variable
        parts = [*pieces[: self._fixed], *self._bits(columns)]
        if not self._variable:
            head = self._head
            return [b"".join((head, *row)) for row in zip(*parts, strict=True)]
        variable = pieces[first:]
        lengths = [[_NULL if piece is None else len(piece) for piece in column] for column in variable]
        parts += [[piece or b"" for piece in column] if None in column else column for column in variable]
        shapes, shape_of, head = self._shapes, self._shape, self._head
        found: list[bytes] = []
        append = found.append
        for row, shape in zip(zip(*parts, strict=True), zip(*lengths, strict=True), strict=True):
            frame = shapes.get(shape)
            if frame is None:
                frame = shape_of(shape)
            append(b"".join((head, frame[0], *row, frame[1])))
        return found

    def encode_buffers(self, rows: int, columns: Sequence[Buffers | list[Any]]) -> list[bytes] | None:
        """Return the ``Data`` of each row; None if ``encode`` has to do it.

        Args:
            rows: The number of rows.
            columns: The values of each field, in the order of ``schema.slots``, as buffers or as in ``encode``.

        Raises:
            HazelcastSerializationError: A value does not fit into its field; the error names it.
        """
        first = self._first_variable
        if _columns is None or not all(isinstance(column, Buffers) for column in columns[:first]):
            return None
        sources = [
            column if isinstance(column, Buffers) else self._pieces(name, column)
            for name, column in zip(self._schema.slots, columns, strict=True)
        ]
        little = self._layout.prefix == "<"
        found: list[bytes] | None = _columns.encode(
            self._head, little, rows, self._fixed, self._booleans, sources
        )
        return found

    def _shape(self, lengths: tuple[int, ...]) -> tuple[bytes, bytes]:
        """Return the size of a record's values, and the offsets of those of variable size, from their lengths."""
        at = self._fixed_size
        offsets = []
        for length in lengths:
            offsets.append(_NULL if length == _NULL else at)
            at += max(length, 0)
        frame = self._layout.i.pack(at), pack_offsets(self._layout.prefix, offsets, at)
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        self._shapes[lengths] = frame
        return frame

    def _bits(self, columns: Sequence[Sequence[Any]]) -> list[list[bytes]]:
        """Return the booleans of each row, eight in a byte, as a column; no column if there are none."""
        if not self._booleans:
            return []
        size = (self._booleans + 7) // 8
        names = list(self._schema.slots)[self._fixed : self._first_variable]
        booleans = columns[self._fixed : self._first_variable]
        for name, values in zip(names, booleans, strict=True):
            if None in values:
                raise self._failed(name, "a null, which its kind cannot have")
        return [
            [
                sum(1 << bit for bit, value in enumerate(row) if value).to_bytes(size, "little")
                for row in zip(*booleans, strict=True)
            ]
        ]

    def _pieces(self, name: str, values: Sequence[Any]) -> list[bytes] | list[bytes | None]:
        """Return the bytes of each value of a field; None for null."""
        kind = self._schema.kinds[name]
        if kind is FieldKind.BOOLEAN:
            return []
        try:
            code = _CODES.get(kind)
            if code is not None:
                return self._numbers(name, kind, code, values)
            encode = self._text if kind is FieldKind.STRING else _by(self._codecs[kind])
            return [None if value is None else encode(value) for value in values]
        except HazelcastSerializationError as error:
            raise self._failed(name, f"a value that does not fit: {error}") from error
        except (StructError, TypeError, ValueError, OverflowError) as error:
            raise self._failed(name, f"a value that does not fit: {type(error).__name__}: {error}") from error
        except AttributeError as error:
            raise self._failed(name, f"a value of another type: {error}") from None

    def _numbers(
        self, name: str, kind: FieldKind, code: str, values: Sequence[Any]
    ) -> list[bytes] | list[bytes | None]:
        prefix = self._layout.prefix
        if None in values:
            if kind in FIXED_SIZES:
                raise self._failed(name, "a null, which its kind cannot have")
            pack = Struct(prefix + code).pack
            return [None if value is None else pack(value) for value in values]
        size = Struct(prefix + code).size
        block = Struct(f"{prefix}{len(values)}{code}").pack(*values)
        return [block[at : at + size] for at in range(0, len(block), size)]

    def _text(self, value: str) -> bytes:
        encoded = value.encode()
        return self._layout.i.pack(len(encoded)) + encoded

    def _failed(self, name: str, why: str) -> HazelcastSerializationError:
        schema = self._schema
        return HazelcastSerializationError(
            f"Cannot write records of {schema.type_name!r}: the field {name!r} ({schema.kinds[name].name}) has {why}"
        )


def _by(codec: Codec) -> Callable[[Any], bytes]:
    """Return the function that encodes one value as a codec does."""
    write = codec.write

    def encode(value: Any) -> bytes:
        out = bytearray()
        write(out, value, 0)
        return bytes(out)

    return encode
