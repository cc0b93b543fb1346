"""Checks of option values: TypeError for a wrong type, ValueError for a value out of range."""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Final, TypeVar

from hz_core.arguments import shown
from hz_core.config.option import SECRETS, Check

T = TypeVar("T")
E = TypeVar("E", bound=IntEnum)

LARGEST: Final = 1_000_000_000
"""The largest number that an option takes. As seconds it is some 31 years, which all clocks and waits can hold."""


def type_error(name: str, expects: str, value: object) -> TypeError:
    """Return the error for a value of the wrong type."""
    text = f"a value of type {type(value).__name__}" if name in SECRETS else shown(value)
    return TypeError(f"{name} must be {expects}, not {text}")


def _value_error(name: str, expects: str, value: object) -> ValueError:
    return ValueError(f"{name} must be {expects}, not {shown(value)}")


def instance(expects: str, *types: type[Any]) -> Check[Any]:
    """Accept instances of ``types``."""

    def convert(name: str, value: Any) -> Any:
        if not isinstance(value, types):
            raise type_error(name, expects, value)
        return value

    return Check(expects, convert)


string: Check[str] = instance("a string", str)
boolean: Check[bool] = instance("a boolean", bool)


def number(range_text: str = "", accepts: Callable[[float], bool] = lambda _: True) -> Check[float]:
    """Accept int and float (and bool, as Python does) up to ``LARGEST`` for which ``accepts`` holds, but never NaN."""
    expects = f"{range_text}, and at most {LARGEST}" if range_text else f"a number of at most {LARGEST}"

    def convert(name: str, value: Any) -> float:
        if not isinstance(value, int | float):
            raise type_error(name, "a number", value)
        if not value <= LARGEST or not accepts(value):
            raise _value_error(name, expects, value)
        return value

    return Check(f"a number, {range_text}" if range_text else "a number", convert)


def integer(range_text: str, accepts: Callable[[int], bool]) -> Check[int]:
    """Accept int (and bool, as Python does) for which ``accepts`` holds."""

    def convert(name: str, value: Any) -> int:
        if not isinstance(value, int):
            raise type_error(name, "an integer number", value)
        if not accepts(value):
            raise _value_error(name, range_text, value)
        return int(value)

    return Check(f"an integer, {range_text}", convert)


non_negative: Check[float] = number("non-negative", lambda v: v >= 0)
positive: Check[float] = number("positive", lambda v: v > 0)
at_least_one: Check[int] = integer("at least 1", lambda v: v >= 1)


def member_of(enum: type[E]) -> Check[E]:
    """Accept a member of ``enum``, its value, or its name."""
    expects = (
        f"one of the values or names of {enum.__name__}: {', '.join(f'{m.name} ({m.value})' for m in enum)}"
    )

    def convert(name: str, value: Any) -> E:
        if isinstance(value, int | float | str):
            for member in enum:
                if value in (member.value, member.name):
                    return member
        raise type_error(name, expects, value)

    return Check(expects, convert)


def list_of(item: Callable[[Any], bool], expects: str) -> Check[list[Any]]:
    """Accept a list whose items all pass ``item``."""

    def convert(name: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise type_error(name, f"a list of {expects}", value)
        for index, found in enumerate(value):
            if not item(found):
                raise TypeError(f"{name} must be a list of {expects}; item {index} is {shown(found)}")
        return list(value)

    return Check(f"a list of {expects}", convert)


def dict_of(
    keys: type, key_text: str, value_of: Callable[[str, Any], T], expects: str
) -> Check[dict[Any, T]]:
    """Accept a dict with keys of type ``keys``; ``value_of`` checks (and converts) each value."""

    def convert(name: str, value: Any) -> dict[Any, T]:
        if not isinstance(value, dict):
            raise type_error(name, f"a dict of {expects}", value)
        for key in value:
            if not isinstance(key, keys):
                raise TypeError(f"Keys of {name} must be {key_text}, not {shown(key)}")
            if isinstance(key, int) and not -(2**31) <= key < 2**31:
                raise ValueError(f"Keys of {name} must be {key_text} of 32 bits, not {shown(key)}")
        return {key: value_of(f"{name}[{shown(key)}]", v) for key, v in value.items()}

    return Check(f"a dict of {expects}", convert)


def optional(check: Check[T]) -> Check[T | None]:
    """Mark an option whose default is None; None itself cannot be set, as documented."""
    return Check(check.expects, check.convert)


def with_methods(value: object, *names: str) -> bool:
    """Return whether ``value`` (a class or an object) has all these methods."""
    return all(callable(getattr(value, name, None)) for name in names)


def is_class_with(*names: str) -> Callable[[Any], bool]:
    """Return a predicate for classes that have all these methods."""
    return lambda value: isinstance(value, type) and with_methods(value, *names)


def passing(test: Callable[[Any], bool], expects: str) -> Check[Any]:
    """Accept values for which ``test`` returns True."""

    def convert(name: str, value: Any) -> Any:
        if not test(value):
            raise type_error(name, expects, value)
        return value

    return Check(expects, convert)
