"""Where lines go: to the terminal, screen by screen, or just out."""

import shutil
import sys
from collections.abc import Callable, Iterable

import click

from hz_cli.keys import next_key


class EnoughError(Exception):
    """The reader does not want further lines."""


class Screen:
    """Prints lines; stops after each screenful if somebody reads along.

    Args:
        paging: Whether to stop.
        read_key: Returns the next key that is pressed.
    """

    def __init__(self, *, paging: bool, read_key: Callable[[], str] = next_key) -> None:
        self.paging = paging
        self._read_key = read_key
        self._lines = 0
        self._all = False

    @property
    def width(self) -> int | None:
        """The columns of the terminal; None if the output is none."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def begin(self) -> None:
        """Begin to count lines."""
        self._lines = 0
        self._all = False

    def show(self, lines: Iterable[str], *, bold: bool = False) -> None:
        """Print lines.

        Raises:
            EnoughError: The reader has pressed ``q``.
        """
        height = shutil.get_terminal_size().lines
        for line in lines:
            if self.paging and not self._all and self._lines >= max(height - 2, 1):
                self._ask()
            click.echo(click.style(line, bold=True) if bold and sys.stdout.isatty() else line)
            self._lines += 1

    def flush(self) -> None:
        """Show what is printed now, because the next lines may take a while."""
        sys.stdout.flush()

    def _ask(self) -> None:
        question = "-- more: Enter or Space for the next screen, a for all, q to stop --"
        click.echo(click.style(question, reverse=True), nl=False)
        sys.stdout.flush()
        try:
            key = self._read_key() or "q"  # the terminal is gone
        finally:
            click.echo("\r" + " " * len(question) + "\r", nl=False)
        self._lines = 0
        if key in ("q", "Q", "\x1b", "\x04"):
            raise EnoughError
        self._all = key in ("a", "A")
