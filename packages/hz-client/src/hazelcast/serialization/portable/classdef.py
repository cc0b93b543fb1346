"""What a Portable class looks like in bytes, to be told to the client by ``class_definitions``."""

from hz_serialization.portable import ClassDefinition, ClassDefinitionBuilder, FieldDefinition, FieldType

__all__ = ["ClassDefinition", "ClassDefinitionBuilder", "FieldDefinition", "FieldType"]
