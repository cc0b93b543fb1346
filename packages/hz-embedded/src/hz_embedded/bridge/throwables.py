"""Java exceptions as Python values: class, message, stack, causes, and the traceback of a Python callback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hz_embedded._py4j import Py4JJavaError
from hz_embedded.bridge.errors import JavaError

_LONGEST_CHAIN: Final = 50
_FRAME: Final = re.compile(r"\tat (?:[^()]*/)?(?P<where>[^()]+)\((?P<source>[^()]*)\)(?: .*)?")
# py4j's words around the traceback of a Python callback.
_CALLBACK: Final = "py4j.Py4JException"
_CALLBACK_MARK: Final = "Return Message: "
EXCEPTION_NUMBER: Final = re.compile(r"\[Python exception (\d+)\]")
"""What the bridge writes below the traceback of a Python exception, to know it again."""


@dataclass(frozen=True, slots=True)
class JavaFrame:
    """One line of a Java stack.

    Attributes:
        class_name: full name of the class.
        method: name of the method; ``<init>`` for a constructor.
        file: name of the source file, None where Java doesn't know it.
        line: line number from 1, None where Java doesn't know it.
    """

    class_name: str
    method: str
    file: str | None
    line: int | None

    def __str__(self) -> str:
        place = "Unknown Source" if self.file is None else self.file
        return f"{self.class_name}.{self.method}({place}{'' if self.line is None else f':{self.line}'})"


@dataclass(frozen=True, slots=True)
class JavaThrowable:
    """A Java exception as it was when it was read.

    Attributes:
        class_name: full name of its class.
        message: its message, None when it has none.
        frames: its stack, innermost call first.
        cause: the exception that caused it.
        suppressed: exceptions that were suppressed in its favour.
        throwable: the Java object itself, through py4j.
    """

    class_name: str
    message: str | None
    frames: tuple[JavaFrame, ...]
    cause: JavaThrowable | None
    suppressed: tuple[JavaThrowable, ...]
    throwable: Any = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.class_name if self.message is None else f"{self.class_name}: {self.message}"

    def chain(self) -> Iterator[JavaThrowable]:
        """Yield this exception, its cause, the cause's cause and so on."""
        link: JavaThrowable | None = self
        while link is not None:
            yield link
            link = link.cause

    @property
    def root(self) -> JavaThrowable:
        """The last one in the chain of causes."""
        return list(self.chain())[-1]

    @property
    def python_traceback(self) -> str | None:
        """Traceback of the Python callback that raised, from the first in the chain that carries one."""
        for link in self.chain():
            if link.class_name == _CALLBACK and link.message and _CALLBACK_MARK in link.message:
                return EXCEPTION_NUMBER.sub("", link.message.partition(_CALLBACK_MARK)[2]).rstrip()
        return None

    def render(self) -> str:
        """Return the stacks of the whole chain in the shape in which Java prints them."""
        lines: list[str] = []
        for link in self.chain():
            lines.append(f"Caused by: {link}" if lines else str(link))
            lines += [f"\tat {frame}" for frame in link.frames]
        return "\n".join(lines)


def java_throwable(error: BaseException) -> JavaThrowable | None:
    """Read the Java exception behind ``error``, or behind what ``error`` was raised from.

    Args:
        error: what a call through the bridge raised.

    Returns:
        the Java exception, None when Java threw none (the connection was lost, or there is no such method).
    """
    seen = 0
    link: BaseException | None = error
    while link is not None and seen < _LONGEST_CHAIN:
        if isinstance(link, JavaError):
            return link.throwable
        if isinstance(link, Py4JJavaError):
            return read_throwable(link.java_exception)
        link = link.__cause__ or link.__context__
        seen += 1
    return None


def read_throwable(thing: Any, *, depth: int = 0) -> JavaThrowable:
    """Read a ``java.lang.Throwable`` that is at hand as an object.

    Args:
        thing: the Java object.
        depth: how many exceptions lie before it in the chain; the chain is cut where it is endless.
    """
    message = thing.getMessage()
    trace = str(Py4JJavaError("", thing))  # how py4j asks for what Java would print
    cause = thing.getCause() if depth < _LONGEST_CHAIN else None
    suppressed = thing.getSuppressed() if depth < _LONGEST_CHAIN else ()
    return JavaThrowable(
        str(thing.getClass().getName()),
        None if message is None else str(message),
        tuple(parse_frames(trace.partition(str(thing.toString()))[2])),
        None if cause is None else read_throwable(cause, depth=depth + 1),
        tuple(read_throwable(each, depth=depth + 1) for each in suppressed),
        thing,
    )


def parse_frames(text: str) -> Iterator[JavaFrame]:
    """Yield the frames at the head of a printed stack, up to what caused it.

    Args:
        text: what Java prints, without the exception's name and message.
    """
    for line in text.splitlines():
        match = _FRAME.fullmatch(line)
        if match is None and line:
            return
        if match is not None:
            class_name, _, method = match["where"].rpartition(".")
            file, _, number = match["source"].partition(":")
            known = file not in ("Unknown Source", "Native Method")
            yield JavaFrame(
                class_name, method, file if known else None, int(number) if number.isdigit() else None
            )
