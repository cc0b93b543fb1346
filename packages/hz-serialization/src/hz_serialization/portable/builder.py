"""Builds class definitions by hand."""

from __future__ import annotations

from typing import Self

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.portable.definition import (
    ClassDefinition,
    FieldDefinition,
    check_ids,
    check_name,
)
from hz_serialization.portable.field_type import FieldType


class ClassDefinitionBuilder:
    """Builds the definition of one version of a Portable class.

    Fields must be added in the order in which the class writes them. Every ``add_`` method gives the builder
    itself, and raises HazelcastSerializationError if the name is taken or not ASCII, or after ``build``.

    Args:
        factory_id: Id of the factory that makes the class.
        class_id: Id of the class in that factory.
        version: Version of the class; below 0: the configured ``portable_version``.
    """

    __slots__ = ("_definition", "_is_built", "class_id", "factory_id", "version")

    def __init__(self, factory_id: int, class_id: int, version: int = 0) -> None:
        self.factory_id = factory_id
        self.class_id = class_id
        self.version = version
        self._definition = ClassDefinition(factory_id, class_id, version)
        self._is_built = False

    def build(self) -> ClassDefinition:
        """The definition; no field can be added afterwards."""
        self._is_built = True
        return self._definition

    def add_field_def(self, field_def: FieldDefinition) -> Self:
        """Adds a field by its definition, whose index must be the number of those before it."""
        name, definition = field_def.field_name, self._definition
        check_name(name)
        if self._is_built:
            raise HazelcastSerializationError(
                f"Cannot add the field {name!r}: the class definition is built already"
            )
        if definition.has_field(name):
            raise HazelcastSerializationError(
                f"Cannot add the field {name!r}: there is one of that name already"
            )
        if field_def.index != definition.get_field_count():
            raise HazelcastSerializationError(
                f"Cannot add the field {name!r} with index {field_def.index}: "
                f"the next index is {definition.get_field_count()}"
            )
        definition.add_field_def(field_def)
        return self

    def add_portable_field(self, field_name: str, class_def: ClassDefinition) -> Self:
        """Adds a field: a nested Portable of that class."""
        return self._add_nested(field_name, FieldType.PORTABLE, class_def)

    def add_portable_array_field(self, field_name: str, class_def: ClassDefinition) -> Self:
        """Adds a field: an array of Portables of that class."""
        return self._add_nested(field_name, FieldType.PORTABLE_ARRAY, class_def)

    def add_byte_field(self, field_name: str) -> Self:
        """Adds a field: a byte."""
        return self._add(field_name, FieldType.BYTE)

    def add_boolean_field(self, field_name: str) -> Self:
        """Adds a field: a boolean."""
        return self._add(field_name, FieldType.BOOLEAN)

    def add_char_field(self, field_name: str) -> Self:
        """Adds a field: a char."""
        return self._add(field_name, FieldType.CHAR)

    def add_short_field(self, field_name: str) -> Self:
        """Adds a field: a short."""
        return self._add(field_name, FieldType.SHORT)

    def add_int_field(self, field_name: str) -> Self:
        """Adds a field: an int."""
        return self._add(field_name, FieldType.INT)

    def add_long_field(self, field_name: str) -> Self:
        """Adds a field: a long."""
        return self._add(field_name, FieldType.LONG)

    def add_float_field(self, field_name: str) -> Self:
        """Adds a field: a float."""
        return self._add(field_name, FieldType.FLOAT)

    def add_double_field(self, field_name: str) -> Self:
        """Adds a field: a double."""
        return self._add(field_name, FieldType.DOUBLE)

    def add_string_field(self, field_name: str) -> Self:
        """Adds a field: text."""
        return self._add(field_name, FieldType.STRING)

    def add_utf_field(self, field_name: str) -> Self:
        """Adds a field: text, as ``add_string_field``."""
        return self._add(field_name, FieldType.STRING)

    def add_decimal_field(self, field_name: str) -> Self:
        """Adds a field: a decimal number."""
        return self._add(field_name, FieldType.DECIMAL)

    def add_time_field(self, field_name: str) -> Self:
        """Adds a field: a time of day."""
        return self._add(field_name, FieldType.TIME)

    def add_date_field(self, field_name: str) -> Self:
        """Adds a field: a date."""
        return self._add(field_name, FieldType.DATE)

    def add_timestamp_field(self, field_name: str) -> Self:
        """Adds a field: a date and time without zone."""
        return self._add(field_name, FieldType.TIMESTAMP)

    def add_timestamp_with_timezone_field(self, field_name: str) -> Self:
        """Adds a field: a date and time with a UTC offset."""
        return self._add(field_name, FieldType.TIMESTAMP_WITH_TIMEZONE)

    def add_byte_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of bytes."""
        return self._add(field_name, FieldType.BYTE_ARRAY)

    def add_boolean_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of booleans."""
        return self._add(field_name, FieldType.BOOLEAN_ARRAY)

    def add_char_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of chars."""
        return self._add(field_name, FieldType.CHAR_ARRAY)

    def add_short_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of shorts."""
        return self._add(field_name, FieldType.SHORT_ARRAY)

    def add_int_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of ints."""
        return self._add(field_name, FieldType.INT_ARRAY)

    def add_long_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of longs."""
        return self._add(field_name, FieldType.LONG_ARRAY)

    def add_float_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of floats."""
        return self._add(field_name, FieldType.FLOAT_ARRAY)

    def add_double_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of doubles."""
        return self._add(field_name, FieldType.DOUBLE_ARRAY)

    def add_string_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of texts."""
        return self._add(field_name, FieldType.STRING_ARRAY)

    def add_utf_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of texts, as ``add_string_array_field``."""
        return self._add(field_name, FieldType.STRING_ARRAY)

    def add_decimal_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of decimal numbers."""
        return self._add(field_name, FieldType.DECIMAL_ARRAY)

    def add_time_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of times of day."""
        return self._add(field_name, FieldType.TIME_ARRAY)

    def add_date_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of dates."""
        return self._add(field_name, FieldType.DATE_ARRAY)

    def add_timestamp_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of dates and times without zone."""
        return self._add(field_name, FieldType.TIMESTAMP_ARRAY)

    def add_timestamp_with_timezone_array_field(self, field_name: str) -> Self:
        """Adds a field: an array of dates and times with a UTC offset."""
        return self._add(field_name, FieldType.TIMESTAMP_WITH_TIMEZONE_ARRAY)

    def _add(self, field_name: str, field_type: FieldType) -> Self:
        index = self._definition.get_field_count()
        return self.add_field_def(FieldDefinition(index, field_name, field_type, self.version))

    def _add_nested(self, field_name: str, field_type: FieldType, nested: ClassDefinition) -> Self:
        check_ids(nested.factory_id, nested.class_id, nested.version)
        index = self._definition.get_field_count()
        return self.add_field_def(
            FieldDefinition(index, field_name, field_type, nested.version, nested.factory_id, nested.class_id)
        )
