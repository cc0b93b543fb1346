"""The dialect: connecting, and reading what mappings there are."""

import json
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from sqlalchemy import Table, exc, pool, text, types
from sqlalchemy.engine import URL, Connection, default, reflection
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.compiler import DDLCompiler, GenericTypeCompiler, IdentifierPreparer, SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from hazelcast.sqlalchemy._statements import (
    HazelcastCompiler,
    HazelcastDDLCompiler,
    HazelcastPreparer,
    HazelcastTypeCompiler,
)
from hazelcast.sqlalchemy._types import BOUND, REFLECTED


class HazelcastDialect(default.DefaultDialect):
    """Clusters, by :mod:`hazelcast.db`. All users of an engine share one connection, and thereby one client.

    Args:
        json_serializer: Turns the values of JSON columns into texts; None for :func:`json.dumps`.
        json_deserializer: Turns such texts into values; None for :func:`json.loads`.
        **kwargs: Those of the base class.
    """

    name = "hazelcast"
    driver = "db"
    statement_compiler: type[SQLCompiler] = HazelcastCompiler
    ddl_compiler: type[DDLCompiler] = HazelcastDDLCompiler
    type_compiler_cls: ClassVar[type[GenericTypeCompiler]] = HazelcastTypeCompiler
    preparer: type[IdentifierPreparer] = HazelcastPreparer
    default_paramstyle = "qmark"
    default_schema_name: str | None = "public"
    supports_statement_cache = True
    """Compiled statements are kept."""
    supports_alter = False
    supports_comments = False
    supports_default_values = False
    supports_empty_insert = False
    supports_multivalues_insert = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_enum = False
    supports_sane_rowcount = False
    supports_sane_multi_rowcount = False
    supports_sequences = False
    supports_views = True
    supports_for_update_of = False
    postfetch_lastrowid = False
    implicit_returning = False
    favor_returning_over_lastrowid = False
    insert_null_pk_still_autoincrements = False
    use_insertmanyvalues = False
    """Members return no generated values, so rows are inserted by ``executemany``."""
    max_identifier_length = 128
    colspecs: MutableMapping[type[TypeEngine[Any]], type[TypeEngine[Any]]] = BOUND
    construct_arguments: list[tuple[type[SchemaItem | ClauseElement], Mapping[str, Any]]] | None = [  # noqa: RUF012  # as in the base class
        (
            Table,
            {"type": "IMap", "options": None, "external_name": None},
        )
    ]

    def __init__(
        self,
        json_serializer: Callable[[Any], str] | None = None,
        json_deserializer: Callable[[str], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._json_serializer = json_serializer
        self._json_deserializer = json_deserializer

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return the module of PEP 249."""
        from hazelcast import db

        return db

    @classmethod
    def get_pool_class(cls, url: URL) -> type[pool.Pool]:
        """Return the pool with one connection, which threads may share."""
        return pool.StaticPool

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of ``connect``: the URL as a DSN, whose database is the name of the cluster."""
        query = dict(url.query)
        if url.database:
            query["cluster_name"] = url.database
        user = "" if url.username is None else quote(url.username, safe="")
        if url.password is not None:
            user += f":{quote(str(url.password), safe='')}"
        host = url.host or "localhost"
        host = f"[{host}]" if ":" in host else host
        place = f"{user}@{host}:{url.port or 5701}" if user else f"{host}:{url.port or 5701}"
        options = urlencode(query, doseq=True)
        return [], {"dsn": f"hz://{place}/" + (f"?{options}" if options else "")}

    def initialize(self, connection: Connection) -> None:
        """Do nothing: there is nothing to ask the cluster for."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Do nothing: there are no transactions."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """Do nothing: statements are committed when they have been executed."""

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Return whether the client is still there; it connects again by itself."""
        return bool(dbapi_connection.is_open)

    def is_disconnect(self, e: Exception, connection: Any, cursor: Any) -> bool:
        """Return whether a connection was closed by the program."""
        return isinstance(e, self.loaded_dbapi.InterfaceError) and "connection is closed" in str(e)

    def get_isolation_level_values(self, dbapi_conn: Any) -> list[Any]:
        """Return the only level."""
        return ["AUTOCOMMIT"]

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Return the only level."""
        return "AUTOCOMMIT"

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Do nothing: it is that level already."""

    # --- reflection ---------------------------------------------------------------------------------------------

    @reflection.cache
    def has_table(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> bool:
        """Return whether there is a mapping or a view with this name."""
        statement = text(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = :schema AND table_name = :name"
        )
        return bool(connection.scalar(statement, {"schema": schema or "public", "name": table_name}))

    def get_schema_names(self, connection: Connection, **kw: Any) -> list[str]:
        """Return the names of the schemas."""
        return ["information_schema", "public"]

    def get_table_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the names of the mappings."""
        return self._names(connection, "mappings", schema)

    def get_view_names(self, connection: Connection, schema: str | None = None, **kw: Any) -> list[str]:
        """Return the names of the views."""
        return self._names(connection, "views", schema)

    def _names(self, connection: Connection, kind: str, schema: str | None) -> list[str]:
        statement = text(
            f"SELECT table_name FROM information_schema.{kind} WHERE table_schema = :schema ORDER BY table_name"
        )
        return list(connection.scalars(statement, {"schema": schema or "public"}))

    def get_view_definition(
        self, connection: Connection, view_name: str, schema: str | None = None, **kw: Any
    ) -> str:
        """Return the query of a view."""
        statement = text(
            "SELECT view_definition FROM information_schema.views"
            " WHERE table_schema = :schema AND table_name = :name"
        )
        found: str | None = connection.scalar(statement, {"schema": schema or "public", "name": view_name})
        if found is None:
            raise exc.NoSuchTableError(view_name)
        return found

    @reflection.cache
    def _columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        statement = text(
            "SELECT column_name, column_external_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = :schema AND table_name = :name ORDER BY ordinal_position"
        )
        rows = connection.execute(statement, {"schema": schema or "public", "name": table_name}).all()
        if not rows:
            raise exc.NoSuchTableError(table_name)
        return list(rows)

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        """Return the columns of a mapping or view. Those of a key are not nullable, whatever the member says."""
        return [
            {
                "name": name,
                "type": REFLECTED.get(type_, types.NullType)(),
                "nullable": str(nullable).lower() == "true" and not _is_key(external),
                "default": None,
            }
            for name, external, type_, nullable in self._columns(connection, table_name, schema, **kw)
        ]

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> Any:
        """Return the columns that are the key."""
        rows = self._columns(connection, table_name, schema, **kw)
        return {"constrained_columns": [row[0] for row in rows if _is_key(row[1])], "name": None}

    def get_foreign_keys(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        """Return nothing: there are none."""
        self._columns(connection, table_name, schema, **kw)
        return []

    def get_indexes(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> list[Any]:
        """Return nothing: members do not tell the indexes of maps."""
        self._columns(connection, table_name, schema, **kw)
        return []

    def get_table_options(
        self, connection: Connection, table_name: str, schema: str | None = None, **kw: Any
    ) -> dict[str, Any]:
        """Return the type, the options and the name of the map, as arguments of a table."""
        statement = text(
            "SELECT mapping_type, mapping_options, mapping_external_name FROM information_schema.mappings"
            " WHERE table_schema = :schema AND table_name = :name"
        )
        row = connection.execute(statement, {"schema": schema or "public", "name": table_name}).first()
        if row is None:
            self._columns(connection, table_name, schema, **kw)
            return {}
        return {
            "hazelcast_type": row[0],
            "hazelcast_options": json.loads(row[1]),
            "hazelcast_external_name": row[2].strip('"'),
        }


def _is_key(external_name: str | None) -> bool:
    """Return whether a column with this name in the map is the key, or a part of it."""
    return external_name == "__key" or str(external_name).startswith("__key.")
