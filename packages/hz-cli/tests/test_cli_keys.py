"""Keys of a real terminal: they count also when they were pressed before anybody waited for them."""

import os
import pty
import sys
from collections.abc import Iterator

import pytest

from hz_cli.keys import key_within, next_key, unbuffered


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Yield a descriptor; what is written there is typed on the terminal that is the standard input."""
    keyboard, terminal = pty.openpty()
    with open(terminal, encoding="utf-8") as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        yield keyboard
    os.close(keyboard)


def test_keys_that_were_pressed_before(keyboard: int) -> None:
    os.write(keyboard, b"q \x1b[A")
    assert [next_key() for _ in range(2)] == ["q", " "]
    # One key: it is not Escape.
    assert next_key() == "\x1b[A"


def test_a_key_within_a_time(keyboard: int) -> None:
    os.write(keyboard, b"x")
    with unbuffered() as readable:
        assert readable
        assert key_within(10, readable=readable) == "x"
        assert key_within(0, readable=readable) == ""


def test_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with unbuffered() as readable:
            assert not readable
