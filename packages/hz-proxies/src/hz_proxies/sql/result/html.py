"""How notebooks show a result."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

from hz_core.arguments import shown
from hz_proxies.sql.rows import SqlRowMetadata

MOST_ROWS: Final = 20
MOST_COLUMNS: Final = 50
MOST_CHARACTERS: Final = 200


def html_table(metadata: SqlRowMetadata, columns: Sequence[Sequence[Any]], left: str) -> str:
    """Return the first rows as a table in HTML: bounded in rows, columns and text, and escaped.

    Args:
        metadata: The columns.
        columns: Their values.
        left: What is said of the rows that are not shown.
    """
    names = [
        f'<th title="{escape(column.type.name)}">{escape(_short(column.name))}</th>'
        for column in metadata.columns[:MOST_COLUMNS]
    ]
    hidden = metadata.column_count - len(names)
    values = [column[:MOST_ROWS] for column in columns[:MOST_COLUMNS]]
    rows = ["".join(map(_cell, row)) for row in zip(*values, strict=True)]
    notes = [left, f"{hidden} more columns" if hidden else ""]
    footer = "; ".join(note for note in notes if note)
    return (
        f"<table><thead><tr>{''.join(names)}</tr></thead>"
        f"<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"
        + (f"<p>{escape(footer)}</p>" if footer else "")
    )


def _cell(value: Any) -> str:
    if value is None:
        return "<td><i>null</i></td>"
    try:
        text = str(value)
    except Exception:
        text = shown(value)
    return f"<td>{escape(_short(text))}</td>"


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"
