"""Rows as text: aligned tables whose columns grow with what comes, and records line by line."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.cells import cell_len, set_cell_size

from hazelcast.sql import SqlColumnType
from hz_cli.values import to_text

_NUMBERS: Final = frozenset(
    {
        SqlColumnType.TINYINT,
        SqlColumnType.SMALLINT,
        SqlColumnType.INTEGER,
        SqlColumnType.BIGINT,
        SqlColumnType.DECIMAL,
        SqlColumnType.REAL,
        SqlColumnType.DOUBLE,
    }
)
_NARROWEST: Final = 6
_NULL: Final = "NULL"
_CONTROL: Final = {code: None for code in (*range(32), 127, *range(128, 160)) if code not in (9, 10, 13)} | {
    9: "⇥",
    10: "⏎",
    13: "⏎",
}


def cell(value: Any) -> str:
    """Return a value on one line, without characters that would change the terminal."""
    return _NULL if value is None else to_text(value).translate(_CONTROL)


class Table:
    """An aligned table, page by page.

    Args:
        names: The names of the columns.
        types: Their types; numbers are aligned to the right.
        width: Columns of the terminal; None for no limit.
    """

    def __init__(self, names: Sequence[str], types: Sequence[SqlColumnType], width: int | None) -> None:
        self._names = [cell(name) for name in names]
        self._right = [type in _NUMBERS for type in types]
        self._width = width
        self._wanted = [1] * len(self._names)
        self._widths = self._wanted

    def header(self, first: Sequence[Sequence[Any]]) -> list[str]:
        """Return the lines above the rows; columns are as wide as ``first``, the first rows, need it."""
        self._grow([self._names, *([cell(value) for value in row] for row in first)])
        return [self._line(self._names, left=True), "-+-".join("-" * width for width in self._widths)]

    def lines(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        """Return a line for each row. Columns grow if the terminal has room; otherwise texts are cut off."""
        cells = [[cell(value) for value in row] for row in rows]
        if self._width is not None:
            self._grow(cells)
        return [self._line(row) for row in cells]

    def _grow(self, cells: Sequence[Sequence[str]]) -> None:
        for at in range(len(self._names)):
            self._wanted[at] = max(self._wanted[at], *(cell_len(row[at]) for row in cells), 1)
        self._widths = self._wanted if self._width is None else _fitted(self._wanted, self._width)

    def _line(self, cells: Sequence[str], *, left: bool = False) -> str:
        shown = []
        for text, width, right in zip(cells, self._widths, self._right, strict=True):
            length = cell_len(text)
            if length > width:
                # Without a terminal nothing is lost: the line gets longer.
                shown.append(text if self._width is None else set_cell_size(text, width - 1) + "…")
            elif right and not left:
                shown.append(" " * (width - length) + text)
            else:
                shown.append(text + " " * (width - length))
        return " | ".join(shown).rstrip()


def _fitted(widths: list[int], limit: int) -> list[int]:
    """Return ``widths``, the widest ones reduced until the line fits, but none below a readable one."""
    fitted = list(widths)
    excess = sum(fitted) + 3 * (len(fitted) - 1) - limit
    while excess > 0:
        widest = max(fitted)
        if widest <= _NARROWEST:
            break
        at = [index for index, width in enumerate(fitted) if width == widest]
        below = max((width for width in fitted if width < widest), default=_NARROWEST)
        step = min(widest - max(below, _NARROWEST), max(excess // len(at), 1))
        for index in at:
            taken = min(step, excess)
            fitted[index] -= taken
            excess -= taken
    return fitted


def records(names: Sequence[str], rows: Sequence[Sequence[Any]], first: int) -> Iterator[str]:
    """Yield the lines of rows as records: a line for each value. ``first`` is the number of the first row."""
    widest = max((cell_len(cell(name)) for name in names), default=0)
    for number, row in enumerate(rows, first):
        yield f"-[ row {number} ]-"
        for name, value in zip(names, row, strict=True):
            yield f"{set_cell_size(cell(name), widest)} | {cell(value)}"
