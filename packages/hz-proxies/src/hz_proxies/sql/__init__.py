"""SQL over the data of a cluster."""

from hz_proxies.sql.blocking import BlockingSql
from hz_proxies.sql.errors import HazelcastSqlError
from hz_proxies.sql.futures import Sql
from hz_proxies.sql.rows import SqlColumnMetadata, SqlColumnType, SqlRow, SqlRowMetadata
from hz_serialization.public_names import publish

__all__ = [
    "BlockingSql",
    "HazelcastSqlError",
    "Sql",
    "SqlColumnMetadata",
    "SqlColumnType",
    "SqlRow",
    "SqlRowMetadata",
]

publish(__name__, (globals()[name] for name in __all__))
