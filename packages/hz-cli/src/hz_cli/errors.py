"""What goes wrong, in one line: what happened, and what to do."""

from typing import Final

import click

from hazelcast.errors import (
    AuthenticationError,
    ClientNotAllowedInClusterError,
    ConfigMismatchError,
    HazelcastError,
    HazelcastSerializationError,
    IllegalStateError,
    InvalidAddressError,
    InvalidConfigurationError,
    JetDisabledError,
    OperationTimeoutError,
    TargetDisconnectedError,
)
from hazelcast.sql import HazelcastSqlError, SqlErrorCode

OK: Final = 0
FAILED: Final = 1
"""The command ran, and what was asked for failed or was not found."""
USAGE: Final = 2
"""Wrong arguments, or a configuration that is not valid."""
NO_CONNECTION: Final = 3
"""No member of the cluster could be connected."""
INTERRUPTED: Final = 130
"""Ctrl-C."""


class CommandError(click.ClickException):
    """A command fails.

    Args:
        what: What happened, to what.
        advice: What the user can do about it; empty if there is nothing to say.
        exit_code: The exit code of the process.
    """

    def __init__(self, what: str, advice: str = "", exit_code: int = FAILED) -> None:
        super().__init__(one_line(f"{what}; {advice}" if advice else what))
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance


class NoConnectionError(CommandError):
    """No member of the cluster could be connected."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            f"no connection to the cluster: {error}",
            "run `hz doctor` with the same options to find the reason, or `hz start` for a cluster to try things on",
            NO_CONNECTION,
        )


def one_line(text: str) -> str:
    """Return ``text`` with all white space as single spaces."""
    return " ".join(text.split())


_ADVICE: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (AuthenticationError, "check the user and password, and --cluster"),
    (ClientNotAllowedInClusterError, "the members refuse this client: ask who operates them"),
    (ConfigMismatchError, "the members are configured in another way than this client expects"),
    (JetDisabledError, "enable Jet in the members' configuration: `hazelcast: {jet: {enabled: true}}`"),
    (OperationTimeoutError, "`hz doctor` and `hz top` tell whether members are slow or lost"),
    (TargetDisconnectedError, "a member was lost: try again"),
    (HazelcastSerializationError, "check --key-type and --value-type"),
)

_SQL_ADVICE: Final = {
    SqlErrorCode.CONNECTION_PROBLEM: "a member was lost: execute the statement again if that does no harm",
    SqlErrorCode.TOPOLOGY_CHANGE: "a member joined or left: execute the statement again",
    SqlErrorCode.PARTITION_DISTRIBUTION: "partitions were moving: execute the statement again",
    SqlErrorCode.TIMEOUT: "give it more time with --timeout",
}


def sql_problem(error: HazelcastSqlError) -> str:
    """Return what a statement's error says, and what to do, in one line."""
    text = str(error)
    advice = _SQL_ADVICE.get(SqlErrorCode(error.code)) if isinstance(error.code, SqlErrorCode) else None
    if error.suggestion and one_line(error.suggestion) not in one_line(text):
        advice = f"try this first: {error.suggestion}"
    if ("was not found" in text and "SqlService" in text) or "hazelcast-sql" in text:
        advice = "the members need the module hazelcast-sql on their class path"
    return one_line(f"{text}; {advice}" if advice else text)


def as_command_error(error: BaseException) -> click.ClickException | None:
    """Return the one line that ``error`` is shown as; None for one that nobody has expected."""
    if isinstance(error, click.ClickException):
        return error
    if isinstance(error, HazelcastSqlError):
        return CommandError(sql_problem(error))
    if isinstance(error, InvalidConfigurationError | InvalidAddressError):
        notes = " ".join(getattr(error, "__notes__", ()))
        return CommandError(f"the configuration is not valid: {error} {notes}", exit_code=USAGE)
    for kind, advice in _ADVICE:
        if isinstance(error, kind):
            return CommandError(f"{type(error).__name__}: {error}", advice)
    if isinstance(error, HazelcastError | OSError | UnicodeError):
        return CommandError(f"{type(error).__name__}: {error}")
    return None


def is_no_connection(error: BaseException) -> bool:
    """Return whether the constructor of a client raised ``error`` because it reached no member."""
    return isinstance(error, IllegalStateError | AuthenticationError | ClientNotAllowedInClusterError)
