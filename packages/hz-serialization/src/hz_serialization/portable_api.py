"""Reader and writer of Portable fields, as ``Portable`` classes see them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from hz_serialization.stream_api import ObjectDataInput, ObjectDataOutput

if TYPE_CHECKING:
    from hz_serialization.api import Portable
    from hz_serialization.portable.field_type import FieldType


class PortableReader(ABC):
    """Reads the fields of one Portable object by name, in any order."""

    __slots__ = ()

    @abstractmethod
    def get_version(self) -> int:
        """Version of the class as written."""

    @abstractmethod
    def has_field(self, field_name: str) -> bool:
        """Whether the class as written has the field; no nested paths."""

    @abstractmethod
    def get_field_names(self) -> set[str]:
        """Names of all fields of the class as written."""

    @abstractmethod
    def get_field_type(self, field_name: str) -> FieldType:
        """The type of a field."""

    @abstractmethod
    def get_field_class_id(self, field_name: str) -> int:
        """Class id of a field that is a Portable or an array of them."""

    @abstractmethod
    def read_int(self, field_name: str) -> int:
        """Reads a field: primitive int."""

    @abstractmethod
    def read_long(self, field_name: str) -> int:
        """Reads a field: primitive long."""

    @abstractmethod
    def read_utf(self, field_name: str) -> str | None:
        """Reads a field: text."""

    @abstractmethod
    def read_string(self, field_name: str) -> str | None:
        """Reads a field: text, as ``read_utf``."""

    @abstractmethod
    def read_boolean(self, field_name: str) -> bool:
        """Reads a field: boolean."""

    @abstractmethod
    def read_byte(self, field_name: str) -> int:
        """Reads a field: byte."""

    @abstractmethod
    def read_char(self, field_name: str) -> str:
        """Reads a field: char."""

    @abstractmethod
    def read_double(self, field_name: str) -> float:
        """Reads a field: double."""

    @abstractmethod
    def read_float(self, field_name: str) -> float:
        """Reads a field: float."""

    @abstractmethod
    def read_short(self, field_name: str) -> int:
        """Reads a field: short."""

    @abstractmethod
    def read_byte_array(self, field_name: str) -> bytearray | None:
        """Reads a field: ``byte[]``."""

    @abstractmethod
    def read_boolean_array(self, field_name: str) -> list[bool] | None:
        """Reads a field: ``boolean[]``."""

    @abstractmethod
    def read_char_array(self, field_name: str) -> list[str] | None:
        """Reads a field: ``char[]``."""

    @abstractmethod
    def read_int_array(self, field_name: str) -> list[int] | None:
        """Reads a field: ``int[]``."""

    @abstractmethod
    def read_long_array(self, field_name: str) -> list[int] | None:
        """Reads a field: ``long[]``."""

    @abstractmethod
    def read_double_array(self, field_name: str) -> list[float] | None:
        """Reads a field: ``double[]``."""

    @abstractmethod
    def read_float_array(self, field_name: str) -> list[float] | None:
        """Reads a field: ``float[]``."""

    @abstractmethod
    def read_short_array(self, field_name: str) -> list[int] | None:
        """Reads a field: ``short[]``."""

    @abstractmethod
    def read_utf_array(self, field_name: str) -> list[str | None] | None:
        """Reads a field: ``String[]``."""

    @abstractmethod
    def read_string_array(self, field_name: str) -> list[str | None] | None:
        """Reads a field: ``String[]``."""

    @abstractmethod
    def read_decimal(self, field_name: str) -> Decimal | None:
        """Reads a field: decimal number."""

    @abstractmethod
    def read_time(self, field_name: str) -> time | None:
        """Reads a field: time of day."""

    @abstractmethod
    def read_date(self, field_name: str) -> date | None:
        """Reads a field: date."""

    @abstractmethod
    def read_timestamp(self, field_name: str) -> datetime | None:
        """Reads a field: date and time without zone."""

    @abstractmethod
    def read_timestamp_with_timezone(self, field_name: str) -> datetime | None:
        """Reads a field: date and time with a UTC offset."""

    @abstractmethod
    def read_decimal_array(self, field_name: str) -> list[Decimal] | None:
        """Reads a field: array of decimal numbers."""

    @abstractmethod
    def read_time_array(self, field_name: str) -> list[time] | None:
        """Reads a field: array of times of day."""

    @abstractmethod
    def read_date_array(self, field_name: str) -> list[date] | None:
        """Reads a field: array of dates."""

    @abstractmethod
    def read_timestamp_array(self, field_name: str) -> list[datetime] | None:
        """Reads a field: array of dates and times without zone."""

    @abstractmethod
    def read_timestamp_with_timezone_array(self, field_name: str) -> list[datetime] | None:
        """Reads a field: array of dates and times with a UTC offset."""

    @abstractmethod
    def read_portable(self, field_name: str) -> Portable | None:
        """Reads a field: a nested Portable."""

    @abstractmethod
    def read_portable_array(self, field_name: str) -> list[Portable | None] | None:
        """Reads a field: an array of Portables."""

    @abstractmethod
    def get_raw_data_input(self) -> ObjectDataInput:
        """The data after the fields; no field can be read afterwards."""


class PortableWriter(ABC):
    """Writes the fields of one Portable object; the first writing of a class defines it."""

    __slots__ = ()

    @abstractmethod
    def write_int(self, field_name: str, value: int) -> None:
        """Writes a field: primitive int."""

    @abstractmethod
    def write_long(self, field_name: str, value: int) -> None:
        """Writes a field: primitive long."""

    @abstractmethod
    def write_utf(self, field_name: str, value: str | None) -> None:
        """Writes a field: text."""

    @abstractmethod
    def write_string(self, field_name: str, value: str | None) -> None:
        """Writes a field: text, as ``write_utf``."""

    @abstractmethod
    def write_boolean(self, field_name: str, value: bool) -> None:
        """Writes a field: boolean."""

    @abstractmethod
    def write_byte(self, field_name: str, value: int) -> None:
        """Writes a field: byte."""

    @abstractmethod
    def write_char(self, field_name: str, value: str) -> None:
        """Writes a field: char."""

    @abstractmethod
    def write_double(self, field_name: str, value: float) -> None:
        """Writes a field: double."""

    @abstractmethod
    def write_float(self, field_name: str, value: float) -> None:
        """Writes a field: float."""

    @abstractmethod
    def write_short(self, field_name: str, value: int) -> None:
        """Writes a field: short."""

    @abstractmethod
    def write_byte_array(self, field_name: str, values: bytes | bytearray | None) -> None:
        """Writes a field: ``byte[]``."""

    @abstractmethod
    def write_boolean_array(self, field_name: str, values: Sequence[bool] | None) -> None:
        """Writes a field: ``boolean[]``."""

    @abstractmethod
    def write_char_array(self, field_name: str, values: Sequence[str] | None) -> None:
        """Writes a field: ``char[]``."""

    @abstractmethod
    def write_int_array(self, field_name: str, values: Sequence[int] | None) -> None:
        """Writes a field: ``int[]``."""

    @abstractmethod
    def write_long_array(self, field_name: str, values: Sequence[int] | None) -> None:
        """Writes a field: ``long[]``."""

    @abstractmethod
    def write_double_array(self, field_name: str, values: Sequence[float] | None) -> None:
        """Writes a field: ``double[]``."""

    @abstractmethod
    def write_float_array(self, field_name: str, values: Sequence[float] | None) -> None:
        """Writes a field: ``float[]``."""

    @abstractmethod
    def write_short_array(self, field_name: str, values: Sequence[int] | None) -> None:
        """Writes a field: ``short[]``."""

    @abstractmethod
    def write_utf_array(self, field_name: str, values: Sequence[str | None] | None) -> None:
        """Writes a field: ``String[]``."""

    @abstractmethod
    def write_string_array(self, field_name: str, values: Sequence[str | None] | None) -> None:
        """Writes a field: ``String[]``."""

    @abstractmethod
    def write_decimal(self, field_name: str, value: Decimal | None) -> None:
        """Writes a field: decimal number."""

    @abstractmethod
    def write_time(self, field_name: str, value: time | None) -> None:
        """Writes a field: time of day."""

    @abstractmethod
    def write_date(self, field_name: str, value: date | None) -> None:
        """Writes a field: date."""

    @abstractmethod
    def write_timestamp(self, field_name: str, value: datetime | None) -> None:
        """Writes a field: date and time without zone."""

    @abstractmethod
    def write_timestamp_with_timezone(self, field_name: str, value: datetime | None) -> None:
        """Writes a field: date and time with a UTC offset."""

    @abstractmethod
    def write_decimal_array(self, field_name: str, values: Sequence[Decimal] | None) -> None:
        """Writes a field: array of decimal numbers; it holds no null."""

    @abstractmethod
    def write_time_array(self, field_name: str, values: Sequence[time] | None) -> None:
        """Writes a field: array of times of day; it holds no null."""

    @abstractmethod
    def write_date_array(self, field_name: str, values: Sequence[date] | None) -> None:
        """Writes a field: array of dates; it holds no null."""

    @abstractmethod
    def write_timestamp_array(self, field_name: str, values: Sequence[datetime] | None) -> None:
        """Writes a field: array of dates and times without zone; it holds no null."""

    @abstractmethod
    def write_timestamp_with_timezone_array(self, field_name: str, values: Sequence[datetime] | None) -> None:
        """Writes a field: array of dates and times with a UTC offset; it holds no null."""

    @abstractmethod
    def write_portable(self, field_name: str, portable: Portable | None) -> None:
        """Writes a field: a nested Portable."""

    @abstractmethod
    def write_null_portable(self, field_name: str, factory_id: int, class_id: int) -> None:
        """Writes a field: null, of the Portable class with these ids."""

    @abstractmethod
    def write_portable_array(self, field_name: str, values: Sequence[Portable] | None) -> None:
        """Writes a field: an array of Portables."""

    @abstractmethod
    def get_raw_data_output(self) -> ObjectDataOutput:
        """For data after the fields; no field can be written afterwards."""
