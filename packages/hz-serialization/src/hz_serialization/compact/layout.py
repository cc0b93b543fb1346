"""The layout of the records of one schema."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from struct import Struct
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.compact.codecs import BYTE_OFFSETS, LONG_NULL, SHORT_OFFSETS, Codec, make_codecs, refuse
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import FIXED_SIZES, Schema
from hz_serialization.layout import Layout, header, length_error
from hz_serialization.problems import UnserializableError, damaged
from hz_serialization.registry import Reader

_CODES: Final = {
    FieldKind.INT8: "b",
    FieldKind.INT16: "h",
    FieldKind.INT32: "i",
    FieldKind.INT64: "q",
    FieldKind.FLOAT32: "f",
    FieldKind.FLOAT64: "d",
}
_KINDS: Final = max(FieldKind) + 1
_BITS: Final = {False: 0, True: 1}
_encode: Final = str.encode


class Missing:
    """The type of ``MISSING``, the content of a record's slot until the field is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class FieldMissing(UnserializableError):
    """A serializer did not write all the fields of the schema that it wrote before."""


class RecordLayout:
    """Writer and reader of the values of one schema's records in one byte order.

    Values are held in the order of ``schema.slots``: fields of fixed size, which go in one block, then
    booleans, then variable-size fields.

    Args:
        schema: The fields.
        layout: Byte order of payloads.
        codecs: Codecs of the variable-size kinds, as ``make_codecs`` gives them; without them, nested
            Compact objects are refused.
        order: Names of the variable-size fields, in the order of their values in a record; other names are
            ignored, and missing ones follow by name. The order does not matter to readers. It matters for
            keys, which members compare by their bytes: all clients have to use the same order, which is
            that of the calls of a serializer.

    Attributes:
        schema: The fields.
        slots: Index of each field's value.
        tables: Index of each field's value, by the number of its kind and by name.
        read_tables: The same for readers, which hold the values of variable-size fields separately: the
            index in what ``open`` returns, or among the variable-size fields.
        count: How many variable-size fields there are.
        fixed_size: Bytes of the fields of fixed size.
        is_usual: Whether there are variable-size fields, and not several booleans.
        is_plain: Whether it is usual, and all variable-size fields are texts.
        blank: ``MISSING`` for each slot.
        unpack: Unpacks the fields of fixed size, after the size if there are variable-size ones.
        unpack_size: Unpacks the size before a text.
        readers: Readers of the variable-size fields, by name.
    """

    __slots__ = (
        "_booleans",
        "_fixed_end",
        "_has_bits",
        "_head",
        "_id",
        "_layout",
        "_long",
        "_names",
        "_nulls",
        "_order",
        "_pack",
        "_pack_size",
        "_pack_whole",
        "_readers",
        "_short",
        "_size",
        "_writers",
        "blank",
        "count",
        "first_variable",
        "fixed_size",
        "is_plain",
        "is_usual",
        "read_tables",
        "readers",
        "schema",
        "slots",
        "tables",
        "unpack",
        "unpack_size",
    )

    def __init__(
        self,
        schema: Schema,
        layout: Layout,
        codecs: Mapping[FieldKind, Codec] | None = None,
        order: Collection[str] = (),
    ) -> None:
        self.schema: Schema = schema
        self._id = schema.schema_id
        slots = schema.slots
        self.slots: Mapping[str, int] = slots
        self._layout = layout
        self._names = names = tuple(slots)
        kinds = [schema.kinds[name] for name in slots]
        self._fixed_end = end = sum(kind in FIXED_SIZES for kind in kinds)
        booleans = kinds.count(FieldKind.BOOLEAN)
        first = end + booleans
        self.first_variable: int = first
        self._booleans = range(end, first)
        count = len(kinds) - first
        if codecs is None:
            codecs = make_codecs(layout)
        self.readers: list[Reader] = [codecs[kind].read for kind in kinds[first:]]
        self._readers = [None if kind is FieldKind.STRING else codecs[kind].read for kind in kinds[first:]]
        self._writers = [None if kind is FieldKind.STRING else codecs[kind].write for kind in kinds[first:]]
        by_name = [name for name in names[first:] if name not in order]
        self._order = [slots[name] - first for name in (*order, *by_name) if slots[name] >= first]
        self._nulls = [-1] * count
        self._short = Struct(f"{layout.prefix}{count}H")
        self._long = Struct(f"{layout.prefix}{count}I")
        self.count: int = count
        self._has_bits = booleans > 1
        self.is_usual: bool = count > 0 and booleans < 2
        self.is_plain: bool = self.is_usual and all(kind is FieldKind.STRING for kind in kinds[first:])
        self.blank: list[Missing] = [MISSING] * len(names)
        self._pack_size = layout.i.pack_into
        self._size = layout.i.pack
        self.unpack_size: Callable[..., tuple[Any, ...]] = layout.i.unpack_from
        self._make_structs("".join(_CODES[kind] for kind in kinds[:end]), booleans, "i" if count else "")
        self.tables: tuple[Mapping[str, int], ...] = _tables(schema, dict(slots))
        before = 1 if count else 0  # the size comes first
        self.read_tables: tuple[Mapping[str, int], ...] = _tables(
            schema, {name: slot - first if slot >= first else slot + before for name, slot in slots.items()}
        )

    def _make_structs(self, numbers: str, booleans: int, size: str) -> None:
        prefix, bits = self._layout.prefix, "B" * ((booleans + 7) // 8)
        self.fixed_size: int = Struct(prefix + numbers + bits).size
        self._pack = Struct(f"{prefix}q{size}{numbers}{bits}").pack
        self._head = header(type_ids.COMPACT)
        self._pack_whole = Struct(f"{prefix}{len(self._head)}sq{size}{numbers}{bits}").pack
        # A single boolean is a whole byte, 0 or 1.
        self.unpack: Callable[..., tuple[Any, ...]] = Struct(
            f"{prefix}{size}{numbers}{'?' if booleans == 1 else bits}"
        ).unpack_from

    def encode(self, values: Sequence[Any]) -> bytes:
        """Return the whole ``Data`` of a record, as ``write`` writes it.

        Raises:
            FieldMissing: A value is ``MISSING``.
            UnserializableError: A value does not fit its field; the error names it.
        """
        if self.is_plain:
            # The same as below for short texts, in fewer steps.
            first, end, at, pack_size = self.first_variable, self._fixed_end, self.fixed_size, self._size
            offsets = bytearray(self.count)
            parts: list[bytes | bytearray] = [b""]
            try:
                texts = [*map(_encode, values[first:])]
                for index in self._order:
                    text = texts[index]
                    offsets[index] = at
                    size = len(text)
                    at += size + 4
                    parts += pack_size(size), text
                if at < BYTE_OFFSETS:
                    if end == first:
                        parts[0] = self._pack_whole(self._head, self._id, at, *values[:end])
                    else:
                        flag = _BITS[values[end]]
                        parts[0] = self._pack_whole(self._head, self._id, at, *values[:end], flag)
                    parts.append(offsets)
                    return b"".join(parts)
            except Exception:  # null, or a value that does not fit: see below
                pass
        out = bytearray(self._head)
        self.write(out, values, 0)
        return bytes(out)

    def write(
        self, out: bytearray, values: Sequence[Any], depth: int, order: Sequence[int] | None = None
    ) -> None:
        """Append a record, from its schema id on.

        Args:
            out: The buffer.
            values: The value of each slot; variable-size fields may be None.
            depth: Levels of objects around this one.
            order: Indices of the variable-size fields in the order of their values in the record, each
                once; the order of this layout if ``None``.

        Raises:
            FieldMissing: A value is ``MISSING``.
            UnserializableError: A value does not fit its field; the error names it.
        """
        start = len(out)
        end = self._fixed_end
        first = self.first_variable
        index = -1
        base = start + 12
        offsets = self._nulls[:]
        try:
            if end == first:
                bits: Sequence[int] = ()
            elif first - end == 1:
                bits = (_BITS[values[end]],)
            else:
                bits = self._bits(values)
            writers = self._writers
            if not writers:
                out += self._pack(self._id, *values[:end], *bits)
                return
            out += self._pack(self._id, 0, *values[:end], *bits)
            for index in self._order if order is None else order:
                value = values[first + index]
                if value is not None:
                    offsets[index] = len(out) - base
                    write = writers[index]
                    if write is None:  # a string, the most frequent kind: written here, without a call
                        encoded = value.encode()
                        out += self._size(len(encoded))
                        out += encoded
                    else:
                        write(out, value, depth)
        except Exception as error:
            self._fail(values, index, error)
        size = len(out) - base
        self._pack_size(out, start + 8, size)
        if size < BYTE_OFFSETS:
            if -1 in offsets:
                offsets = [BYTE_OFFSETS if offset < 0 else offset for offset in offsets]
            out += bytes(offsets)
        else:
            self._append_wide(out, offsets, size)

    def read(self, data: bytes, pos: int, depth: int) -> tuple[list[Any], int]:
        """Read a whole record.

        Args:
            data: One ``Data`` or another block.
            pos: Where the record, that is its schema id, begins.
            depth: Levels of objects around this one.

        Returns:
            The value of each slot, and the position after the record.

        Raises:
            HazelcastSerializationError: The bytes are damaged.
        """
        values, offsets, null, _, end = self.open(data, pos)
        return self.fill(values, offsets, null, data, pos, depth), end

    def fill(
        self, fixed: Sequence[Any], offsets: Sequence[int], null: int, data: bytes, pos: int, depth: int
    ) -> list[Any]:
        """Read the variable-size values of a record, after ``open`` has read the rest.

        Returns:
            The value of each slot.

        Raises:
            HazelcastSerializationError: The bytes are damaged.
        """
        if not offsets:
            return list(fixed)
        size, *values = fixed
        base = pos + 12
        limit = base + size
        room = size - self.fixed_size
        append, unpack_size = values.append, self.unpack_size
        for offset, read in zip(offsets, self._readers, strict=True):
            if offset == null:
                append(None)
                continue
            begin = base + offset
            if read is None:  # a string, as in write
                end = begin + 4 + unpack_size(data, begin)[0]
                room -= end - begin
                if room < 0 or end < begin + 4 or end > limit:
                    raise self.overfull(pos)
                append(data[begin + 4 : end].decode())
                continue
            value, end = read(data, begin, depth)
            room -= end - begin
            if room < 0 or end > limit:
                raise self.overfull(pos)
            append(value)
        return values

    def open(self, data: bytes, pos: int) -> tuple[tuple[Any, ...], Sequence[int], int, int, int]:
        """Read a record without its variable-size values.

        Args:
            data: One ``Data`` or another block.
            pos: Where the record begins.

        Returns:
            The values of fixed size, preceded by the size of all values if there are variable-size ones; the
            offset from ``pos`` + 12 of each variable-size value; the offset that stands for null; the number of
            bytes of all these values; and the position after the record.

        Raises:
            HazelcastSerializationError: The bytes are damaged.
        """
        fixed = self.unpack(data, pos + 8)
        if self._has_bits:
            fixed = self._split_bits(fixed)
        count = self.count
        if not count:
            return fixed, b"", -1, 0, pos + 8 + self.fixed_size
        size = fixed[0]
        room = size - self.fixed_size
        if room < 0:
            raise damaged(
                f"a record of {size} bytes at byte {pos}, but the fields of {self.schema.type_name!r} that are "
                f"always there have {self.fixed_size}"
            )
        table = pos + 12 + size
        if size < BYTE_OFFSETS:
            end = table + count
            offsets = data[table:end]
            if len(offsets) < count:
                raise length_error(size + count, data, pos + 12)
            return fixed, offsets, BYTE_OFFSETS, room, end
        if size < SHORT_OFFSETS:
            return fixed, self._short.unpack_from(data, table), SHORT_OFFSETS, room, table + 2 * count
        return fixed, self._long.unpack_from(data, table), LONG_NULL, room, table + 4 * count

    def overfull(self, pos: int) -> Exception:
        """Return the error for values that have more bytes than the record's total."""
        return damaged(
            f"the values of the record of {self.schema.type_name!r} at byte {pos} overlap or go beyond its end"
        )

    def _bits(self, values: Sequence[Any]) -> Sequence[int]:
        bits = 0
        for bit, slot in enumerate(self._booleans):
            if _BITS[values[slot]]:
                bits |= 1 << bit
        return bits.to_bytes((len(self._booleans) + 7) // 8, "little")

    def _split_bits(self, fixed: tuple[Any, ...]) -> tuple[Any, ...]:
        count = len(self._booleans)
        at = len(fixed) - (count + 7) // 8
        bits = [bool(byte >> bit & 1) for byte in fixed[at:] for bit in range(8)]
        return (*fixed[:at], *bits[:count])

    def _append_wide(self, out: bytearray, offsets: list[int], size: int) -> None:
        struct, null = (self._short, SHORT_OFFSETS) if size < SHORT_OFFSETS else (self._long, LONG_NULL)
        out += struct.pack(*[null if offset < 0 else offset for offset in offsets])

    def _fail(self, values: Sequence[Any], index: int, error: Exception) -> None:
        """Raise the error that names the field whose value could not be written."""
        missing = [name for name, value in zip(self._names, values, strict=False) if value is MISSING]
        if missing:
            raise FieldMissing(
                Missing,
                f"the serializer of Compact type {self.schema.type_name!r} did not write {_listed(missing)}",
            ) from error
        name = self._names[self.first_variable + index] if index >= 0 else self._unfit(values)
        refuse(self.schema.kinds[name], values[self.slots[name]], error, f".{name}")

    def _unfit(self, values: Sequence[Any]) -> str:
        """Return the name of the first field of fixed size whose value does not fit it."""
        for name, value in zip(self._names[: self.first_variable], values, strict=False):
            code = _CODES.get(self.schema.kinds[name])
            try:
                if code is None:
                    _BITS[value]
                else:
                    Struct(self._layout.prefix + code).pack(value)
            except Exception:
                return name
        raise AssertionError("each value fits its field, but all together do not")


def _tables(schema: Schema, indices: Mapping[str, int]) -> tuple[Mapping[str, int], ...]:
    nothing: dict[str, int] = {}
    tables = [nothing] * _KINDS
    for field in schema.fields:
        tables[field.kind] = {**tables[field.kind], field.name: indices[field.name]}
    return tuple(tables)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:10])) + (", ..." if len(names) > 10 else "")
