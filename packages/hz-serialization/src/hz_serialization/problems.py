"""Errors that name the offending value and the path to it."""

from __future__ import annotations

from struct import error as StructError
from typing import Any, Final, NoReturn

from hz_serialization.errors import HazelcastSerializationError

MAX_DEPTH: Final = 128
"""Levels of nesting that are written and read. Enough for any sensible value, and far from the
interpreter's own limit even when the caller is deep in calls already."""


def type_name(cls: type) -> str:
    """``module.QualifiedName`` of a class, without the module for Python's own."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


class Unserializable(HazelcastSerializationError):
    """A value, or something inside it, that cannot be written.

    Each container on the way out adds its step, so that the message ends up with the whole path.

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
        """Notes how the value that failed was reached from the one around it."""
        self._steps.append(step)

    @property
    def path(self) -> str:
        """Where the value lies in the one that was to be written: ``$`` is that one itself."""
        steps = self._steps[::-1]
        if len(steps) > 24:
            steps = [*steps[:10], f"...{len(steps) - 20} more...", *steps[-10:]]
        return "$" + "".join(steps)

    def __str__(self) -> str:
        return f"Cannot serialize {type_name(self.type)} at {self.path}: {self.reason}"


def unserializable(value: Any, error: Exception) -> Unserializable:
    """The named error for whatever went wrong while ``value`` was written."""
    if isinstance(error, Unserializable):
        return error
    if isinstance(error, HazelcastSerializationError):
        return Unserializable(type(value), str(error), error)
    if isinstance(error, UnicodeEncodeError):
        bad = error.object[error.start]
        reason = (
            f"the text holds a lone surrogate (U+{ord(bad):04X} at index {error.start}), which UTF-8 cannot "
            "carry; replace it first, for example by value.encode('utf-8', 'replace').decode()"
        )
        return Unserializable(type(value), reason, error)
    if isinstance(value, int) and isinstance(error, StructError):
        if type(value).__module__ == "hz_serialization.java_types":
            return Unserializable(
                type(value), f"{int(value)} is out of the range of Java's {type(value).__name__}", error
            )
        bits = (value if value >= 0 else ~value).bit_length() + 1
        reason = (
            f"the number needs {bits} bits, more than default_int_type has; set that to a larger type "
            "(BYTE 8, SHORT 16, INT 32, LONG 64 bits), or to VAR or BIG_INT"
        )
        return Unserializable(type(value), reason, error)
    if isinstance(error, RecursionError):
        return Unserializable(type(value), "it nests too deeply for Python's call stack", error)
    return Unserializable(type(value), f"{type(error).__name__}: {error}", error)


def fail_at(error: Exception, step: str, value: Any) -> NoReturn:
    """Raises ``error`` as an ``Unserializable`` that lies one step further inside."""
    problem = unserializable(value, error)
    problem.add_step(step)
    if problem is error:
        raise problem
    raise problem from error


def failed_writing(value: Any, error: Exception, method: str) -> NoReturn:
    """Raises ``error``, which a user's ``method`` let out, as an ``Unserializable`` that names the method."""
    if isinstance(error, HazelcastSerializationError):
        raise error
    problem = unserializable(value, error)
    raise Unserializable(problem.type, f"{problem.reason} (raised by {method})", error) from error


def failed_reading(error: Exception, method: str) -> NoReturn:
    """Raises ``error``, which a user's ``method`` let out, as the named error that says whose it is."""
    if isinstance(error, HazelcastSerializationError):
        raise error
    if isinstance(error, RecursionError):
        what = f"{method} nests too deeply for Python's call stack"
    else:
        what = f"{method} raised {type(error).__name__}: {error}"
    raise HazelcastSerializationError(f"Cannot read the value: {what}", error) from error


def too_deep(value: Any) -> Unserializable:
    """The error for a value nested past ``MAX_DEPTH``, which includes containers that hold themselves."""
    reason = (
        f"it lies deeper than {MAX_DEPTH} levels; flatten it, or break the cycle if a container holds itself"
    )
    return Unserializable(type(value), reason)


def damaged(what: str) -> HazelcastSerializationError:
    """The error for bytes that cannot be what they say they are."""
    return HazelcastSerializationError(f"Cannot read the value: {what}")


def unreadable(error: Exception, type_id: int | None) -> HazelcastSerializationError:
    """The named error for whatever went wrong while bytes were read."""
    if isinstance(error, HazelcastSerializationError):
        return error
    where = "" if type_id is None else f" of type id {type_id}"
    if isinstance(error, RecursionError):
        return HazelcastSerializationError(f"Cannot read the value{where}: it nests too deeply", error)
    return HazelcastSerializationError(
        f"Cannot read the value{where}: {type(error).__name__}: {error}; "
        "the bytes are damaged, or were not written in the byte order and version configured here",
        error,
    )
