"""SQL: the service, which ``client.sql`` is, results, rows, and errors."""

from hz_proxies.sql import (
    BlockingSql,
    BlockingSqlResult,
    HazelcastSqlError,
    SqlColumnMetadata,
    SqlColumnType,
    SqlErrorCode,
    SqlExpectedResultType,
    SqlResult,
    SqlRow,
    SqlRowMetadata,
)
from hz_proxies.sql import Sql as SqlService

__all__ = [
    "BlockingSql",
    "BlockingSqlResult",
    "HazelcastSqlError",
    "SqlColumnMetadata",
    "SqlColumnType",
    "SqlErrorCode",
    "SqlExpectedResultType",
    "SqlResult",
    "SqlRow",
    "SqlRowMetadata",
    "SqlService",
]
