"""Read rows of files, batch by batch, from any row on."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from hz_cli.errors import CommandError
from hz_cli.records.formats import pyarrow

Row = dict[str, Any]


class Batch(NamedTuple):
    """Rows that follow each other."""

    rows: list[Row]
    first: int
    """Number of rows before them."""
    fraction: float
    """The part of the file, from 0 to 1, that is read with them."""


def batches(path: Path, format: str, size: int, skip: int = 0) -> Iterator[Batch]:
    """Yield the rows of a file in batches.

    Args:
        path: The file.
        format: One of :data:`hz_cli.records.formats.FORMATS`.
        size: Number of rows of a batch.
        skip: Number of rows to pass over.

    Raises:
        CommandError: The file is not of this format; the text says where.
    """
    return _READERS[format](path, size, skip)


def _grouped(rows: Iterator[Row], size: int, skip: int, fraction: Callable[[], float]) -> Iterator[Batch]:
    first = sum(1 for _ in islice(rows, skip))
    while taken := list(islice(rows, size)):
        yield Batch(taken, first, fraction())
        first += len(taken)


class _Counted(io.RawIOBase):
    """A file that knows how much of it is read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._size = path.stat().st_size
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer) or 0
        self._read += count
        return count

    def fraction(self) -> float:
        return min(self._read / self._size, 1.0) if self._size else 1.0

    def close(self) -> None:
        self._file.close()
        super().close()


def _csv(path: Path, size: int, skip: int) -> Iterator[Batch]:
    with (
        _Counted(path) as counted,
        io.TextIOWrapper(io.BufferedReader(counted), "utf-8-sig", newline="") as text,
    ):
        reader = csv.reader(text, strict=True)

        def rows() -> Iterator[Row]:
            columns = next(reader, None)
            if columns is None:
                return
            if len(set(columns)) < len(columns):
                raise CommandError(f"{path}: two columns have the same name", "rename one in the first line")
            for values in reader:
                if not values:
                    continue
                if len(values) != len(columns):
                    raise CommandError(
                        f"{path}, line {reader.line_num}: the line has {len(values)} fields, but the first one names"
                        f" {len(columns)} columns",
                        "correct the line",
                    )
                yield dict(zip(columns, values, strict=True))

        try:
            yield from _grouped(rows(), size, skip, counted.fraction)
        except (csv.Error, UnicodeDecodeError) as error:
            raise CommandError(f"{path}, line {reader.line_num}: not CSV in UTF-8 ({error})") from error


def _json_lines(path: Path, size: int, skip: int) -> Iterator[Batch]:
    with _Counted(path) as counted, io.BufferedReader(counted) as lines:

        def rows() -> Iterator[Row]:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _object(path, line, f"line {number}")

        yield from _grouped(rows(), size, skip, counted.fraction)


def _object(path: Path, text: bytes, where: str) -> Row:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{path}, {where}: not JSON ({error})") from error
    if not isinstance(found, dict):
        raise CommandError(f"{path}, {where}: a JSON object is expected, not {type(found).__name__}")
    return found


def _json(path: Path, size: int, skip: int) -> Iterator[Batch]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError as error:
        raise CommandError(
            f"{path}: not JSON ({error})", "a file of JSON lines should end with .jsonl"
        ) from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise CommandError(f"{path}: an array of objects is expected")
    done = 0

    def rows() -> Iterator[Row]:
        nonlocal done
        for row in found:
            done += 1
            yield row

    yield from _grouped(rows(), size, skip, lambda: done / len(found))


def _parquet(path: Path, size: int, skip: int) -> Iterator[Batch]:
    arrow: Any = pyarrow()
    try:
        file = arrow.parquet.ParquetFile(path)
    except arrow.ArrowException as error:
        raise CommandError(f"{path}: not Parquet ({error})") from error
    with file:
        total = file.metadata.num_rows
        done = 0

        def rows() -> Iterator[Row]:
            nonlocal done
            # Without rows there are no batches; some versions of pyarrow raise an error then.
            for batch in file.iter_batches(batch_size=size) if total else ():
                for row in batch.to_pylist():
                    done += 1
                    yield row

        yield from _grouped(rows(), size, skip, lambda: done / total)


_READERS: Final = {"csv": _csv, "json": _json, "jsonl": _json_lines, "parquet": _parquet}
