"""SQL over the data of a cluster."""

from hz_proxies.sql.blocking import BlockingSql
from hz_proxies.sql.errors import HazelcastSqlError, SqlErrorCode
from hz_proxies.sql.futures import Sql
from hz_proxies.sql.result.blocking import BlockingSqlResult
from hz_proxies.sql.result.futures import SqlResult
from hz_proxies.sql.rows import (
    SqlColumnMetadata,
    SqlColumnType,
    SqlExpectedResultType,
    SqlRow,
    SqlRowMetadata,
)
from hz_serialization.public_names import publish

__all__ = [
    "BlockingSql",
    "BlockingSqlResult",
    "HazelcastSqlError",
    "Sql",
    "SqlColumnMetadata",
    "SqlColumnType",
    "SqlErrorCode",
    "SqlExpectedResultType",
    "SqlResult",
    "SqlRow",
    "SqlRowMetadata",
]

publish(__name__, (globals()[name] for name in __all__))
