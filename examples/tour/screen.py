"""The output of the demo: headings, text, tables and progress bars."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

console = Console(highlight=False)


def heading(text: str) -> None:
    """Print a heading."""
    console.print()
    console.rule(f"[bold]{text}[/bold]", align="left")


def remark(text: str) -> None:
    """Print a line of text."""
    console.print(text)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a table; columns whose name begins with ">" are aligned to the right."""
    # Printed separately, because a title of the table would be wrapped at its width.
    console.print(f"\n[italic]{escape(title)}[/italic]")
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        shown.add_column(column.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        shown.add_row(*map(_text, row))
    console.print(shown)


def _text(cell: object) -> str:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    return escape(str(cell))


def progress() -> Progress:
    """Return a progress bar with a count and the time; without a terminal it is printed once, at the end."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


class Stopwatch:
    """A duration in seconds."""

    seconds = 0.0


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure the duration of the block."""
    watch = Stopwatch()
    began = time.perf_counter()
    try:
        yield watch
    finally:
        watch.seconds = time.perf_counter() - began
