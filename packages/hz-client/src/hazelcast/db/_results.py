"""What cursors of both modules have in common."""

from collections.abc import Sequence
from typing import Any

from hazelcast.db._errors import InterfaceError, ProgrammingError
from hazelcast.db._types import ColumnDescription, described
from hz_proxies.sql.result.operations import SqlResultOperations

Parameters = Sequence[Any]


class CursorBase:
    """The state of a cursor.

    Attributes:
        arraysize: The number of rows that ``fetchmany`` returns.
    """

    def __init__(self) -> None:
        self.arraysize = 1
        self._closed = False
        self._description: Sequence[ColumnDescription] | None = None
        self._rowcount = -1
        self._rownumber: int | None = None

    @property
    def description(self) -> Sequence[ColumnDescription] | None:
        """The columns of the result; None if it has no rows, or nothing was executed yet."""
        return self._description

    @property
    def rowcount(self) -> int:
        """The number of changed rows, if the member reports one; else -1, as for queries. Members do not at present."""
        return self._rowcount

    @property
    def rownumber(self) -> int | None:
        """The index of the next row, from 0; None if there are no rows."""
        return self._rownumber

    @property
    def lastrowid(self) -> None:
        """None: rows have keys, which the program chooses."""
        return

    def setinputsizes(self, sizes: Any) -> None:
        """Do nothing: sizes need not be known."""

    def setoutputsize(self, size: Any = None, column: Any = None) -> None:
        """Do nothing: sizes need not be known."""

    def _check(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed")

    def _begin(self) -> None:
        """Forget the result of the last statement."""
        self._description = self._rownumber = None
        self._rowcount = -1

    def _take(self, operations: SqlResultOperations) -> None:
        """Note what is known of a result."""
        if operations.is_row_set():
            self._description = described(operations.get_row_metadata())
            self._rownumber = 0
        else:
            self._changed(operations.update_count())

    def _changed(self, rows: int) -> None:
        # Members report 0, whatever a statement has changed.
        self._rowcount = rows or -1

    def _count(self, rows: int) -> None:
        if self._rownumber is not None:
            self._rownumber += rows

    def _many(self, size: int | None) -> int:
        number: Any = self.arraysize if size is None else size
        if not isinstance(number, int) or number < 0:
            raise ProgrammingError(f"the number of rows must be an integer, not negative, not {number!r}")
        return int(number)

    @staticmethod
    def _parameters(params: Parameters | None) -> Parameters:
        if params is None:
            return ()
        given: Any = params  # checked for those who check no types
        if isinstance(given, str | bytes) or not isinstance(given, Sequence):
            raise ProgrammingError(
                f"parameters must be a sequence with a value for each ?, not a {type(given).__name__}"
            )
        return given

    def _no_rows(self) -> ProgrammingError:
        return ProgrammingError("there are no rows: execute a query first")
