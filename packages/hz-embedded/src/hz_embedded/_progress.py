"""Progress bar for the download of a jar."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TextIO


@contextlib.contextmanager
def download_progress(
    filename: str, total: int, *, stream: TextIO | None = None
) -> Iterator[Callable[[int], None]]:
    """Show a progress bar for ``filename`` of ``total`` bytes while the block runs.

    Nothing is drawn unless the stream (standard error) is a terminal.

    Yields:
        The function ``advance(byte_count)``.
    """
    out = sys.stderr if stream is None else stream
    if not out.isatty():
        yield lambda _count: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("Downloading {task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(file=out)) as progress:
        task = progress.add_task(filename, total=total)
        yield lambda count: progress.advance(task, count)
