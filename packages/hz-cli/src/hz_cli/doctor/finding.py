"""What a check has found."""

from dataclasses import dataclass
from enum import Enum


class Status(Enum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """It works, but something should be looked at."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """Nothing could be checked, or there was nothing to check."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check.

    Attributes:
        check: What was checked.
        status: How bad it is.
        text: What was found.
        advice: What to do; empty if there is nothing to do.
    """

    check: str
    status: Status
    text: str
    advice: str = ""


def ok(check: str, text: str) -> Finding:
    """Return that a check is well."""
    return Finding(check, Status.OK, text)


def warning(check: str, text: str, advice: str) -> Finding:
    """Return that something should be looked at."""
    return Finding(check, Status.WARNING, text, advice)


def failed(check: str, text: str, advice: str) -> Finding:
    """Return that something does not work."""
    return Finding(check, Status.FAILED, text, advice)


def skipped(check: str, text: str) -> Finding:
    """Return that there was nothing to check."""
    return Finding(check, Status.SKIPPED, text)
