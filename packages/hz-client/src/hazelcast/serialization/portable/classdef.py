"""Class definitions of the Portable format, for the option ``class_definitions``."""

from hz_serialization.portable import ClassDefinition, ClassDefinitionBuilder, FieldDefinition, FieldType

__all__ = ["ClassDefinition", "ClassDefinitionBuilder", "FieldDefinition", "FieldType"]
