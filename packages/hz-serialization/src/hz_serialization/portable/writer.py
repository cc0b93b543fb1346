"""Writes the fields of one Portable object by the plan of its class."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from hz_serialization.api import ObjectDataOutput, Portable, PortableWriter
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.output import DataOutput
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.plan import WritePlan
from hz_serialization.portable.write_errors import field_error
from hz_serialization.problems import MAX_DEPTH, fail_at, too_deep

if TYPE_CHECKING:
    from hz_serialization.portable.format import PortableFormat


class FieldWriter(PortableWriter):
    """Appends fields to the buffer of the ``Data`` that is being written.

    Each method looks the field up in the table of its type; what is not there, or there already, is an error.

    Attributes:
        positions: Where each field begins in ``out``; 0 for those not written yet.
        raw_position: Where the raw data begins; 0 if there is none.

    Args:
        out: Begins with the first byte of the ``Data``.
        plan: That of the object's class.
        format_: Writes nested objects.
        depth: Levels of objects around this one.
    """

    __slots__ = ("_depth", "_format", "_out", "_plan", "_raw", "positions", "raw_position")

    def __init__(self, out: bytearray, plan: WritePlan, format_: PortableFormat, depth: int) -> None:
        self._out = out
        self._plan = plan
        self._format = format_
        self._depth = depth
        self._raw: DataOutput | None = None
        self.positions = plan.no_positions[:]
        self.raw_position = 0

    def write_int(self, field_name: str, value: int) -> None:
        try:
            index, pack = self._plan.ints[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += pack(value)
        except Exception as error:
            self._fail(error, field_name, FieldType.INT, value)

    def write_long(self, field_name: str, value: int) -> None:
        try:
            index, pack = self._plan.longs[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += pack(value)
        except Exception as error:
            self._fail(error, field_name, FieldType.LONG, value)

    def write_byte(self, field_name: str, value: int) -> None:
        try:
            index, pack = self._plan.bytes[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += pack(value)
        except Exception as error:
            self._fail(error, field_name, FieldType.BYTE, value)

    def write_short(self, field_name: str, value: int) -> None:
        try:
            index, pack = self._plan.shorts[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += pack(value)
        except Exception as error:
            self._fail(error, field_name, FieldType.SHORT, value)

    def write_float(self, field_name: str, value: float) -> None:
        try:
            index, pack = self._plan.floats[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += pack(value)
        except Exception as error:
            self._fail(error, field_name, FieldType.FLOAT, value)

    def write_double(self, field_name: str, value: float) -> None:
        try:
            index, pack = self._plan.doubles[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += pack(value)
        except Exception as error:
            self._fail(error, field_name, FieldType.DOUBLE, value)

    def write_boolean(self, field_name: str, value: bool) -> None:
        try:
            index, (false, true) = self._plan.booleans[field_name]
            positions, out = self.positions, self._out
            if positions[index]:
                self._refuse_second()
            positions[index] = len(out)
            out += true if value else false
        except Exception as error:
            self._fail(error, field_name, FieldType.BOOLEAN, value)

    def write_char(self, field_name: str, value: str) -> None:
        try:
            index, pack = self._plan.chars[field_name]
            if self.positions[index]:
                self._refuse_second()
            self.positions[index] = len(self._out)
            self._out += pack(ord(value))
        except Exception as error:
            self._fail(error, field_name, FieldType.CHAR, value)

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

    write_utf = write_string

    def write_decimal(self, field_name: str, value: Decimal | None) -> None:
        self._append(FieldType.DECIMAL, field_name, value)

    def write_time(self, field_name: str, value: time | None) -> None:
        self._append(FieldType.TIME, field_name, value)

    def write_date(self, field_name: str, value: date | None) -> None:
        self._append(FieldType.DATE, field_name, value)

    def write_timestamp(self, field_name: str, value: datetime | None) -> None:
        self._append(FieldType.TIMESTAMP, field_name, value)

    def write_timestamp_with_timezone(self, field_name: str, value: datetime | None) -> None:
        self._append(FieldType.TIMESTAMP_WITH_TIMEZONE, field_name, value)

    def write_byte_array(self, field_name: str, values: bytes | bytearray | None) -> None:
        self._append(FieldType.BYTE_ARRAY, field_name, values)

    def write_boolean_array(self, field_name: str, values: Sequence[bool] | None) -> None:
        self._append(FieldType.BOOLEAN_ARRAY, field_name, values)

    def write_char_array(self, field_name: str, values: Sequence[str] | None) -> None:
        self._append(FieldType.CHAR_ARRAY, field_name, values)

    def write_int_array(self, field_name: str, values: Sequence[int] | None) -> None:
        self._append(FieldType.INT_ARRAY, field_name, values)

    def write_long_array(self, field_name: str, values: Sequence[int] | None) -> None:
        self._append(FieldType.LONG_ARRAY, field_name, values)

    def write_double_array(self, field_name: str, values: Sequence[float] | None) -> None:
        self._append(FieldType.DOUBLE_ARRAY, field_name, values)

    def write_float_array(self, field_name: str, values: Sequence[float] | None) -> None:
        self._append(FieldType.FLOAT_ARRAY, field_name, values)

    def write_short_array(self, field_name: str, values: Sequence[int] | None) -> None:
        self._append(FieldType.SHORT_ARRAY, field_name, values)

    def write_string_array(self, field_name: str, values: Sequence[str | None] | None) -> None:
        self._append(FieldType.STRING_ARRAY, field_name, values)

    write_utf_array = write_string_array

    def write_decimal_array(self, field_name: str, values: Sequence[Decimal] | None) -> None:
        self._append(FieldType.DECIMAL_ARRAY, field_name, values)

    def write_time_array(self, field_name: str, values: Sequence[time] | None) -> None:
        self._append(FieldType.TIME_ARRAY, field_name, values)

    def write_date_array(self, field_name: str, values: Sequence[date] | None) -> None:
        self._append(FieldType.DATE_ARRAY, field_name, values)

    def write_timestamp_array(self, field_name: str, values: Sequence[datetime] | None) -> None:
        self._append(FieldType.TIMESTAMP_ARRAY, field_name, values)

    def write_timestamp_with_timezone_array(self, field_name: str, values: Sequence[datetime] | None) -> None:
        self._append(FieldType.TIMESTAMP_WITH_TIMEZONE_ARRAY, field_name, values)

    def write_portable(self, field_name: str, portable: Portable | None) -> None:
        out = self._out
        try:
            index, head, packed_ids, ids = self._plan.portables[field_name]
            self._begin(index)
            out += head
            if portable is None:
                out += b"\1" + packed_ids
                return
            out += b"\0" + packed_ids
            self._nested(portable, ids)
        except Exception as error:
            self._fail(error, field_name, FieldType.PORTABLE, portable)

    def write_null_portable(self, field_name: str, factory_id: int, class_id: int) -> None:
        try:
            index, head, packed_ids, ids = self._plan.portables[field_name]
            if ids != (factory_id, class_id):
                raise HazelcastSerializationError(
                    f"a null of factory id {factory_id}, class id {class_id}, but the field is of "
                    f"factory id {ids[0]}, class id {ids[1]}"
                )
            self._begin(index)
            self._out += head + b"\1" + packed_ids
        except Exception as error:
            self._fail(error, field_name, FieldType.PORTABLE, None)

    def write_portable_array(self, field_name: str, values: Sequence[Portable] | None) -> None:
        out = self._out
        try:
            index, head, packed_ids, ids = self._plan.portable_arrays[field_name]
            self._begin(index)
            pack_int = self._format.layout.i.pack
            out += head + pack_int(-1 if values is None else len(values)) + packed_ids
            if not values:
                return
            at = len(out)
            out += bytes(4 * len(values))
            for number, item in enumerate(values):
                begin = at + 4 * number
                out[begin : begin + 4] = pack_int(len(out))
                try:
                    self._nested(item, ids)
                except Exception as error:
                    fail_at(error, f"[{number}]", item)
        except Exception as error:
            self._fail(error, field_name, FieldType.PORTABLE_ARRAY, values)

    def get_raw_data_output(self) -> ObjectDataOutput:
        if self._raw is None:
            missing = [
                name for name, at in zip(self._plan.field_names, self.positions, strict=True) if not at
            ]
            if missing:
                raise HazelcastSerializationError(
                    f"Raw data comes after all fields, but {', '.join(missing)} of {self._plan.describe()} "
                    "are not written yet"
                )
            self._raw = DataOutput(self._out, self._format.registry, self._depth)
            self.raw_position = len(self._out)
        return self._raw

    def _append(self, field_type: FieldType, field_name: str, value: Any) -> None:
        try:
            index, head = self._plan.others[field_type][field_name]
            self._begin(index)
            self._out += head
            self._format.appenders[field_type](self._out, value)
        except Exception as error:
            self._fail(error, field_name, field_type, value)

    def _begin(self, index: int) -> None:
        if self.positions[index]:
            self._refuse_second()
        self.positions[index] = len(self._out)

    def _nested(self, portable: Any, ids: tuple[int, int]) -> None:
        if not isinstance(portable, Portable):
            raise TypeError(f"a Portable wanted, not {portable!r:.80}; an array of Portables holds no null")
        found = (portable.get_factory_id(), portable.get_class_id())
        if found != ids:
            raise HazelcastSerializationError(
                f"a Portable of factory id {found[0]}, class id {found[1]}, but the field is of "
                f"factory id {ids[0]}, class id {ids[1]}; all that is written there must be of one class"
            )
        if self._depth >= MAX_DEPTH:
            raise too_deep(portable)
        self._format.write_nested(self._out, portable, self._depth + 1)

    def _refuse_second(self) -> NoReturn:
        raise HazelcastSerializationError(
            "it was written already" if self._raw is None else "no field can be written after the raw data"
        )

    def _fail(self, error: Exception, field_name: str, field_type: FieldType, value: Any) -> NoReturn:
        problem = field_error(error, self._plan, field_name, field_type, value)
        if problem is error:
            raise problem
        raise problem from error
