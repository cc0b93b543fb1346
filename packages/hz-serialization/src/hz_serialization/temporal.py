"""Dates and times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from struct import Struct
from typing import Any

from hz_serialization import type_ids
from hz_serialization.problems import UnserializableError, damaged
from hz_serialization.registry import Reader, Registry

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_OFFSET = 18 * 3600


def offset_seconds(value: datetime) -> int:
    """Return the UTC offset of an aware datetime in whole seconds, within Java's range.

    Raises:
        UnserializableError: It has a fraction of a second, or is beyond 18 hours.
    """
    offset = value.utcoffset()
    if offset is None:
        raise UnserializableError(
            type(value), "its tzinfo gives no UTC offset; use a naive datetime or a complete tzinfo"
        )
    if offset.microseconds:
        raise UnserializableError(type(value), f"Java's UTC offsets are whole seconds, not {offset}")
    seconds = offset.days * 86400 + offset.seconds
    if abs(seconds) > _MAX_OFFSET:
        raise UnserializableError(type(value), f"Java's UTC offsets end at 18 hours, this one is {offset}")
    return seconds


def zone_of(seconds: int) -> timezone:
    """Return the fixed zone of an offset that was read.

    Raises:
        HazelcastSerializationError: It is beyond 18 hours.
    """
    if abs(seconds) > _MAX_OFFSET:
        raise damaged(f"UTC offset of {seconds} seconds; Java's end at 18 hours")
    return UTC if seconds == 0 else timezone(timedelta(seconds=seconds))


def register_temporal(registry: Registry) -> None:
    """Add date, time and datetime, and the readers of LocalDate to OffsetDateTime and java.util.Date."""
    prefix = registry.layout.prefix
    with_type_date = Struct(prefix + "iibb")
    with_type_time = Struct(prefix + "ibbbi")
    with_type_local = Struct(prefix + "iibbbbbi")
    with_type_offset = Struct(prefix + "iibbbbbii")

    def write_date(value: date) -> bytes:
        return with_type_date.pack(type_ids.LOCAL_DATE, value.year, value.month, value.day)

    def write_time(value: time) -> bytes:
        if value.tzinfo is not None:
            raise UnserializableError(
                type(value), "Java has no time of day with a zone here; drop tzinfo or use a datetime"
            )
        return with_type_time.pack(
            type_ids.LOCAL_TIME, value.hour, value.minute, value.second, value.microsecond * 1000
        )

    def write_datetime(value: datetime) -> bytes:
        fields = (
            value.year,
            value.month,
            value.day,
            value.hour,
            value.minute,
            value.second,
            value.microsecond * 1000,
        )
        if value.tzinfo is None:
            return with_type_local.pack(type_ids.LOCAL_DATE_TIME, *fields)
        return with_type_offset.pack(type_ids.OFFSET_DATE_TIME, *fields, offset_seconds(value))

    registry.add_scalar(date, write_date, further=True)
    registry.add_scalar(time, write_time, further=True)
    registry.add_scalar(datetime, write_datetime, further=True)
    registry.add_reader(type_ids.DATE, _reader(registry.layout.q, _from_millis))
    registry.add_reader(type_ids.LOCAL_DATE, _reader(Struct(prefix + "ibb"), date))
    registry.add_reader(type_ids.LOCAL_TIME, _reader(Struct(prefix + "bbbi"), _time))
    registry.add_reader(type_ids.LOCAL_DATE_TIME, _reader(Struct(prefix + "ibbbbbi"), _datetime))
    registry.add_reader(type_ids.OFFSET_DATE_TIME, _reader(Struct(prefix + "ibbbbbii"), _aware))


def _reader(struct: Struct, build: Callable[..., Any]) -> Reader:
    unpack, size = struct.unpack_from, struct.size

    def read_temporal(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        fields = unpack(data, pos)
        try:
            return build(*fields), pos + size
        except (ValueError, OverflowError) as error:
            raise damaged(
                f"{fields} is not a date or time that Python can hold (years 1 to 9999): {error}"
            ) from None

    return read_temporal


def _from_millis(millis: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=millis)


def _time(hour: int, minute: int, second: int, nano: int) -> time:
    """Make a time from nanoseconds; Python keeps microseconds."""
    return time(hour, minute, second, nano // 1000)


def _datetime(year: int, month: int, day: int, hour: int, minute: int, second: int, nano: int) -> datetime:
    return datetime(year, month, day, hour, minute, second, nano // 1000)


def _aware(
    year: int, month: int, day: int, hour: int, minute: int, second: int, nano: int, offset: int
) -> datetime:
    return datetime(year, month, day, hour, minute, second, nano // 1000, zone_of(offset))
