"""Wait for a key without stopping the display."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from select import select


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
        tty.setcbreak(sys.stdin)
        yield True
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def key_within(seconds: float, *, readable: bool) -> str:
    """Return the key that is pressed within ``seconds``; an empty text if there is none."""
    if not readable:
        time.sleep(seconds)
        return ""
    ready, _, _ = select([sys.stdin], [], [], seconds)
    return sys.stdin.read(1) if ready else ""
