"""Java exceptions as Python values: class, message, stack, causes, and the traceback of a Python callback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from hz_embedded._py4j import Py4JJavaError
from hz_embedded.bridge.errors import BridgeError

_LONGEST_CHAIN: Final = 50
_FRAME: Final = re.compile(r"\tat (?:[^()]*/)?(?P<where>[^()]+)\((?P<source>[^()]*)\)(?: .*)?")
# How py4j reports the traceback of a Python callback.
_CALLBACK: Final = "py4j.Py4JException"
_CALLBACK_MARK: Final = "Return Message: "
EXCEPTION_NUMBER: Final = re.compile(r"\[Python exception (\d+)\]")
"""The mark below the traceback of a Python exception, by which the bridge finds the exception again."""


@dataclass(frozen=True, slots=True)
class JavaFrame:
    """One line of a Java stack.

    Attributes:
        class_name: Full name of the class.
        method: Name of the method; ``<init>`` for a constructor.
        file: Name of the source file, None if Java does not know it.
        line: Line number from 1, None if Java does not know it.
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
    """A copy of a Java exception.

    Attributes:
        class_name: Full name of its class.
        message: Its message, None if it has none.
        frames: Its stack, innermost call first.
        cause: The exception that caused it.
        suppressed: The exceptions that it suppressed.
        throwable: The Java object, through py4j.
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
        """Yield this exception, its cause, the cause of its cause and so on."""
        link: JavaThrowable | None = self
        while link is not None:
            yield link
            link = link.cause

    @property
    def root(self) -> JavaThrowable:
        """The last exception in the chain of causes."""
        return list(self.chain())[-1]

    @property
    def python_traceback(self) -> str | None:
        """Traceback of the Python callback that raised, from the first exception in the chain that has one."""
        for link in self.chain():
            if link.class_name == _CALLBACK and link.message and _CALLBACK_MARK in link.message:
                return EXCEPTION_NUMBER.sub("", link.message.partition(_CALLBACK_MARK)[2]).rstrip()
        return None

    def render(self) -> str:
        """Return the stacks of the whole chain in the format in which Java prints them."""
        lines: list[str] = []
        for link in self.chain():
            lines.append(f"Caused by: {link}" if lines else str(link))
            lines += [f"\tat {frame}" for frame in link.frames]
        return "\n".join(lines)


class JavaError(BridgeError):
    """Java code threw an exception.

    Attributes:
        throwable: The exception with its message, stack and causes.
    """

    def __init__(self, throwable: JavaThrowable) -> None:
        super().__init__("\n  caused by ".join(str(one) for one in throwable.chain()))
        self.throwable = throwable

    @property
    def java_stack(self) -> str:
        """The Java stack as Java prints it, including causes."""
        return self.throwable.render()

    @property
    def python_traceback(self) -> str | None:
        """Traceback of the Python callback that raised the exception; None if it was not raised in Python."""
        return self.throwable.python_traceback


def java_throwable(error: BaseException) -> JavaThrowable | None:
    """Return the Java exception behind ``error``, or behind the cause of ``error``.

    Args:
        error: What a call through the bridge raised.

    Returns:
        The Java exception, None if Java threw none (the connection was lost, or there is no such method).
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
    """Read a ``java.lang.Throwable``.

    Args:
        thing: The Java object.
        depth: Number of exceptions before it in the chain; a chain that is too long is cut.
    """
    message = thing.getMessage()
    trace = str(Py4JJavaError("", thing))  # py4j reads the printed stack this way
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
    """Yield the frames at the beginning of a printed stack, up to its cause.

    Args:
        text: What Java prints, without the exception's name and message.
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
