"""Types of columns, and what makes their values (PEP 249)."""

import time
from collections.abc import Sequence
from datetime import date, datetime
from datetime import time as time_of_day
from enum import Enum
from typing import Final, NamedTuple

from hazelcast.sql import SqlColumnType, SqlRowMetadata


class Type(Enum):
    """The type of a column, in a cursor's ``description``."""

    NULL = 0
    STRING = 1
    BOOLEAN = 2
    INTEGER = 3
    FLOAT = 4
    DECIMAL = 5
    DATE = 6
    TIME = 7
    DATETIME = 8
    OBJECT = 9
    JSON = 10


class TypeObject:
    """Equal to several types: ``description[0].type == NUMBER``.

    Args:
        name: Its name in the module.
        types: The types.
    """

    def __init__(self, name: str, *types: Type) -> None:
        self._name = name
        self.types: frozenset[Type] = frozenset(types)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TypeObject):
            return self._name == other._name
        return other in self.types if isinstance(other, Type) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return self._name


STRING: Final = TypeObject("STRING", Type.STRING)
"""Texts."""

BINARY: Final = TypeObject("BINARY")
"""Never equal to a type: SQL of clusters has no binary columns."""

NUMBER: Final = TypeObject("NUMBER", Type.INTEGER, Type.FLOAT, Type.DECIMAL)
"""Numbers."""

DATETIME: Final = TypeObject("DATETIME", Type.DATE, Type.TIME, Type.DATETIME)
"""Dates and times."""

ROWID: Final = TypeObject("ROWID")
"""Never equal to a type: rows have keys instead."""

Date = date
Time = time_of_day
Timestamp = datetime
Binary = bytes


def DateFromTicks(ticks: float) -> date:  # the name is that of PEP 249
    """Return the local date of ``ticks`` seconds since the epoch."""
    return date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> time_of_day:  # the name is that of PEP 249
    """Return the local time of ``ticks`` seconds since the epoch."""
    return time_of_day(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime:  # the name is that of PEP 249
    """Return the local date and time of ``ticks`` seconds since the epoch."""
    return datetime(*time.localtime(ticks)[:6])  # PEP 249 wants one without a time zone


class ColumnDescription(NamedTuple):
    """A column of a result."""

    name: str
    """The name."""

    type: Type
    """The type of the values."""

    display_size: None
    """Unknown."""

    internal_size: None
    """Unknown."""

    precision: None
    """Unknown."""

    scale: None
    """Unknown."""

    null_ok: bool
    """Whether values may be None."""


_TYPES: Final = {
    SqlColumnType.VARCHAR: Type.STRING,
    SqlColumnType.BOOLEAN: Type.BOOLEAN,
    SqlColumnType.TINYINT: Type.INTEGER,
    SqlColumnType.SMALLINT: Type.INTEGER,
    SqlColumnType.INTEGER: Type.INTEGER,
    SqlColumnType.BIGINT: Type.INTEGER,
    SqlColumnType.DECIMAL: Type.DECIMAL,
    SqlColumnType.REAL: Type.FLOAT,
    SqlColumnType.DOUBLE: Type.FLOAT,
    SqlColumnType.DATE: Type.DATE,
    SqlColumnType.TIME: Type.TIME,
    SqlColumnType.TIMESTAMP: Type.DATETIME,
    SqlColumnType.TIMESTAMP_WITH_TIME_ZONE: Type.DATETIME,
    SqlColumnType.OBJECT: Type.OBJECT,
    SqlColumnType.NULL: Type.NULL,
    SqlColumnType.JSON: Type.JSON,
}


def described(metadata: SqlRowMetadata) -> Sequence[ColumnDescription]:
    """Return the ``description`` of a result."""
    return [
        ColumnDescription(column.name, _TYPES[column.type], None, None, None, None, column.nullable)
        for column in metadata.columns
    ]
