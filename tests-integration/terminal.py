"""A terminal: a program on a pseudo terminal, and the screen that a person would see."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import pexpect
import pyte

LIMIT = 30.0
"""Seconds that a text may take to appear."""


class Terminal:
    """Runs the command `hz` on a terminal of its own.

    Args:
        words: Its arguments.
        variables: Environment variables beside those of this process.
        columns: The width.
        lines: The height.

    Attributes:
        printed: All that was printed, also what is no longer on the screen.
    """

    def __init__(
        self, *words: str, variables: Mapping[str, str], columns: int = 100, lines: int = 30
    ) -> None:
        self._screen: Any = pyte.HistoryScreen(columns, lines, history=5000)
        self._stream: Any = pyte.Stream(self._screen)
        self.printed = ""
        self._process: Any = pexpect.spawn(
            sys.executable,
            ["-m", "hz_cli", *words],
            env={**os.environ, **variables, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            dimensions=(lines, columns),
            encoding="utf-8",
            timeout=LIMIT,
        )

    def press(self, text: str) -> None:
        """Press keys."""
        self._process.send(text)

    def screen(self) -> str:
        """Return what the screen shows."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def everything(self) -> str:
        """Return all lines, those that are scrolled out first."""
        scrolled = [
            "".join(line[column].data for column in range(self._screen.columns)).rstrip()
            for line in self._screen.history.top
        ]
        return "\n".join([*scrolled, self.screen()])

    def wait_for(self, text: str) -> str:
        """Return the screen as soon as it shows `text`."""
        return self.wait_until(lambda screen: text in screen, repr(text))

    def wait_until(self, reached: Callable[[str], bool], what: str = "it") -> str:
        """Return the screen as soon as it is as wanted."""
        deadline = time.monotonic() + LIMIT
        while not reached(self.screen()):
            assert time.monotonic() < deadline, f"{what} does not appear on\n{self.everything()}"
            try:
                self._feed(self._process.read_nonblocking(65536, timeout=1))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                assert reached(self.screen()), f"ended without {what}:\n{self.everything()}"
        return self.screen()

    def _feed(self, text: str) -> None:
        self.printed += text
        self._stream.feed(text)

    def end(self) -> int:
        """Wait until the program has ended, and return its exit code."""
        self._feed(self._process.read())
        self._process.close()
        code: int = self._process.exitstatus
        return code

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.close(force=True)
