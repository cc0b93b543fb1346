"""The definitions of the Portable classes that are written."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.portable.api import Portable
from hz_serialization.portable.definition import (
    NESTED,
    ClassDefinition,
    FieldDefinition,
    check_ids,
    describe_class,
)
from hz_serialization.portable.fields import DefiningWriter
from hz_serialization.portable.plan import Key, WritePlan
from hz_serialization.portable.seen import SeenClass
from hz_serialization.portable.seen_classes import SeenClasses
from hz_serialization.problems import type_name
from hz_serialization.registry import Registry

_logger = logging.getLogger("hz_serialization.portable")

CONFIGURED: Final = "as given in class_definitions"
WRITTEN: Final = "as first written"


class Definitions:
    """Plans of writing by ids and version. A plan is never replaced.

    Args:
        registry: Serializers of the service.
        portable_version: Version of classes without ``get_class_version()``.
        seen: What was received of each class.
    """

    def __init__(self, registry: Registry, portable_version: int, seen: SeenClasses) -> None:
        self.plans: dict[Key, WritePlan] = {}
        self._registry = registry
        self._portable_version = portable_version
        self._seen = seen

    def add_configured(self, definitions: Iterable[object], *, check: bool) -> None:
        """Register the configured definitions.

        Args:
            definitions: ``ClassDefinition`` objects.
            check: Whether every nested class must be among them.

        Raises:
            HazelcastSerializationError: Two differ for the same ids and version, one has a class id of 0, or
                one names a nested class that is not there.
        """
        known: dict[Key, ClassDefinition] = {}
        for given in definitions:
            if not isinstance(given, ClassDefinition):
                raise HazelcastSerializationError(
                    f"class_definitions must hold ClassDefinition objects, not {type_name(type(given))}"
                )
            definition = self._versioned(given)
            key = (definition.factory_id, definition.class_id, definition.version)
            other = known.setdefault(key, definition)
            if other != definition:
                raise HazelcastSerializationError(
                    f"class_definitions has two definitions of {describe_class(*key)} that differ: "
                    f"{other} and {definition}; give one of them another version"
                )
        if check:
            _check_nested(known)
        for key, definition in known.items():
            self.plans[key] = WritePlan(definition, self._registry.layout, CONFIGURED)

    def key_of(self, portable: Portable) -> Key:
        """Return the ids and the version of an object's class."""
        get_version = getattr(portable, "get_class_version", None)
        version = self._portable_version if get_version is None else get_version()
        return portable.get_factory_id(), portable.get_class_id(), version

    def define(self, portable: Portable, key: Key) -> WritePlan:
        """Make the plan of a class from one of its objects.

        If another writer's objects of the class were read before, with the same fields in another order, that
        order is kept: members know only one for each version.

        Raises:
            HazelcastSerializationError: The class writes what cannot be a field.
        """
        check_ids(*key)
        seen = self._seen.find(key)
        writer = DefiningWriter(key, self.key_of, self.known_version, self._registry, seen)
        portable.write_portable(writer)
        definition = writer.build() if seen is None else _in_seen_order(writer.build(), seen)
        plan = WritePlan(definition, self._registry.layout, WRITTEN)
        return self.plans.setdefault(key, plan)

    def known_version(self, factory_id: int, class_id: int) -> int | None:
        """Return the version for a null of a class: that of the class here, the configured one, or else the newest."""
        versions = {
            key[2] for key in (*tuple(self.plans), *self._seen.keys()) if key[:2] == (factory_id, class_id)
        }
        for version in (self._seen.class_version(factory_id, class_id), self._portable_version):
            if version in versions:
                return version
        return max(versions, default=None)

    def _versioned(self, given: ClassDefinition) -> ClassDefinition:
        """Return a copy with the configured version where no version was given."""
        definition = ClassDefinition(given.factory_id, given.class_id, given.version)
        definition.set_version_if_not_set(self._portable_version)
        check_ids(definition.factory_id, definition.class_id, definition.version)
        for field in sorted(given.field_defs.values(), key=lambda field: field.index):
            version = definition.version
            if field.field_type in NESTED:
                version = field.version if field.version >= 0 else self._portable_version
            definition.add_field_def(
                FieldDefinition(
                    field.index,
                    field.field_name,
                    field.field_type,
                    version,
                    field.factory_id,
                    field.class_id,
                )
            )
        return definition


def _in_seen_order(definition: ClassDefinition, seen: SeenClass) -> ClassDefinition:
    """Return the definition in the order of what was received; unchanged, with a warning, if the fields differ."""
    written = {
        (field.field_name, field.field_type, field.factory_id, field.class_id)
        for field in definition.field_defs.values()
    }
    received = {(field.name, field.field_type, field.factory_id, field.class_id) for field in seen.fields}
    if written != received:
        _logger.warning(
            "the Portable of %s is written here with other fields than it was received with (%s and %s); "
            "members know one definition of each version: give the class another get_class_version()",
            describe_class(*seen.key),
            ", ".join(definition.field_defs),
            ", ".join(seen.by_name),
        )
        return definition
    ordered = ClassDefinition(*seen.key)
    for index, name in enumerate(seen.by_name):
        field = definition.field_defs[name]
        ordered.add_field_def(
            FieldDefinition(index, name, field.field_type, field.version, field.factory_id, field.class_id)
        )
    return ordered


def _check_nested(known: dict[Key, ClassDefinition]) -> None:
    for definition in known.values():
        for field in definition.field_defs.values():
            nested = (field.factory_id, field.class_id, field.version)
            if field.field_type in NESTED and nested not in known:
                raise HazelcastSerializationError(
                    f"class_definitions has no definition of {describe_class(*nested)}, which the field "
                    f"{field.field_name!r} of {definition} names; add it, or set "
                    "check_class_definition_errors=False"
                )
