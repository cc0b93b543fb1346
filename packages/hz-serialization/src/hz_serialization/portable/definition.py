"""Definitions of Portable classes: their fields, the types and the order of these."""

from __future__ import annotations

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.portable.field_type import FieldType

NESTED = (FieldType.PORTABLE, FieldType.PORTABLE_ARRAY)
"""Types of fields that name another class."""

MAX_FIELDS = 1 << 14
"""The most fields of one class that are written and read. No class has as many; damaged bytes may claim more."""


class FieldDefinition:
    """One field of a Portable class.

    Args:
        index: The place among the fields, from 0.
        field_name: The name; ASCII.
        field_type: A ``FieldType`` or its number.
        version: For a nested Portable, or an array of them, the version of its class; for other fields, that of
            the class that has the field.
        factory_id: Factory id of the nested class; 0 for other fields.
        class_id: Class id of the nested class; 0 for other fields.

    Raises:
        ValueError: ``field_type`` is not the number of a ``FieldType``.
    """

    __slots__ = ("class_id", "factory_id", "field_name", "field_type", "index", "version")

    def __init__(
        self,
        index: int,
        field_name: str,
        field_type: FieldType | int,
        version: int,
        factory_id: int = 0,
        class_id: int = 0,
    ) -> None:
        self.index: int = index
        self.field_name: str = field_name
        self.field_type: FieldType = FieldType(field_type)
        self.version: int = version
        self.factory_id: int = factory_id
        self.class_id: int = class_id

    def _key(self) -> tuple[object, ...]:
        return (
            self.index,
            self.field_name,
            self.field_type,
            self.version,
            self.factory_id,
            self.class_id,
        )

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, FieldDefinition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        nested = ""
        if self.field_type in NESTED:
            nested = f" of {describe_class(self.factory_id, self.class_id, self.version)}"
        return f"{self.field_name}: {self.field_type.name}{nested}"


class ClassDefinition:
    """The fields of one version of a Portable class. ``ClassDefinitionBuilder`` makes it.

    Attributes:
        factory_id: Id of the factory that makes the class.
        class_id: Id of the class in that factory.
        version: Version of the class; below 0: the configured ``portable_version``.
        field_defs: The fields by name, in their order.
    """

    __slots__ = ("class_id", "factory_id", "field_defs", "version")

    def __init__(self, factory_id: int, class_id: int, version: int) -> None:
        self.factory_id: int = factory_id
        self.class_id: int = class_id
        self.version: int = version
        self.field_defs: dict[str, FieldDefinition] = {}

    def add_field_def(self, field_def: FieldDefinition) -> None:
        """Add a field."""
        self.field_defs[field_def.field_name] = field_def

    def get_field(self, field_name_or_index: int | str) -> FieldDefinition | None:
        """Return the field of that name, or ``None`` if there is none; or return the field with that index.

        Raises:
            IndexError: There is no field with that index.
        """
        if isinstance(field_name_or_index, str):
            return self.field_defs.get(field_name_or_index)
        for field in self.field_defs.values():
            if field.index == field_name_or_index:
                return field
        raise IndexError(f"no field has index {field_name_or_index}; the class has {self.get_field_count()}")

    def has_field(self, field_name: str) -> bool:
        """Return whether there is a field of that name."""
        return field_name in self.field_defs

    def get_field_names(self) -> list[str]:
        """Return the names of all fields, in their order."""
        return list(self.field_defs)

    def get_field_type(self, field_name: str) -> FieldType:
        """Return the type of a field.

        Raises:
            ValueError: There is no such field.
        """
        return self._field(field_name).field_type

    def get_field_class_id(self, field_name: str) -> int:
        """Return the class id of a nested Portable or of an array of them; 0 for other fields.

        Raises:
            ValueError: There is no such field.
        """
        return self._field(field_name).class_id

    def get_field_count(self) -> int:
        """Return the number of fields."""
        return len(self.field_defs)

    def set_version_if_not_set(self, version: int) -> None:
        """Replace a version below 0."""
        if self.version < 0:
            self.version = version

    def _field(self, field_name: str) -> FieldDefinition:
        field = self.field_defs.get(field_name)
        if field is None:
            names = ", ".join(self.field_defs) or "none"
            raise ValueError(f"Unknown field {field_name!r}; the class has {names}")
        return field

    def _key(self) -> tuple[int, int, int]:
        return self.factory_id, self.class_id, self.version

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClassDefinition):
            return NotImplemented
        return self._key() == other._key() and self.field_defs == other.field_defs

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        fields = ", ".join(map(repr, self.field_defs.values()))
        return f"<ClassDefinition of {describe_class(*self._key())}: {fields or 'no fields'}>"


def describe_class(factory_id: int, class_id: int, version: int | None = None) -> str:
    """Describe a class for an error message."""
    text = f"factory id {factory_id}, class id {class_id}"
    return text if version is None else f"{text}, version {version}"


def check_ids(factory_id: object, class_id: object, version: object) -> None:
    """Check that ids can be written.

    Raises:
        HazelcastSerializationError: One is not a 32-bit int, or the class id is 0.
    """
    for name, number in (("factory id", factory_id), ("class id", class_id), ("version", version)):
        if not isinstance(number, int) or not -(2**31) <= number < 2**31:
            raise HazelcastSerializationError(
                f"The {name} of a Portable must be a 32-bit int, not {number!r}"
            )
    if class_id == 0:
        raise HazelcastSerializationError(
            f"The class id of a Portable must not be 0 (factory id {factory_id}); members keep that for null"
        )


def check_field_count(count: int) -> None:
    """Check that a class has at most ``MAX_FIELDS``.

    Raises:
        HazelcastSerializationError: It has more.
    """
    if count > MAX_FIELDS:
        raise HazelcastSerializationError(
            f"A Portable with {count} fields; at most {MAX_FIELDS} are written and read, use arrays or raw data"
        )


def check_new_field(definition: ClassDefinition, field: FieldDefinition, *, is_built: bool) -> None:
    """Check that a field can be added to a definition.

    Raises:
        HazelcastSerializationError: The definition is built already, or the field's name or index does not fit.
    """
    name = field.field_name
    check_name(name)
    if is_built:
        raise HazelcastSerializationError(
            f"Cannot add the field {name!r}: the class definition is built already"
        )
    if definition.has_field(name):
        raise HazelcastSerializationError(f"Cannot add the field {name!r}: there is one of that name already")
    if field.index != definition.get_field_count():
        raise HazelcastSerializationError(
            f"Cannot add the field {name!r} with index {field.index}: "
            f"the next index is {definition.get_field_count()}"
        )


def check_name(field_name: object) -> bytes:
    """Return the bytes of a field's name.

    Raises:
        HazelcastSerializationError: It is not ASCII, or longer than 32,767 characters.
    """
    if not isinstance(field_name, str):
        raise HazelcastSerializationError(f"The name of a Portable field must be a str, not {field_name!r}")
    if not field_name.isascii() or len(field_name) > 0x7FFF:
        raise HazelcastSerializationError(
            f"The name of a Portable field must be ASCII and at most 32767 characters, not {field_name[:80]!r}; "
            "members read one byte for each character"
        )
    return field_name.encode("ascii")
