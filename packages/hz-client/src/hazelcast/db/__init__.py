"""SQL by the database API of Python (PEP 249), for threads; :mod:`hazelcast.db.aio` is its twin for asyncio."""

from typing import Final

from hazelcast.db._connection import Connection, Cursor, connect
from hazelcast.db._errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,
)
from hazelcast.db._types import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    ColumnDescription,
    Date,
    DateFromTicks,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Type,
)
from hz_serialization.public_names import publish

apilevel: Final = "2.0"
"""The version of the database API."""

threadsafety: Final = 2
"""Threads may share the module and connections, but not cursors."""

paramstyle: Final = "qmark"
"""Parameters are question marks in statements."""

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "ColumnDescription",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Type",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]

publish(__name__, (globals()[name] for name in __all__))
