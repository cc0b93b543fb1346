"""Types of columns: how values become parameters, and results of members values."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import types

from hazelcast.core import HazelcastJsonValue

_Processor = Callable[[Any], Any]


class _Numeric(types.Numeric[Any]):
    """DECIMAL. Members take no floating-point numbers for it."""

    def bind_processor(self, dialect: Any) -> _Processor:
        """Return what turns a value into a parameter."""
        return lambda value: Decimal(repr(value)) if isinstance(value, float) else value


class _DateTime(types.DateTime):
    """TIMESTAMP, with or without a time zone. Texts in its place lose their microseconds."""

    def literal_processor(self, dialect: Any) -> _Processor:
        """Return what turns a value into a part of a statement."""

        def process(value: Any) -> str:
            return f"'{value.isoformat()}'" if value.tzinfo else f"TIMESTAMP '{value.isoformat(' ')}'"

        return process


class _Time(types.Time):
    """TIME. Texts in its place lose their microseconds."""

    def literal_processor(self, dialect: Any) -> _Processor:
        """Return what turns a value into a part of a statement."""
        return lambda value: f"TIME '{value.isoformat()}'"


class _Json(types.JSON):
    """JSON: a text, in columns of members with this type and in those of type VARCHAR."""

    def result_processor(self, dialect: Any, coltype: Any) -> _Processor:
        """Return what turns a column's value into that of Python."""
        load = super().result_processor(dialect, coltype)

        def process(value: Any) -> Any:
            text = value.to_string() if isinstance(value, HazelcastJsonValue) else value
            return load(text) if load is not None else text

        return process


class _JsonPath(types.JSON.JSONElementType):
    """A key, an index, or several of them: a path from the root."""

    @staticmethod
    def _path(keys: Any) -> str:
        steps: Sequence[Any] = [keys] if isinstance(keys, int | str) else keys
        return "$" + "".join(_step(step) for step in steps)

    def bind_processor(self, dialect: Any) -> _Processor:
        """Return what turns a path into a parameter."""
        return self._path

    def literal_processor(self, dialect: Any) -> _Processor:
        """Return what turns a path into a part of a statement."""
        return lambda keys: "'" + self._path(keys).replace("'", "''") + "'"


def _step(key: int | str) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'."{escaped}"'


class _JsonIndex(_JsonPath, types.JSON.JSONIndexType):
    """A key or an index."""


class _JsonSteps(_JsonPath, types.JSON.JSONPathType):
    """Several keys or indexes, one inside the other."""


BOUND: Final[dict[type[types.TypeEngine[Any]], type[types.TypeEngine[Any]]]] = {
    types.Float: types.Float,  # in SQLAlchemy 2.0 it derives from Numeric
    types.Numeric: _Numeric,
    types.DateTime: _DateTime,
    types.Time: _Time,
    types.JSON: _Json,
    types.JSON.JSONIndexType: _JsonIndex,
    types.JSON.JSONPathType: _JsonSteps,
}
"""The types whose values the dialect converts."""

REFLECTED: Final[dict[str, Callable[[], types.TypeEngine[Any]]]] = {
    "VARCHAR": types.VARCHAR,
    "BOOLEAN": types.BOOLEAN,
    "TINYINT": types.SMALLINT,
    "SMALLINT": types.SMALLINT,
    "INTEGER": types.INTEGER,
    "BIGINT": types.BIGINT,
    "DECIMAL": types.DECIMAL,
    "REAL": types.REAL,
    "DOUBLE": types.DOUBLE,
    "DATE": types.DATE,
    "TIME": types.TIME,
    "TIMESTAMP": types.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": lambda: types.TIMESTAMP(timezone=True),
    "JSON": types.JSON,
}
"""The types of columns by the names that members give them."""
