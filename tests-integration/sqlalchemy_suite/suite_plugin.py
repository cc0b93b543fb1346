"""Loads SQLAlchemy's suite as a plugin of pytest, and does what its tables need of maps."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: F403  # hooks and fixtures
from sqlalchemy.util import await_only

from hazelcast.sqlalchemy import Sink


@sa.event.listens_for(sa.Table, "after_drop")
def _emptied(table: sa.Table, connection: sa.Connection, **_: Any) -> None:
    """Do what DROP TABLE does elsewhere: the suite makes tables of the same name again."""
    connected: Any = connection.connection.driver_connection
    if connection.dialect.is_async:
        await_only(_destroyed(connected.client, table.name))
    else:
        connected.client.get_map(table.name).destroy()


async def _destroyed(client: Any, name: str) -> None:
    await (await client.get_map(name)).destroy()


@sa.event.listens_for(sa.Engine, "before_execute", retval=True)
def _repeated(_: Any, statement: Any, many: Any, parameters: Any, options: Any) -> Any:
    """Allow rows to be repeated in tables without a primary key, whose first column is the key of the map."""
    table = statement.table if type(statement) is sa.Insert else None
    if isinstance(table, sa.Table) and not table.primary_key.columns:
        statement = statement._clone()
        statement.__class__ = Sink
    return statement, many, parameters
