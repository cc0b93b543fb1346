"""Loads SQLAlchemy's suite as a plugin of pytest, and empties the map of a mapping that is dropped."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: F403  # hooks and fixtures


@sa.event.listens_for(sa.Table, "after_drop")
def _emptied(table: sa.Table, connection: sa.Connection, **_: Any) -> None:
    """Do what DROP TABLE does elsewhere: the suite makes tables of the same name again."""
    connected: Any = connection.connection.dbapi_connection
    connected.client.get_map(table.name).destroy()
