"""Compact objects of types without a class."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import Schema
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.public_names import publish


class GenericRecord:
    """A Compact object as names and values, for types without a serializer; immutable.

    Objects of unknown types are read as generic records. A record is written to the same bytes as Java's generic
    record of that type.

    Args:
        type_name: Name of the Compact type.
        fields: Kind and value by field name. Values of arrays are lists; nested objects are other
            records, or objects that have a serializer.

    Attributes:
        schema: The fields and their kinds.

    Raises:
        HazelcastSerializationError: A kind is not one that Compact has.
    """

    __slots__ = ("_order", "_values", "schema")

    schema: Schema
    _values: tuple[Any, ...]
    _order: Sequence[int] | None

    def __init__(self, type_name: str, fields: Mapping[str, tuple[FieldKind, Any]]) -> None:
        schema = Schema(type_name, [(name, kind) for name, (kind, _) in fields.items()])
        self._set(schema, [fields[name][1] for name in schema.slots], None)

    @classmethod
    def of(cls, schema: Schema, values: Sequence[Any], order: Sequence[int] | None = None) -> "GenericRecord":
        """Make a record of a schema.

        Args:
            schema: Its fields.
            values: A value for each field, in the order of ``schema.slots``.
            order: Indices of the variable-size fields as their values stood in the bytes that were read.
        """
        if len(values) != len(schema.fields):
            raise HazelcastSerializationError(
                f"{schema.type_name!r} has {len(schema.fields)} fields, but {len(values)} values are given"
            )
        record = cls.__new__(cls)
        record._set(schema, values, order)
        return record

    def _set(self, schema: Schema, values: Sequence[Any], order: Sequence[int] | None) -> None:
        object.__setattr__(self, "schema", schema)
        object.__setattr__(self, "_values", tuple(values))
        object.__setattr__(self, "_order", order)

    @property
    def type_name(self) -> str:
        """The name of the Compact type."""
        return self.schema.type_name

    @property
    def values(self) -> tuple[Any, ...]:
        """Return the value of each field, in the order of ``schema.slots``."""
        return self._values

    @property
    def order(self) -> Sequence[int] | None:
        """The order of the variable-size fields that ``of`` was given."""
        return self._order

    @property
    def field_names(self) -> tuple[str, ...]:
        """Return the names of all fields, in the schema's order."""
        return tuple(self.schema.kinds)

    def kind(self, field_name: str) -> FieldKind:
        """Return the kind of a field; ``NOT_AVAILABLE`` if there is no such field."""
        return self.schema.kinds.get(field_name, FieldKind.NOT_AVAILABLE)

    def __getitem__(self, field_name: str) -> Any:
        """Return the value of a field.

        Raises:
            KeyError: There is no such field.
        """
        return self._values[self.schema.slots[field_name]]

    @overload
    def get(self, field_name: str) -> Any | None: ...
    @overload
    def get(self, field_name: str, default: Any) -> Any: ...
    def get(self, field_name: str, default: Any = None) -> Any:
        """Return the value of a field, or ``default`` if there is no such field."""
        slot = self.schema.slots.get(field_name)
        return default if slot is None else self._values[slot]

    def __contains__(self, field_name: object) -> bool:
        return field_name in self.schema.slots

    def __iter__(self) -> Iterator[str]:
        return iter(self.schema.kinds)

    def __len__(self) -> int:
        return len(self._values)

    def to_dict(self) -> dict[str, Any]:
        """Return names and values, in the schema's order; nested records stay records."""
        return {name: self[name] for name in self.schema.kinds}

    def replace(self, **values: Any) -> "GenericRecord":
        """Return a copy with other values of some fields, all of the same kinds as before.

        Raises:
            HazelcastSerializationError: There is no such field.
        """
        changed = list(self._values)
        for name, value in values.items():
            slot = self.schema.slots.get(name)
            if slot is None:
                raise HazelcastSerializationError(
                    f"Compact type {self.type_name!r} has no field {name!r}; it has {', '.join(self) or 'none'}"
                )
            changed[slot] = value
        return GenericRecord.of(self.schema, changed, self._order)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a GenericRecord is immutable; use replace({name}=...) for a changed copy")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a GenericRecord is immutable; {name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GenericRecord):
            return NotImplemented
        return self.schema == other.schema and self._values == other._values

    def __hash__(self) -> int:
        return hash((self.schema, *map(_hashable, self._values)))

    def __reduce__(self) -> tuple[Any, ...]:
        return GenericRecord.of, (self.schema, self._values, self._order)

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={self[name]!r}" for name in self)
        return f"GenericRecord({self.type_name!r}: {fields})"


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


publish("hz_serialization.compact", (GenericRecord,))
