"""Rows of a SQL result, and their metadata."""

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple, SupportsIndex, overload

from hz_proxies.sql_cells import cell_value
from hz_proxies.sql_page import COMPILED

COLUMN_NOT_FOUND: Final = -1

_item: Final = tuple.__getitem__


class SqlExpectedResultType(IntEnum):
    """What a statement is expected to return; anything else is an error."""

    ANY = 0
    """Rows or an update count."""

    ROWS = 1
    """Rows."""

    UPDATE_COUNT = 2
    """An update count."""


class SqlColumnType(IntEnum):
    """The types of columns, with the Python types of their values."""

    VARCHAR = 0
    """``str``"""

    BOOLEAN = 1
    """``bool``"""

    TINYINT = 2
    """``int``"""

    SMALLINT = 3
    """``int``"""

    INTEGER = 4
    """``int``"""

    BIGINT = 5
    """``int``"""

    DECIMAL = 6
    """``decimal.Decimal``"""

    REAL = 7
    """``float``"""

    DOUBLE = 8
    """``float``"""

    DATE = 9
    """``datetime.date``"""

    TIME = 10
    """``datetime.time``"""

    TIMESTAMP = 11
    """``datetime.datetime`` without time zone"""

    TIMESTAMP_WITH_TIME_ZONE = 12
    """``datetime.datetime`` with time zone"""

    OBJECT = 13
    """Any object that can be deserialized"""

    NULL = 14
    """``None``"""

    JSON = 15
    """``HazelcastJsonValue``"""


class SqlColumnMetadata(NamedTuple):
    """A column of a result."""

    name: str
    """The name; unique, unless the statement has columns with the same name."""

    type: SqlColumnType
    """The type of its values."""

    nullable: bool
    """Whether a value may be None."""


class SqlRowMetadata:
    """The columns of a result.

    Args:
        columns: The columns, in order.

    Attributes:
        columns: The columns, in order.
    """

    COLUMN_NOT_FOUND: Final = COLUMN_NOT_FOUND

    def __init__(self, columns: Sequence[SqlColumnMetadata]) -> None:
        self.columns: list[SqlColumnMetadata] = list(columns)
        self._indexes = {column.name: index for index, column in enumerate(self.columns)}

    @property
    def column_count(self) -> int:
        """The number of columns."""
        return len(self.columns)

    def get_column(self, index: int) -> SqlColumnMetadata:
        """Return the column at ``index``.

        Raises:
            IndexError: There is no such column.
        """
        return self.columns[index]

    def find_column(self, column_name: str) -> int:
        """Return the index of the column ``column_name``; COLUMN_NOT_FOUND if there is none."""
        return self._indexes.get(column_name, COLUMN_NOT_FOUND)

    def __repr__(self) -> str:
        columns = ", ".join(f"{column.name} {column.type.name}" for column in self.columns)
        return f"SqlRowMetadata({columns})"


class SqlRow(tuple[Any, ...]):
    """A row of a result: a tuple of the values, which can also be accessed by column name.

    The client makes rows; each result has a class of rows of its own.

    Attributes:
        metadata: The columns.
    """

    __slots__ = ()

    metadata: SqlRowMetadata = SqlRowMetadata(())

    @overload
    def __getitem__(self, item: SupportsIndex | str) -> Any: ...

    @overload
    def __getitem__(self, item: slice) -> tuple[Any, ...]: ...

    def __getitem__(self, item: SupportsIndex | str | slice) -> Any:
        """Return the value of a column, by its name or its index.

        Raises:
            IndexError, ValueError: There is no such column.
            HazelcastSerializationError: The object in it cannot be deserialized.
        """
        if isinstance(item, str):
            return self.get_object(item)
        return _item(self, item)

    def get_object(self, column_name: str) -> Any:
        """Return the value of the column ``column_name``; of the last one, if several have this name.

        Raises:
            ValueError: There is no such column.
            HazelcastSerializationError: The object in it cannot be deserialized.
        """
        index = self.metadata._indexes.get(column_name)
        if index is None:
            names = ", ".join(column.name for column in self.metadata.columns)
            raise ValueError(f"the result has no column {column_name!r}; it has {names}")
        return self[index]

    def get_object_with_index(self, column_index: int) -> Any:
        """Return the value of the column at ``column_index``.

        Raises:
            IndexError: There is no such column.
            HazelcastSerializationError: The object in it cannot be deserialized.
        """
        return self[column_index]

    def as_dict(self) -> dict[str, Any]:
        """Return the values by the names of their columns."""
        return dict(zip((column.name for column in self.metadata.columns), self, strict=True))

    def __reduce__(self) -> tuple[Any, ...]:
        return _copied, ([tuple(column) for column in self.metadata.columns], tuple(self))

    def __repr__(self) -> str:
        pairs = zip(self.metadata.columns, tuple.__iter__(self), strict=True)
        return f"SqlRow({', '.join(f'{column.name}={value!r}' for column, value in pairs)})"


class RowClasses(NamedTuple):
    """The classes of the rows of a result."""

    metadata: SqlRowMetadata
    """The columns."""

    whole: type[SqlRow]
    """Rows without objects."""

    lazy: type[SqlRow]
    """Rows with objects, which are deserialized when they are accessed, or raise their error then."""


def row_classes(columns: Iterable[SqlColumnMetadata]) -> RowClasses:
    """Return the classes for rows with these columns.

    A row is made by one call of a class written in C, from which the name of the columns are found.
    """
    metadata = SqlRowMetadata(list(columns))
    whole: type[SqlRow] = type("SqlRow", (SqlRow,), {"__slots__": (), "metadata": metadata})
    lazy: type[SqlRow] = type("SqlRow", (_LazyRow,), {"__slots__": (), "metadata": metadata})
    whole.__module__ = lazy.__module__ = SqlRow.__module__
    return RowClasses(metadata, whole, lazy)


def rows_of(row: type[SqlRow], columns: list[list[Any]]) -> tuple[Iterator[SqlRow], Iterator[Any]]:
    """Return an iterator over rows, and another one whose length hint is the number of those that are left.

    Args:
        row: Their class.
        columns: Their values, column by column.
    """
    if COMPILED is not None:
        made: Iterator[SqlRow] = COMPILED.Rows(row, columns)
        return made, made
    first = iter(columns[0])
    return map(row, zip(first, *columns[1:], strict=True)), first


class _LazyRow(SqlRow):
    __slots__ = ()

    def __getitem__(self, item: Any) -> Any:
        value = super().__getitem__(item)
        return tuple(map(cell_value, value)) if isinstance(item, slice) else cell_value(value)

    def __iter__(self) -> Iterator[Any]:
        return map(cell_value, super().__iter__())

    def __add__(self, other: Any) -> Any:
        return tuple(self) + tuple(other) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other: Any) -> Any:
        return tuple(other) + tuple(self) if isinstance(other, tuple) else NotImplemented


def _copied(columns: list[tuple[Any, ...]], values: tuple[Any, ...]) -> SqlRow:
    """Return a row that was pickled."""
    classes = row_classes(
        SqlColumnMetadata(name, SqlColumnType(type_), nullable) for name, type_, nullable in columns
    )
    return classes.whole(values)
