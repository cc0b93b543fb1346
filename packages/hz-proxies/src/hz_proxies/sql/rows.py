"""Rows of a SQL result, and their metadata."""

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple

COLUMN_NOT_FOUND: Final = -1


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
        self.columns = list(columns)
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


class SqlRow:
    """A row of a result; a sequence of values that can also be accessed by column name.

    Args:
        metadata: The columns.
        values: The values, in the order of the columns.

    Attributes:
        metadata: The columns.
    """

    __slots__ = ("_values", "metadata")

    def __init__(self, metadata: SqlRowMetadata, values: Sequence[Any]) -> None:
        self.metadata = metadata
        self._values = values

    def __getitem__(self, column: int | str) -> Any:
        if isinstance(column, str):
            return self.get_object(column)
        return self._values[column]

    def get_object(self, column_name: str) -> Any:
        """Return the value of the column ``column_name``.

        Raises:
            ValueError: There is no such column.
        """
        index = self.metadata.find_column(column_name)
        if index == COLUMN_NOT_FOUND:
            names = ", ".join(column.name for column in self.metadata.columns)
            raise ValueError(f"the result has no column {column_name!r}; it has {names}")
        return self._values[index]

    def get_object_with_index(self, column_index: int) -> Any:
        """Return the value of the column at ``column_index``.

        Raises:
            IndexError: There is no such column.
        """
        return self._values[column_index]

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __repr__(self) -> str:
        pairs = zip(self.metadata.columns, self._values, strict=True)
        return f"SqlRow({', '.join(f'{column.name}={value!r}' for column, value in pairs)})"
