"""Dates and times of a page as Arrow arrays, computed for whole columns.

Members send the fields of a moment one after the other: ``int year, byte month, byte day``, ``byte hour, byte minute,
byte second, int nanosecond``, ``int offset in seconds``. Each field of a column is cut out of the bytes at once, and
the number of days is computed from all years, months and days with Arrow's arithmetic.
"""

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from hz_core.wire.frames import HazelcastProtocolError
from hz_proxies.sql_page import COMPILED

PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
"""Units of Arrow's times in a second."""

_CYCLE_DAYS: Final = 146_097
"""Days of 400 years, after which the calendar repeats."""

_CYCLES: Final = 5_400_000
"""So many times 400 years are added, so that no year of 32 bits is negative: Arrow divides towards zero."""

# Years are counted from March on, so that a leap day is the last day of its year. Such a year 0 began 719,468 days
# before 1970; one day more, because the first day of a month is 1.
_EPOCH: Final = _CYCLES * _CYCLE_DAYS + 719_468 + 1

_MONTH_STARTS: Final = (0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275)
"""Days between the begin of a year in March and that of each month."""

_MONTH_LENGTHS: Final = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _table(values: tuple[int, ...]) -> bytes:
    """Return a table for ``bytes.translate``."""
    return bytes(values).ljust(256, b"\0")


_STARTS_LOW: Final = _table(tuple(start & 0xFF for start in _MONTH_STARTS))
_STARTS_HIGH: Final = _table(tuple(start >> 8 for start in _MONTH_STARTS))
_LENGTHS: Final = _table(_MONTH_LENGTHS)
_YEAR_BEFORE: Final = _table((0, 1, 1))

_MONTHS: Final = bytes(range(1, 13))
_DAYS: Final = bytes(range(1, 32))
_HOURS: Final = bytes(range(24))
_SIXTY: Final = bytes(range(60))


def _numbers(kind: pa.DataType, content: bytes | bytearray) -> pa.Array:
    count = len(content) * 8 // kind.bit_width
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(content)])


def _ints(payload: bytes, at: int, size: int) -> pa.Array:
    """Return a field of four bytes, of values of ``size`` bytes."""
    content = bytearray(len(payload) // size * 4)
    for place in range(4):
        content[place::4] = payload[at + place :: size]
    return _numbers(pa.int32(), content)


def _bytes(payload: bytes, at: int, size: int, allowed: bytes) -> bytes:
    """Return a field of one byte, of values of ``size`` bytes."""
    field = payload[at::size]
    if wrong := field.translate(None, allowed):
        raise _impossible(f"a field has the value {wrong[0]}")
    return field


def _impossible(what: str) -> HazelcastProtocolError:
    return HazelcastProtocolError(f"A SQL column has a date or time that does not exist: {what}")


def _days(payload: bytes, size: int) -> pa.Array:
    """Return the days since 1970, of values of ``size`` bytes that begin with a date."""
    months = _bytes(payload, 4, size, _MONTHS)
    days = _numbers(pa.uint8(), _bytes(payload, 5, size, _DAYS))
    if pc.any(pc.greater(days, _numbers(pa.uint8(), months.translate(_LENGTHS)))).as_py():
        raise _impossible("a day is behind the end of its month")
    starts = bytearray(2 * len(months))
    starts[0::2] = months.translate(_STARTS_LOW)
    starts[1::2] = months.translate(_STARTS_HIGH)
    years = pc.add(_ints(payload, 0, size).cast(pa.int64()), 400 * _CYCLES)
    years = pc.subtract(years, _numbers(pa.uint8(), months.translate(_YEAR_BEFORE)))
    leap_days = pc.add(pc.subtract(pc.divide(years, 4), pc.divide(years, 100)), pc.divide(years, 400))
    before = pc.subtract(pc.add(pc.multiply(years, 365), leap_days), _EPOCH)
    return pc.add(pc.add(before, _numbers(pa.int16(), starts)), days)


def _seconds(payload: bytes, at: int, size: int) -> pa.Array:
    """Return the seconds of the day, of the times of day at ``at``."""
    hours = _numbers(pa.uint8(), _bytes(payload, at, size, _HOURS)).cast(pa.int64())
    minutes = _numbers(pa.uint8(), _bytes(payload, at + 1, size, _SIXTY)).cast(pa.int64())
    seconds = _numbers(pa.uint8(), _bytes(payload, at + 2, size, _SIXTY))
    return pc.add(pc.multiply(pc.add(pc.multiply(hours, 60), minutes), 60), seconds)


def _in_units(seconds: pa.Array, nanos: pa.Array, unit: str) -> pa.Array:
    """Return times in a unit; smaller parts are dropped.

    Raises:
        pa.ArrowInvalid: A time is too far from 1970.
    """
    per_second = PER_SECOND[unit]
    parts = pc.divide(nanos, 10**9 // per_second)
    return pc.add_checked(pc.multiply_checked(seconds, per_second), parts)


def dates(payload: bytes) -> pa.Array:
    """Return an array of type ``date32``.

    Raises:
        pa.ArrowInvalid: A date is too far from 1970.
    """
    found = None if COMPILED is None else COMPILED.dates(payload)
    days = _days(payload, 6).cast(pa.int32()) if found is None else _numbers(pa.int32(), found)
    return days.view(pa.date32())


def times(payload: bytes, kind: Any) -> pa.Array:
    """Return an array of type ``kind``, a ``time32`` or ``time64``."""
    value = _ticks(payload, 7, kind.unit)
    return (value.cast(pa.int32()) if kind.bit_width == 32 else value).view(kind)


def timestamps(payload: bytes, unit: str) -> pa.Array:
    """Return an array of timestamps without time zone.

    Raises:
        pa.ArrowInvalid: A timestamp is too far from 1970.
    """
    return _ticks(payload, 13, unit).view(pa.timestamp(unit))


def instants(payload: bytes, unit: str) -> pa.Array:
    """Return an array of timestamps with the time zone UTC, from timestamps that have an offset each.

    Raises:
        pa.ArrowInvalid: A timestamp is too far from 1970.
    """
    return _ticks(payload, 17, unit).view(pa.timestamp(unit, "UTC"))


def _ticks(payload: bytes, size: int, unit: str) -> pa.Array:
    """Return times of seven bytes, timestamps of 13, or those of 17 that have an offset, as numbers of units."""
    found = None if COMPILED is None else COMPILED.ticks(payload, size, PER_SECOND[unit])
    return pure_ticks(payload, size, unit) if found is None else _numbers(pa.int64(), found)


def pure_ticks(payload: bytes, size: int, unit: str) -> pa.Array:
    """Return what the compiled function does, with Arrow's arithmetic.

    Raises:
        pa.ArrowInvalid: A timestamp is too far from 1970.
    """
    if size == 7:
        return _in_units(_seconds(payload, 0, 7), _ints(payload, 3, 7), unit)
    seconds = pc.add(pc.multiply(_days(payload, size), 86_400), _seconds(payload, 6, size))
    if size == 17:
        seconds = pc.subtract(seconds, _ints(payload, 13, 17))
    return _in_units(seconds, _ints(payload, 9, size), unit)
