"""SQL: results that a test provides for the text of a statement, fetched page by page."""

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

from hz_core.testing.interpreter import BEGIN, END, NULL, Frame
from hz_core.testing.members import Request, Service, SimulatedCluster, serves

QueryId = tuple[int, int, int, int]


class SqlType(IntEnum):
    """Types of columns, by their numbers in the protocol."""

    VARCHAR = 0
    BOOLEAN = 1
    TINYINT = 2
    SMALLINT = 3
    INTEGER = 4
    BIGINT = 5
    DECIMAL = 6
    REAL = 7
    DOUBLE = 8
    DATE = 9
    TIME = 10
    TIMESTAMP = 11
    TIMESTAMP_WITH_TIME_ZONE = 12
    OBJECT = 13
    NULL = 14
    JSON = 15


@dataclass(frozen=True)
class SqlResult:
    """What a statement gives.

    Attributes:
        columns: Names and types of the columns; none for a statement that returns no rows.
        rows: The rows: Python values, serialized bytes for OBJECT, text for JSON, None for NULL.
        update_count: Number of changed rows, for a statement that returns none.
        error: Code and message of the error, if the statement fails.
        infinite: Whether the rows are those of a stream.
        partition_argument: Index of the parameter that is the key; -1 for none.
    """

    columns: Sequence[tuple[str, SqlType]] = ()
    rows: Sequence[Sequence[Any]] = ()
    update_count: int = 0
    error: tuple[int, str] | None = None
    infinite: bool = False
    partition_argument: int = -1


OBJECT_NOT_FOUND: Final = 1010
GENERIC: Final = -1


@serves("Sql")
class SqlService(Service):
    """Messages of the service ``Sql``.

    Attributes:
        results: The result of each statement, by its text; a function takes the serialized parameters.
        cursors: The columns and the rows that are left of each query that is open, by member and query.
    """

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.results: dict[str, SqlResult | Callable[[list[bytes | None]], SqlResult]] = {}
        self.cursors: dict[tuple[UUID, QueryId], tuple[list[SqlType], list[Sequence[Any]]]] = {}

    def reset(self) -> None:
        """Forget all open queries."""
        self.cursors.clear()

    def execute(self, request: Request) -> None:
        """Reply the first page, the number of changed rows, or an error."""
        result = self.results.get(request["sql"])
        if callable(result):
            result = result(request["parameters"])
        if result is None:
            result = SqlResult(error=(OBJECT_NOT_FOUND, f"no result is provided for {request['sql']!r}"))
        if result.error is not None:
            request.reply(None, None, -1, _error(request, *result.error), False, -1)
        elif not result.columns:
            request.reply(None, None, result.update_count, None, False, result.partition_argument)
        else:
            metadata = [(name, int(type_), True) for name, type_ in result.columns]
            place = (request.member.uuid, request["queryId"])
            self.cursors[place] = ([type_ for _, type_ in result.columns], list(result.rows))
            page = self._page(request)
            request.reply(metadata, page, -1, None, result.infinite, result.partition_argument)

    def fetch(self, request: Request) -> None:
        """Reply the next page; another member does not know the query."""
        if (request.member.uuid, request["queryId"]) in self.cursors:
            request.reply(self._page(request), None)
        else:
            message = f"Query cursor is not found (is it closed?): {request['queryId']}"
            request.reply(None, _error(request, GENERIC, message))

    def close(self, request: Request) -> None:
        """Forget a query."""
        self.cursors.pop((request.member.uuid, request["queryId"]), None)
        request.reply()

    def _page(self, request: Request) -> list[Frame]:
        place = (request.member.uuid, request["queryId"])
        types, rows = self.cursors[place]
        size = request["cursorBufferSize"]
        page, left = rows[:size], rows[size:]
        if left:
            self.cursors[place] = (types, left)
        else:
            del self.cursors[place]
        return page_frames(types, page, not left)


def _error(request: Request, code: int, message: str) -> tuple[Any, ...]:
    return code, message, request.member.uuid, None, None


def page_frames(types: Sequence[SqlType], rows: Sequence[Sequence[Any]], last: bool) -> list[Frame]:
    """Return the frames of a ``SqlPage``."""
    frames: list[Frame] = [(BEGIN, b""), (0, bytes([last])), (0, struct.pack(f"<{len(types)}i", *types))]
    for index, type_ in enumerate(types):
        values = [row[index] for row in rows]
        if type_ is SqlType.NULL:
            frames.append((0, struct.pack("<i", len(values))))
        elif type_ in _FIXED:
            frames.append((0, _fixed_column(type_, values)))
        else:
            frames.append((BEGIN, b""))
            for value in values:
                frames += [(NULL, b"")] if value is None else _VARIABLE[type_](value)
            frames.append((END, b""))
    return [*frames, (END, b"")]


def _fixed_column(type_: SqlType, values: Sequence[Any]) -> bytes:
    code, parts = _FIXED[type_]
    present = [None if value is None else struct.pack(f"<{code}", *parts(value)) for value in values]
    packed = [item for item in present if item is not None]
    if not packed:
        return struct.pack("<bi", 1, len(values))
    if len(packed) == len(values):
        return struct.pack("<bi", 2, len(values)) + b"".join(packed)
    groups = [struct.pack("<bi", 3, len(values))]
    for start in range(0, len(present), 8):
        group = present[start : start + 8]
        mask = sum(1 << index for index, item in enumerate(group) if item is not None)
        groups += [bytes([mask]), *(item for item in group if item is not None)]
    return b"".join(groups)


def _date(value: date) -> tuple[int, ...]:
    return value.year, value.month, value.day


def _time(value: time | datetime) -> tuple[int, ...]:
    return value.hour, value.minute, value.second, value.microsecond * 1000


def _timestamp(value: datetime) -> tuple[int, ...]:
    return *_date(value), *_time(value)


def _zoned(value: datetime) -> tuple[int, ...]:
    return *_timestamp(value), int((value.utcoffset() or timedelta()).total_seconds())


def _decimal(value: Decimal) -> Iterable[Frame]:
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is no number that SQL knows")
    unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
    payload = unscaled.to_bytes(unscaled.bit_length() // 8 + 1, "big", signed=True)
    return [(0, struct.pack("<i", len(payload)) + payload + struct.pack("<i", -exponent))]


_FIXED: Final[Mapping[SqlType, tuple[str, Callable[[Any], Iterable[Any]]]]] = {
    **{
        type_: (code, lambda value: (value,))
        for type_, code in zip(
            (
                SqlType.BOOLEAN, SqlType.TINYINT, SqlType.SMALLINT, SqlType.INTEGER, SqlType.BIGINT,
                SqlType.REAL, SqlType.DOUBLE,
            ),
            "?bhiqfd",
            strict=True,
        )
    },
    SqlType.DATE: ("ibb", _date),
    SqlType.TIME: ("bbbi", _time),
    SqlType.TIMESTAMP: ("ibbbbbi", _timestamp),
    SqlType.TIMESTAMP_WITH_TIME_ZONE: ("ibbbbbii", _zoned),
}  # fmt: skip

_VARIABLE: Final[Mapping[SqlType, Callable[[Any], Iterable[Frame]]]] = {
    SqlType.VARCHAR: lambda value: [(0, value.encode())],
    SqlType.DECIMAL: _decimal,
    SqlType.OBJECT: lambda value: [(0, value)],
    SqlType.JSON: lambda value: [(BEGIN, b""), (0, value.encode()), (END, b"")],
}
