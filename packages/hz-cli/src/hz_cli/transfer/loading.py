"""From a file into a map: batch by batch, several under way."""

import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hazelcast.future import Future
from hz_cli.errors import CommandError
from hz_cli.records.readers import batches
from hz_cli.transfer.checkpoint import Checkpoint
from hz_cli.transfer.entries import EntryMaker
from hz_cli.transfer.progress import Report

UNDER_WAY: Final = 4
"""Number of batches that are sent before the first one must be done."""

_NOTED_EACH: Final = 0.5
"""Seconds between two notes of the progress."""


class Loader:
    """Puts the rows of a file into a map.

    Each batch is noted when members have it; after an interruption, those that were under way are put again, which
    changes nothing.

    Args:
        target: The map, whose operations return futures.
        maker: Makes entries of rows.
        checkpoint: Notes the progress.
        ttl: Seconds that entries live; None for what the map is configured to.
    """

    def __init__(
        self, target: Any, maker: EntryMaker, checkpoint: Checkpoint, ttl: float | None = None
    ) -> None:
        self._target = target
        self._maker = maker
        self._checkpoint = checkpoint
        self._ttl = ttl
        self._noted = 0.0
        self._under_way: deque[tuple[list[Future[Any]], int, float]] = deque()

    def load(self, path: Path, format: str, batch: int, skip: int, report: Report) -> int:
        """Load from row ``skip`` on and return the number of all rows.

        Raises:
            CommandError: A row cannot be read; the batches before it are in the map, and noted.
        """
        done = skip
        try:
            for found in batches(path, format, batch, skip):
                entries = dict(
                    self._maker.entry(row, number) for number, row in enumerate(found.rows, found.first + 1)
                )
                while len(self._under_way) >= UNDER_WAY:
                    done = self._finish(report)
                self._under_way.append((self._put(entries), found.first + len(found.rows), found.fraction))
            while self._under_way:
                done = self._finish(report)
        except CommandError:
            # The row is wrong, not the cluster: what is under way will be there.
            while self._under_way:
                done = self._finish(report)
            self._checkpoint.write(rows=done)
            raise
        except BaseException:
            self._checkpoint.write(rows=self._settled(done))
            raise
        self._checkpoint.done()
        return done

    def _put(self, entries: dict[Any, Any]) -> list[Future[Any]]:
        if self._ttl is None:
            return [self._target.put_all(entries)]
        return [self._target.set(key, value, ttl=self._ttl) for key, value in entries.items()]

    def _finish(self, report: Report) -> int:
        futures, rows, fraction = self._under_way[0]
        for future in futures:
            future.result()
        self._under_way.popleft()
        report(rows, fraction)
        if time.monotonic() - self._noted > _NOTED_EACH:
            self._noted = time.monotonic()
            self._checkpoint.write(rows=rows)
        return rows

    def _settled(self, done: int) -> int:
        """Return the number of rows that are in the map for sure: of batches without a gap."""
        for futures, rows in self._ended():
            if any(future.exception() is not None for future in futures):
                break
            done = rows
        return done

    def _ended(self) -> Iterator[tuple[list[Future[Any]], int]]:
        for futures, rows, _ in self._under_way:
            if not all(future.done() for future in futures):
                return
            yield futures, rows
