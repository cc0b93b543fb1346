"""Errors of Python objects that implement Java interfaces."""

from __future__ import annotations

import traceback
from types import TracebackType
from typing import Any, Final

from hz_embedded.errors import EmbeddedError

_PY4J_WORDS: Final = "An exception was raised by the Python Proxy. Return Message: "


class InterfaceError(EmbeddedError):
    """A Python class cannot stand for a Java interface: unknown, no interface, or a method is missing."""


class MissingMethodError(InterfaceError):
    """Java called a method that the Python class lacks and that has no default in Java."""


class CannotCrossError(EmbeddedError):
    """A Python object, or a value from it, cannot be taken to where Java wants it."""


class JavaException(Exception):
    """Raise it in a method that Java calls, to throw a Java exception of your choice there.

    Args:
        class_name: full name of a Java exception that has a constructor with a message.
        message: the message.
    """

    def __init__(self, class_name: str, message: str = "") -> None:
        super().__init__(class_name, message)
        self.class_name = class_name
        self.message = message

    def __str__(self) -> str:
        return f"{self.class_name}: {self.message}"


def describe(error: BaseException) -> str:
    """The message for Java: Python's traceback, behind the words that py4j has before it, so that it is found."""
    lines = traceback.format_exception(type(error), error, users_part(error.__traceback__))
    return f"{_PY4J_WORDS}{''.join(lines).rstrip()}"


def users_part(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from where this package calls the user's method."""
    step = trace
    while step is not None and step.tb_frame.f_globals.get("__package__") == __package__:
        step = step.tb_next
    return step or trace


def class_name(target: object) -> str:
    """Name of the class of a Python object, as messages show it."""
    kind = type(target)
    return f"{kind.__module__}.{kind.__qualname__}"


def missing_method(target: object, interface: str, signature: str, python_name: str) -> MissingMethodError:
    """Java called what ``target`` has not."""
    return MissingMethodError(
        f"Java called {interface}.{signature} on a {class_name(target)}, which has no such method; "
        f"write def {python_name}(self, ...) in the class"
    )


def unholdable(where: str, value: Any) -> CannotCrossError:
    """Java has nothing to hold ``value`` in."""
    return CannotCrossError(
        f"{where} gave {value!r:.80} of type {class_name(value)}, which Java cannot hold; give None, a bool, "
        "number, str, bytes, a dict, list or set of those, a Java object, or a Python object that implements a "
        "Java interface"
    )
