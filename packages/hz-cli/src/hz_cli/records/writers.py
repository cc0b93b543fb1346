"""Write rows to files, as they come."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, BinaryIO, Final, Protocol

from hz_cli.errors import CommandError
from hz_cli.records.formats import pyarrow
from hz_cli.values import to_json, to_text

Rows = Iterable[Sequence[Any]]


class Writer(Protocol):
    """Writes rows with the same columns; call ``close`` at the end, also after an error."""

    def write(self, rows: Rows) -> None:
        """Write rows."""
        ...

    def close(self) -> None:
        """Write what belongs to the end. The stream stays open."""
        ...


class CsvWriter:
    """CSV with a header, as RFC 4180 says; None is an empty field.

    Args:
        stream: Where to.
        columns: Names of the columns.
        header: Whether the header is written; not for a file that is continued.
    """

    def __init__(self, stream: BinaryIO, columns: Sequence[str], *, header: bool = True) -> None:
        self._stream = stream
        if header:
            self.write([columns])

    def write(self, rows: Rows) -> None:
        """Write rows."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([to_text(value) for value in row] for row in rows)
        self._stream.write(text.getvalue().encode())

    def close(self) -> None:
        """Do nothing: CSV has no end."""


class JsonLinesWriter:
    """One JSON object on each line.

    Args:
        stream: Where to.
        columns: Names of the columns, the keys of the objects.
    """

    def __init__(self, stream: BinaryIO, columns: Sequence[str]) -> None:
        self._stream = stream
        self._columns = list(columns)

    def write(self, rows: Rows) -> None:
        """Write rows."""
        self._stream.write(b"".join(_json_object(self._columns, row) + b"\n" for row in rows))

    def close(self) -> None:
        """Do nothing: JSON lines have no end."""


class JsonWriter:
    """One JSON array of objects.

    Args:
        stream: Where to.
        columns: Names of the columns, the keys of the objects.
    """

    def __init__(self, stream: BinaryIO, columns: Sequence[str]) -> None:
        self._stream = stream
        self._columns = list(columns)
        self._between = b"[\n"

    def write(self, rows: Rows) -> None:
        """Write rows."""
        for row in rows:
            self._stream.write(self._between + _json_object(self._columns, row))
            self._between = b",\n"

    def close(self) -> None:
        """End the array."""
        self._stream.write(b"[]\n" if self._between == b"[\n" else b"\n]\n")


class ParquetWriter:
    """Parquet, with a row group for each call of ``write``.

    Args:
        stream: Where to.
        columns: Names of the columns.
        types: Types of Arrow for columns whose type is known; others have that of their first values.
    """

    def __init__(self, stream: BinaryIO, columns: Sequence[str], types: dict[str, Any] | None = None) -> None:
        self._arrow: Any = pyarrow()
        self._stream = stream
        self._columns = list(columns)
        self._types = dict(types or {})
        self._writer: Any = None
        self._schema: Any = None

    def write(self, rows: Rows) -> None:
        """Write rows.

        Raises:
            CommandError: A value does not fit to the type of its column.
        """
        taken = [list(map(_for_arrow, row)) for row in rows]
        if not taken:
            return
        columns = [self._array(name, [row[at] for row in taken]) for at, name in enumerate(self._columns)]
        self._open(columns)
        self._writer.write_table(self._arrow.Table.from_arrays(columns, schema=self._schema))

    def _array(self, name: str, values: list[Any]) -> Any:
        arrow = self._arrow
        kind = self._types.get(name)
        if kind == arrow.string():
            values = [None if value is None else to_text(value) for value in values]
        try:
            made = arrow.array(values, kind)
        except (arrow.ArrowException, TypeError, ValueError, OverflowError) as error:
            if kind is None:
                made = arrow.array(
                    [None if value is None else to_text(value) for value in values], arrow.string()
                )
            else:
                raise CommandError(
                    f"column {name} has values of type {kind}, and one that is not ({error})",
                    "write JSON lines, which take any values",
                ) from error
        if arrow.types.is_null(made.type):
            made = made.cast(arrow.string())
        self._types[name] = made.type
        return made

    def _open(self, columns: list[Any]) -> None:
        if self._writer is None:
            fields = [(name, array.type) for name, array in zip(self._columns, columns, strict=True)]
            self._schema = self._arrow.schema(fields)
            self._writer = self._arrow.parquet.ParquetWriter(self._stream, self._schema)

    def close(self) -> None:
        """Write the end of the file, without which nothing in it can be read."""
        if self._writer is None:
            self._open([self._array(name, []) for name in self._columns])
        self._writer.close()


def _json_object(columns: list[str], row: Sequence[Any]) -> bytes:
    made = {name: to_json(value) for name, value in zip(columns, row, strict=True)}
    return json.dumps(made, ensure_ascii=False).encode()


def _for_arrow(value: Any) -> Any:
    """Return what Arrow knows a type for: numbers of Python, texts, times; others as JSON."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value + 0  # without the types of Java
    if isinstance(value, _KNOWN_TO_ARROW):
        return value
    made = to_json(value)
    return made if isinstance(made, str | dict | list) else to_text(value)


def new_writer(
    format: str, stream: BinaryIO, columns: Sequence[str], types: dict[str, Any] | None = None
) -> Writer:
    """Return the writer of a format, one of :data:`hz_cli.records.formats.FORMATS`."""
    if format == "parquet":
        return ParquetWriter(stream, columns, types)
    made: Writer = _WRITERS[format](stream, columns)
    return made


_KNOWN_TO_ARROW: Final = (str, bytes, date, time, Decimal)
_WRITERS: Final = {"csv": CsvWriter, "json": JsonWriter, "jsonl": JsonLinesWriter}
