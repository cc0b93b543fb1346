"""Names and identifiers of jobs, and how they are written in SQL."""

from collections.abc import Mapping
from typing import Any, Final

from hz_core.arguments import shown

_BITS: Final = (48, 32, 16, 0)


def id_text(job_id: int) -> str:
    """Return the identifier of a job as members show it: four groups of four hexadecimal digits."""
    return "-".join(f"{job_id >> bits & 0xFFFF:04x}" for bits in _BITS)


def checked_name(name: Any, what: str) -> str:
    """Return the name of ``what``.

    Raises:
        TypeError: It is no string, or empty.
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"the name of {what} must be a non-empty string, not {shown(name)}")
    return name


def identifier(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def options_clause(options: Mapping[Any, Any]) -> str:
    """Return the clause ``OPTIONS`` of a statement, after a space; nothing for no options.

    Raises:
        TypeError: A name is no string, or a value neither a string nor an integer.
    """
    for key, value in options.items():
        if not isinstance(key, str) or isinstance(value, bool) or not isinstance(value, str | int):
            raise TypeError(f"options must be strings, not {shown(key)}: {shown(value)}")
    pairs = ", ".join(f"{_literal(key)} = {_literal(str(value))}" for key, value in options.items())
    return f" OPTIONS ({pairs})" if pairs else ""


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
