"""Numbers that users of CP objects pass."""

from hz_core.arguments import int32, is_negative, milliseconds, shown


def at_least(least: int, value: int, name: str) -> int:
    """Return a number of 32 bits that is not less than ``least``.

    Raises:
        TypeError: It is not an integer.
        AssertionError: It is less, as clients raise since 4.1; programs may rely on it.
        ValueError: It does not fit into 32 bits.
    """
    number = int32(value, name)
    if number < least:
        raise AssertionError(f"{name} must be at least {least}, not {shown(value)}")
    return number


def truth(value: bool, name: str) -> bool:
    """Return a bool.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be a bool, not {shown(value)}")
    return value


def waiting_time(timeout: float) -> int:
    """Return the time to wait in milliseconds; 0 for a negative one.

    Raises:
        TypeError, ValueError: It is not a number, or out of range.
    """
    return 0 if is_negative(timeout) else milliseconds(timeout, "timeout")
