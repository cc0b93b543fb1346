"""The exceptions of PEP 249, and which of them the errors of the client become."""

import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hazelcast.errors import HazelcastError, HazelcastSerializationError
from hazelcast.sql import HazelcastSqlError, SqlErrorCode


class Warning(builtins.Warning):  # the name is that of PEP 249
    """Something important. Never raised."""


class Error(Exception):
    """Base class of all errors of this module. Its cause is the error of the client, if that had one.

    Attributes:
        code: The code of the member's error, of :class:`hazelcast.sql.SqlErrorCode`; None if no statement failed.
        suggestion: A statement that may solve the problem, such as ``CREATE MAPPING``; None if there is none.
    """

    code: int | None = None
    suggestion: str | None = None


class InterfaceError(Error):
    """The module is not used as intended: a closed cursor, for example."""


class DatabaseError(Error):
    """The cluster reports an error."""


class DataError(DatabaseError):
    """A value cannot be converted, computed or stored."""


class OperationalError(DatabaseError):
    """The connection or a member was lost, a time limit has expired, or the query was cancelled."""


class IntegrityError(DatabaseError):
    """A key is there already."""


class InternalError(DatabaseError):
    """The cluster is in disorder. Never raised."""


class ProgrammingError(DatabaseError):
    """The statement is wrong, or there is no such mapping; or the parameters do not fit to it."""


class NotSupportedError(DatabaseError):
    """There are no transactions to roll back."""


_BY_CODE: Final[dict[int, type[DatabaseError]]] = {
    SqlErrorCode.PARSING: ProgrammingError,
    SqlErrorCode.OBJECT_NOT_FOUND: ProgrammingError,
    SqlErrorCode.DATA_EXCEPTION: DataError,
    SqlErrorCode.CONNECTION_PROBLEM: OperationalError,
    SqlErrorCode.CANCELLED_BY_USER: OperationalError,
    SqlErrorCode.TIMEOUT: OperationalError,
    SqlErrorCode.PARTITION_DISTRIBUTION: OperationalError,
    SqlErrorCode.TOPOLOGY_CHANGE: OperationalError,
    SqlErrorCode.MAP_DESTROYED: OperationalError,
    SqlErrorCode.INDEX_INVALID: OperationalError,
}


def error_for(error: Exception) -> Error:
    """Return the error of PEP 249 for one of the client."""
    if isinstance(error, HazelcastSqlError):
        kind: type[Error] = _BY_CODE.get(error.code, DatabaseError)
        # Members have no code of their own for it.
        if kind is DatabaseError and "duplicate key" in str(error).lower():
            kind = IntegrityError
        found = kind(str(error))
        found.code, found.suggestion = error.code, error.suggestion
        return found
    if isinstance(error, HazelcastSerializationError):
        return DataError(str(error))
    if isinstance(error, HazelcastError):
        return OperationalError(str(error))
    return ProgrammingError(str(error))


@contextmanager
def translated() -> Iterator[None]:
    """Raise the errors of PEP 249 instead of those of the client."""
    try:
        yield
    except (HazelcastError, TypeError, ValueError) as e:
        raise error_for(e) from e
