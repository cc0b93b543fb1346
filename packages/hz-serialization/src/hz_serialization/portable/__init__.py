"""The Portable format: objects whose fields carry their names and types."""

from hz_serialization.portable.builder import ClassDefinitionBuilder
from hz_serialization.portable.definition import ClassDefinition, FieldDefinition
from hz_serialization.portable.field_type import FieldType
from hz_serialization.public_names import publish

__all__ = ["ClassDefinition", "ClassDefinitionBuilder", "FieldDefinition", "FieldType"]

publish(__name__, (globals()[name] for name in __all__))
