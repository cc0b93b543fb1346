"""From a map into a file: partition by partition, so that it can go on where it was interrupted."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from hz_cli.errors import CommandError
from hz_cli.records.writers import CsvWriter, JsonLinesWriter, ParquetWriter, Writer
from hz_cli.transfer.checkpoint import Checkpoint
from hz_cli.transfer.entries import entry_columns, entry_row
from hz_cli.transfer.progress import Report

TOGETHER: Final = 16
"""Number of partitions that are read at once, and noted together."""

_ROWS: Final = 5000
"""Rows that are written at once."""


class Dumper:
    """Writes the entries of a map to a file.

    The rows are collected beside the file, which is there when it is complete. CSV and JSON lines go on after an
    interruption, with the partitions that are not in the file yet; Parquet begins anew, because its files cannot be
    continued.

    Args:
        source: The map, whose operations wait.
        partitions: Number of partitions of the cluster.
        path: The file.
        format: ``csv``, ``jsonl`` or ``parquet``.
        checkpoint: Notes the progress.
        key_column: Name of the column of keys.
        page_size: Entries of a partition that are fetched at once.
    """

    def __init__(
        self,
        source: Any,
        partitions: int,
        path: Path,
        format: str,
        checkpoint: Checkpoint,
        key_column: str,
        page_size: int,
    ) -> None:
        self._source = source
        self._partitions = partitions
        self._path = path
        self._format = format
        self._checkpoint = checkpoint
        self._key_column = key_column
        self._page_size = page_size
        self._columns: list[str] | None = None
        self._writer: Writer | None = None
        self.beside: Path = path.with_name(f"{path.name}.part")

    def dump(self, progress: dict[str, Any] | None, report: Report) -> int:
        """Write the file and return the number of its entries.

        Args:
            progress: What the checkpoint said; None to begin anew.
            report: Is told the progress.

        Raises:
            CommandError: The entries do not fit into the format.
        """
        resumed = progress if progress is not None and self.beside.exists() else None
        first, rows = (resumed["partition"], resumed["rows"]) if resumed else (0, 0)
        self._columns = resumed["columns"] if resumed else None
        with self.beside.open("r+b" if resumed else "wb") as stream:
            if resumed:
                stream.truncate(resumed["bytes"])
                stream.seek(0, os.SEEK_END)
                if self._columns is not None:
                    self._writer = self._new_writer(stream, header=False)
            for begin in range(first, self._partitions, TOGETHER):
                end = min(begin + TOGETHER, self._partitions)
                rows += self._write(stream, range(begin, end))
                if self._format != "parquet":
                    self._note(stream, end, rows)
                report(rows, end / self._partitions)
            if self._writer is None:
                self._columns = [self._key_column, "value"]
                self._writer = self._new_writer(stream)
            self._writer.close()
        os.replace(self.beside, self._path)
        self._checkpoint.done()
        return rows

    def _write(self, stream: BinaryIO, partitions: Sequence[int]) -> int:
        entries = iter(self._source.iter_items(self._page_size, partitions=partitions))
        count = 0
        for chunk in _chunks(entries, _ROWS):
            if self._writer is None:
                fields = self._format != "jsonl"
                self._columns = (
                    entry_columns([value for _, value in chunk], self._key_column)
                    if fields
                    else [self._key_column, "value"]
                )
                self._writer = self._new_writer(stream)
            assert self._columns is not None
            columns = self._columns
            self._writer.write([entry_row(key, value, columns) for key, value in chunk])
            count += len(chunk)
        return count

    def _new_writer(self, stream: BinaryIO, *, header: bool = True) -> Writer:
        assert self._columns is not None
        if self._format == "csv":
            return CsvWriter(stream, self._columns, header=header)
        if self._format == "jsonl":
            return JsonLinesWriter(stream, self._columns)
        return ParquetWriter(stream, self._columns)

    def _note(self, stream: BinaryIO, partition: int, rows: int) -> None:
        stream.flush()
        os.fsync(stream.fileno())
        self._checkpoint.write(partition=partition, bytes=stream.tell(), rows=rows, columns=self._columns)


def _chunks(entries: Iterator[tuple[Any, Any]], size: int) -> Iterator[list[tuple[Any, Any]]]:
    while chunk := list(islice(entries, size)):
        yield chunk


def check_writable(path: Path) -> None:
    """Check that a file can be written, before anything is read from the cluster.

    Raises:
        CommandError: Its folder does not exist.
    """
    if not path.parent.is_dir():
        raise CommandError(f"there is no folder {path.parent} for {path.name}", "make it first")
