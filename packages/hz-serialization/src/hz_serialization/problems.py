"""Errors that name the offending value and the path to it."""

from __future__ import annotations

from collections.abc import Callable
from struct import error as StructError
from typing import Any, Final, NoReturn

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.java_types import Byte, Integer, Long, Short
from hz_serialization.public_names import publish

MAX_DEPTH: Final = 128
"""The most levels of nesting that are written and read. Enough for any sensible value, and far from the recursion
limit of the interpreter even if the caller has used much of it."""


_SIZED_INTS: Final = (Byte, Short, Integer, Long)


def type_name(cls: type) -> str:
    """Return ``module.QualifiedName`` of a class, without the module for built-in classes."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


class UnserializableError(HazelcastSerializationError):
    """A value, or something inside it, that cannot be written.

    Each container around the value adds a step, so that the message has the whole path.

    Attributes:
        type: The class of the value that could not be written.
        reason: Why, and what to do.
    """

    def __init__(self, value_type: type, reason: str, cause: BaseException | None = None) -> None:
        super().__init__(reason, cause)
        self.type = value_type
        self.reason = reason
        self._steps: list[str] = []

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.type, self.reason), {"_steps": self._steps}

    def add_step(self, step: str) -> None:
        """Add how the value that failed is reached from the value around it."""
        self._steps.append(step)

    @property
    def path(self) -> str:
        """The path to the value from the one that was to be written, which is ``$``."""
        steps = self._steps[::-1]
        if len(steps) > 24:
            steps = [*steps[:10], f"...{len(steps) - 20} more...", *steps[-10:]]
        return "$" + "".join(steps)

    def __str__(self) -> str:
        return f"Cannot serialize {type_name(self.type)} at {self.path}: {self.reason}"


def unserializable(value: Any, error: Exception) -> UnserializableError:
    """Return the ``UnserializableError`` for an error that was raised while ``value`` was written."""
    if isinstance(error, UnserializableError):
        return error
    if isinstance(error, HazelcastSerializationError):
        # The same error with a path: it keeps where it was raised, which may be in the user's code.
        problem = UnserializableError(type(value), str(error), error.__cause__)
        return problem.with_traceback(error.__traceback__)
    if isinstance(error, UnicodeEncodeError):
        bad = error.object[error.start]
        reason = (
            f"the text holds a lone surrogate (U+{ord(bad):04X} at index {error.start}), which UTF-8 cannot "
            "carry; replace it first, for example by value.encode('utf-8', 'replace').decode()"
        )
        return UnserializableError(type(value), reason)
    if isinstance(value, int) and isinstance(error, StructError):
        if type(value) in _SIZED_INTS:
            return UnserializableError(
                type(value), f"{int(value)} is out of the range of Java's {type(value).__name__}"
            )
        bits = (value if value >= 0 else ~value).bit_length() + 1
        reason = (
            f"the number needs {bits} bits, more than default_int_type has; set that to a larger type "
            "(BYTE 8, SHORT 16, INT 32, LONG 64 bits), or to VAR or BIG_INT"
        )
        return UnserializableError(type(value), reason)
    if isinstance(error, RecursionError):
        return UnserializableError(type(value), "it nests too deeply for Python's call stack")
    return UnserializableError(type(value), f"{type_name(type(error))}: {error}", error)


def fail_at(error: Exception, step: str, value: Any) -> NoReturn:
    """Raise ``error`` as an ``UnserializableError`` with one more step in its path."""
    problem = unserializable(value, error)
    problem.add_step(step)
    raise problem from problem.__cause__


def failed_writing(value: Any, error: Exception, method: str) -> NoReturn:
    """Raise ``error``, which a user's ``method`` raised, as an ``UnserializableError`` that names the method."""
    if isinstance(error, HazelcastSerializationError):
        raise error
    problem = unserializable(value, error)
    raise UnserializableError(problem.type, f"{problem.reason} (raised by {method})", error) from error


def failed_reading(error: Exception, method: str) -> NoReturn:
    """Raise ``error``, which a user's ``method`` raised, as a ``HazelcastSerializationError`` that names the method."""
    if isinstance(error, HazelcastSerializationError):
        raise error
    if isinstance(error, RecursionError):
        what = f"{method} nests too deeply for Python's call stack"
    else:
        what = f"{method} raised {type_name(type(error))}: {error}"
    raise HazelcastSerializationError(f"Cannot read the value: {what}", error) from error


def new_instance(make: Callable[[], Any], kind: str) -> Any:
    """Return what a user's factory of a kind of objects makes, which is a class or another callable.

    Raises:
        HazelcastSerializationError: It raised an error.
    """
    try:
        return make()
    except Exception as error:
        name = type_name(make) if isinstance(make, type) else f"the {kind} factory"
        hint = "instances are made without arguments, so that __init__ needs defaults"
        failed_reading(error, f"{name}() ({hint})")


def failed_reading_portable(error: Exception, value: object) -> NoReturn:
    """Raise ``error``, which ``read_portable`` of ``value`` raised, as ``failed_reading`` does."""
    failed_reading(error, f"{type_name(type(value))}.read_portable()")


def too_deep(value: Any) -> UnserializableError:
    """Return the error for a value nested deeper than ``MAX_DEPTH``, such as a container that holds itself."""
    reason = f"it is nested deeper than {MAX_DEPTH} levels; flatten it, or break the cycle if a container holds itself"
    return UnserializableError(type(value), reason)


def damaged(what: str) -> HazelcastSerializationError:
    """Return the error for damaged bytes."""
    return HazelcastSerializationError(f"Cannot read the value: {what}")


def unreadable(error: Exception, type_id: int | None) -> HazelcastSerializationError:
    """Return the ``HazelcastSerializationError`` for an error that was raised while bytes were read."""
    if isinstance(error, HazelcastSerializationError):
        return error
    where = "" if type_id is None else f" of type id {type_id}"
    if isinstance(error, RecursionError):
        return HazelcastSerializationError(f"Cannot read the value{where}: it nests too deeply")
    return HazelcastSerializationError(
        f"Cannot read the value{where}: {type(error).__name__}: {error}; "
        "the bytes are damaged, or were not written in the byte order and version configured here",
        error,
    )


def method_missing(owner: object, method: str) -> NoReturn:
    """Raise the error for a method that a user's class must define."""
    raise NotImplementedError(f"{type(owner).__qualname__}.{method}() is missing; the class must define it")


publish("hz_serialization", (UnserializableError,))
