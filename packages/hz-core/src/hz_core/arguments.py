"""Numbers that users pass: durations in seconds, and integers that the protocol carries in 32 or 64 bits."""

from numbers import Real
from operator import index
from typing import Any, Final

SERVER_DEFAULT: Final = -1
"""The duration for the member's default, or for no limit."""

_MOST_MILLIS: Final = 2**63 - 1
_MOST_SECONDS: Final = _MOST_MILLIS // 1000
_PLAIN: Final = (int, float)
_SHOWN: Final = 100


def shown(value: object) -> str:
    """Return the ``repr`` of a value for an error message, shortened if it is long."""
    if isinstance(value, int) and value.bit_length() > 4 * _SHOWN:
        return (
            f"a number of {value.bit_length()} bits"  # Python refuses to write those of many thousand digits
        )
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def duration(seconds: Any, name: str) -> float:
    """Return a duration that was checked.

    Args:
        seconds: The duration in seconds.
        name: Name of the argument, for the error.

    Raises:
        TypeError: It is not a number.
        ValueError: It is negative, not finite, or does not fit into 64 bits.
    """
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        _check_is_number(seconds, name)
    if not 0 <= seconds <= _MOST_SECONDS:  # NaN is neither
        raise ValueError(f"{name} must be from 0 to {_MOST_SECONDS} seconds, not {shown(seconds)}")
    checked: float = seconds
    return checked


def milliseconds(seconds: float, name: str) -> int:
    """Return a duration in the protocol's milliseconds.

    A positive time below a millisecond is rounded up to one, because 0 has a meaning of its own for members.

    Raises:
        TypeError, ValueError: As ``duration``.
    """
    if type(seconds) not in _PLAIN or not 0 <= seconds <= _MOST_SECONDS:
        duration(
            seconds, name
        )  # raises the error, or knows the class; called only then, since this runs for each ttl
    millis = int(seconds * 1000)
    return 1 if millis == 0 and seconds > 0 else millis


def milliseconds_or_default(seconds: float | None, name: str) -> int:
    """Return a duration in milliseconds; -1, by which members take their default, for None.

    -1 is accepted like None, since it was the default value of such arguments in release 4.

    Raises:
        TypeError, ValueError: As ``duration``.
    """
    if seconds is None or (seconds == SERVER_DEFAULT and not isinstance(seconds, bool)):
        return SERVER_DEFAULT
    return milliseconds(seconds, name)


def is_negative(seconds: Any) -> bool:
    """Return whether a duration is a negative number, which has a meaning for some operations."""
    return isinstance(seconds, int | float) and seconds < 0


def int32(value: int, name: str, least: int = -(2**31)) -> int:
    """Return an integer from ``least`` to 2**31-1.

    Raises:
        TypeError: It is not an integer.
        ValueError: It is out of range.
    """
    return _integer(value, name, least, 2**31 - 1)


def int64(value: int, name: str, least: int = -(2**63)) -> int:
    """Return an integer from ``least`` to 2**63-1.

    Raises:
        TypeError: It is not an integer.
        ValueError: It is out of range.
    """
    return _integer(value, name, least, 2**63 - 1)


def _integer(value: Any, name: str, least: int, most: int) -> int:
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {shown(value)}") from None
    if not least <= number <= most:
        raise ValueError(f"{name} must be from {least} to {most}, not {shown(value)}")
    return number


def _check_is_number(seconds: Any, name: str) -> None:
    # Other numbers, such as NumPy's, are rare: this test is slow. A bool is a Real for it, too.
    if type(seconds) is bool or not isinstance(seconds, Real):
        hint = "; use its total_seconds()" if hasattr(seconds, "total_seconds") else ""
        raise TypeError(f"{name} must be a number of seconds, not {shown(seconds)}{hint}")
