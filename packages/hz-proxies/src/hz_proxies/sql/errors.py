"""Errors of SQL statements."""

from enum import IntEnum
from typing import Any, Final
from uuid import UUID

from hz_proxies.codecs import sql as codec
from hz_serialization import HazelcastError


class SqlErrorCode(IntEnum):
    """Why a statement failed. Members may send other numbers, too, which stay integers."""

    GENERIC = -1
    """Any other reason."""

    CONNECTION_PROBLEM = 1001
    """A member, or the connection to it, was lost while it had the query."""

    CANCELLED_BY_USER = 1003
    """The query was closed before its end."""

    TIMEOUT = 1004
    """The statement's time limit has expired."""

    PARTITION_DISTRIBUTION = 1005
    """Partitions have moved to other members meanwhile."""

    MAP_DESTROYED = 1006
    """The map was destroyed meanwhile."""

    PARSING = 1008
    """The statement is not valid SQL, or does not fit to the mappings."""

    INDEX_INVALID = 1009
    """An index of the map has changed meanwhile."""

    OBJECT_NOT_FOUND = 1010
    """There is no such mapping."""

    TOPOLOGY_CHANGE = 1011
    """A member has left or joined meanwhile."""

    DATA_EXCEPTION = 2000
    """A value cannot be converted or computed."""


REPEATABLE: Final = frozenset(
    {
        SqlErrorCode.CONNECTION_PROBLEM,
        SqlErrorCode.PARTITION_DISTRIBUTION,
        SqlErrorCode.TOPOLOGY_CHANGE,
    }
)
"""Codes of errors that another attempt may not meet."""


class HazelcastSqlError(HazelcastError):
    """A statement failed.

    Args:
        originating_member_uuid: UUID of the member that reported the error; None if the client found it.
        code: The error code, of :class:`SqlErrorCode` if it is known.
        message: What is wrong.
        cause: The error behind it; None if there is none.
        suggestion: A statement that may solve the problem, such as ``CREATE MAPPING``; None if there is none.

    Attributes:
        originating_member_uuid: UUID of the member that reported the error; None if the client found it.
        code: The error code.
        suggestion: A statement that may solve the problem; None if there is none.
    """

    def __init__(
        self,
        originating_member_uuid: UUID | None,
        code: int,
        message: str,
        cause: BaseException | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(message, cause)
        self.originating_member_uuid = originating_member_uuid
        self.code: int = _known(code)
        self.suggestion = suggestion

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = self.originating_member_uuid, self.code, str(self), self.__cause__, self.suggestion
        return type(self), arguments


def _known(code: int) -> int:
    try:
        return SqlErrorCode(code)
    except ValueError:
        return code


def failed(error: codec.SqlError) -> HazelcastSqlError:
    """Return the error that a member has sent."""
    suggestion = error.suggestion if isinstance(error.suggestion, str) else None
    message = error.message or "the statement failed, and the member says no reason"
    return HazelcastSqlError(error.originating_member_id, error.code, message, suggestion=suggestion or None)


def expired(error: HazelcastSqlError, seconds: float) -> HazelcastSqlError:
    """Return the error of a statement that failed after its time limit. Members only say that they cancelled it."""
    return HazelcastSqlError(
        error.originating_member_uuid,
        SqlErrorCode.TIMEOUT,
        f"the time limit of the statement, {seconds:g} s, has expired ({error})",
        error,
    )


def lost(member: UUID, error: Exception) -> HazelcastSqlError:
    """Return the error of a query whose member is lost."""
    return HazelcastSqlError(
        None,
        SqlErrorCode.CONNECTION_PROBLEM,
        f"the connection to member {member}, which has the query, was lost ({error}); execute the statement again if"
        " that does no harm: it may have changed data",
        error,
    )


def closed() -> HazelcastSqlError:
    """Return the error of who reads on after a result was closed."""
    return HazelcastSqlError(
        None,
        SqlErrorCode.CANCELLED_BY_USER,
        "the query was cancelled by the user: its result was closed before all rows were read",
    )
