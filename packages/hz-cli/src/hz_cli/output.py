"""Where tables go."""

from typing import Final

from rich.console import Console

_WIDE: Final = 200
"""Columns of what is no terminal: nothing is cut off in a file or in a pipe."""


def output() -> Console:
    """Return the standard output: as wide as the terminal, if it is one."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDE)
