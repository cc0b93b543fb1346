"""Errors of Python objects that implement Java interfaces."""

import traceback
from types import TracebackType
from typing import Final

from hz_embedded.errors import EmbeddedError

_PY4J_INTRODUCTION: Final = "An exception was raised by the Python Proxy. Return Message: "


class InterfaceError(EmbeddedError):
    """A Python class cannot implement a Java interface: it is unknown, not an interface, or a method is missing."""


class MissingMethodError(InterfaceError):
    """Java called a method that is missing in the Python class and has no default in Java."""


class CannotCrossError(EmbeddedError):
    """A Python object or value cannot be passed to Java or to another member."""


class JavaException(Exception):
    """An exception that a method raises to throw a Java exception in the Java code that called it.

    Args:
        class_name: Full name of a Java exception with a constructor that accepts a message.
        message: The message.
    """

    def __init__(self, class_name: str, message: str = "") -> None:
        super().__init__(class_name, message)
        self.class_name = class_name
        self.message = message

    def __str__(self) -> str:
        return f"{self.class_name}: {self.message}"


def describe(error: BaseException) -> str:
    """Return the message for Java: py4j's usual introduction, by which it can be found, and Python's traceback."""
    lines = traceback.format_exception(type(error), error, user_traceback(error.__traceback__))
    return f"{_PY4J_INTRODUCTION}{''.join(lines).rstrip()}"


def sendable(text: str) -> str:
    """Return text with escapes for halves of characters, which py4j cannot send."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def user_traceback(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback without the frames of this package before the user's method."""
    step = trace
    while step is not None and step.tb_frame.f_globals.get("__package__") == __package__:
        step = step.tb_next
    return step or trace


def class_name(target: object) -> str:
    """Return the name of the class of a Python object for messages."""
    kind = type(target)
    return f"{kind.__module__}.{kind.__qualname__}"


def missing_method(target: object, interface: str, signature: str, python_name: str) -> MissingMethodError:
    """Return the error for a call of a method that ``target`` does not have."""
    return MissingMethodError(
        f"Java called {interface}.{signature} on a {class_name(target)}, which has no such method; "
        f"write def {python_name}(self, ...) in the class"
    )
