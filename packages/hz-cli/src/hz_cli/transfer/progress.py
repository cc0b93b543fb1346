"""A progress bar on the terminal, or nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)


class Report(Protocol):
    """Is told how far something has come."""

    def __call__(self, count: int, fraction: float) -> None:
        """Take note of a number of rows, and of the part, from 0 to 1, of the whole."""
        ...


@contextmanager
def progress_bar(what: str) -> Iterator[Report]:
    """Show a bar on the standard error, if that is a terminal, and yield what moves it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda count, fraction: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[count]:,} entries"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=1.0, count=0)

        def report(count: int, fraction: float) -> None:
            bar.update(task, completed=fraction, count=count)

        yield report
