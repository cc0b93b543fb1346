# ruff: noqa: D102
# The abstract class documents the methods.
"""Base class of the generated writer of Portable fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.layout import Layout
from hz_serialization.output import DataOutput
from hz_serialization.portable.api import Portable, PortableWriter
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.plan import WritePlan
from hz_serialization.portable.write_errors import field_error
from hz_serialization.problems import MAX_DEPTH, fail_at, too_deep
from hz_serialization.registry import Registry
from hz_serialization.stream_api import ObjectDataOutput


class WritingFormat(Protocol):
    """What writers of fields use of the format (see ``PortableFormat``)."""

    layout: Layout
    registry: Registry
    appenders: dict[FieldType, Callable[[bytearray, Any], None]]

    def write_nested(self, out: bytearray, value: Any, depth: int) -> None:
        """Write an object inside another one."""
        ...


class FieldWriterBase(PortableWriter):
    """Writer that appends fields to the buffer of the ``Data``.

    Each method finds the field in the table of its type. A field that is not there, or was written already, is an
    error.

    Attributes:
        positions: Where each field begins in ``out``; 0 for those not written yet.
        raw_position: Where the raw data begins; 0 if there is none.

    Args:
        out: Begins with the first byte of the ``Data``.
        plan: The plan of the object's class.
        format_: Writes nested objects.
        depth: Levels of objects around this one.
    """

    __slots__ = ("_depth", "_format", "_out", "_plan", "_raw", "positions", "raw_position")

    def __init__(self, out: bytearray, plan: WritePlan, format_: WritingFormat, depth: int) -> None:
        self._out = out
        self._plan = plan
        self._format = format_
        self._depth = depth
        self._raw: DataOutput | None = None
        self.positions: list[int] = plan.no_positions[:]
        self.raw_position: int = 0

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
            raise TypeError(
                f"a Portable is wanted, not {portable!r:.80}; an array of Portables cannot hold null"
            )
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
        raise problem from problem.__cause__
