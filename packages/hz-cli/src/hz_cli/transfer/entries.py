"""Entries of a map as rows, and rows as entries."""

from collections.abc import Mapping, Sequence
from typing import Any

from hazelcast.core import HazelcastJsonValue
from hz_cli.errors import USAGE, CommandError
from hz_cli.records.readers import Row
from hz_cli.values import parse, to_json, typed


def entry_columns(values: Sequence[Any], key_column: str) -> list[str]:
    """Return the columns for a map whose first values are these: the key, and the fields of objects or ``value``."""
    fields: dict[str, None] = {}
    for value in values:
        found = as_fields(value)
        if found is None:
            return [key_column, "value"]
        fields.update(dict.fromkeys(found))
    if key_column in fields:
        raise CommandError(
            f"the values have a field {key_column}, too", "name the column of keys with --key-column", USAGE
        )
    return [key_column, *fields] if fields else [key_column, "value"]


def as_fields(value: Any) -> dict[str, Any] | None:
    """Return the fields of a value that is an object; None for any other."""
    if isinstance(value, HazelcastJsonValue) or not isinstance(value, str):
        made = to_json(value)
        if isinstance(made, dict):
            return made
    return None


def entry_row(key: Any, value: Any, columns: Sequence[str]) -> list[Any]:
    """Return the row of an entry.

    Raises:
        CommandError: The value has no such fields, or others.
    """
    if columns[1:] == ["value"]:
        return [key, value]
    fields = as_fields(value)
    if fields is None or not fields.keys() <= set(columns[1:]):
        raise CommandError(
            f"the value of key {to_json(key)!r} has other fields than the first values",
            "dump into JSON lines (.jsonl), where each line may have its own",
        )
    return [key, *(fields.get(name) for name in columns[1:])]


class EntryMaker:
    """Makes entries of rows.

    Args:
        key_column: The column of keys.
        key_type: Type of keys, a name of :data:`hz_cli.values.TYPES`.
        value_type: Type of values, if there is a column ``value`` and no other beside the key.
        types: Types of other columns.
        texts: Whether all values of rows are texts, as those of CSV.
    """

    def __init__(
        self, key_column: str, key_type: str, value_type: str, types: Mapping[str, str], *, texts: bool
    ) -> None:
        self._key_column = key_column
        self._key_type = key_type
        self._value_type = value_type
        self._types = types
        self._convert = parse if texts else typed
        self._checked: set[tuple[str, ...]] = set()

    def entry(self, row: Row, number: int) -> tuple[Any, Any]:
        """Return the key and the value of a row; ``number`` counts from 1.

        Raises:
            CommandError: There is no key or no value, or a value does not fit to its type.
        """
        columns = tuple(row)
        if columns not in self._checked:
            self._check(columns)
        try:
            key = self._convert(row[self._key_column], self._key_type, f"column {self._key_column}:")
            value = self._value(row)
        except ValueError as error:
            raise CommandError(f"row {number}: {error}", "correct it, or choose another type") from error
        if key is None or value is None:
            what = f"key in column {self._key_column}" if key is None else "value"
            raise CommandError(
                f"row {number} has no {what}", "maps keep neither keys nor values that are null"
            )
        return key, value

    def _check(self, columns: tuple[str, ...]) -> None:
        if self._key_column not in columns:
            raise CommandError(
                f"there is no column {self._key_column} for the keys, but {', '.join(columns)}",
                "name it with --key-column",
                USAGE,
            )
        if unknown := self._types.keys() - set(columns):
            raise CommandError(
                f"--type names {', '.join(sorted(unknown))}, but there is no such column", "", USAGE
            )
        self._checked.add(columns)

    def _value(self, row: Row) -> Any:
        others = [name for name in row if name != self._key_column]
        if others == ["value"]:
            return self._convert(row["value"], self._types.get("value", self._value_type), "column value:")
        made = {
            name: to_json(self._convert(row[name], self._types.get(name, "auto"), f"column {name}:"))
            for name in others
        }
        return HazelcastJsonValue(made)
