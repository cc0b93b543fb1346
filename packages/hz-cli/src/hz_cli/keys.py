"""Wait for a key without stopping the display."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from select import select

import click


@contextmanager
def unbuffered() -> Iterator[bool]:
    """Let the terminal hand over keys at once; yield whether there is a terminal that can."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield False
        return
    try:
        before = termios.tcgetattr(sys.stdin)
    except (termios.error, OSError, ValueError):  # no terminal
        yield False
        return
    try:
        # What was typed before stays: it may be a key that is waited for next.
        tty.setcbreak(sys.stdin, termios.TCSADRAIN)
        yield True
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def key_within(seconds: float, *, readable: bool) -> str:
    """Return the key that is pressed within ``seconds``; an empty text if there is none."""
    if not readable:
        # No key can be awaited: this is the pause of who shows something again and again.
        time.sleep(seconds)
        return ""
    ready, _, _ = select([sys.stdin], [], [], seconds)
    return sys.stdin.read(1) if ready else ""


def next_key() -> str:
    """Return the next key: one that was pressed before, or else the first one that will be."""
    with unbuffered() as readable:
        if not readable:
            return click.getchar()
        # Not through sys.stdin, which would keep what else was typed for itself.
        terminal = sys.stdin.fileno()
        key = os.read(terminal, 1)
        if key == b"\x1b" and select([terminal], [], [], 0)[0]:
            key += os.read(terminal, 31)  # of the key of an arrow, for example
        return key.decode("latin-1")
