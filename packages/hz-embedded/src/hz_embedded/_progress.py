"""Progress bar for the first fetch of a jar."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TextIO


@contextlib.contextmanager
def download_progress(
    filename: str, total: int, *, stream: TextIO | None = None
) -> Iterator[Callable[[int], None]]:
    """Show a bar for ``filename`` of ``total`` bytes while the block runs; yields ``advance(byte_count)``.

    Nothing is drawn unless the stream (standard error) is a terminal.
    """
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("Fetching {task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(file=out)) as progress:
        task = progress.add_task(filename, total=total)
        yield lambda count: progress.advance(task, count)
