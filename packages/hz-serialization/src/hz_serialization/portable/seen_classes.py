"""The Portable classes that are read: what makes their objects, and how they were received."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, Final

from hz_serialization.config import Factories
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.portable.api import Portable
from hz_serialization.portable.definition import describe_class
from hz_serialization.portable.plan import Key
from hz_serialization.portable.seen import FIRST, ReadingFormat, SeenClass, inspect_fields
from hz_serialization.problems import new_instance, type_name

_MAX_FIELDS: Final = 50_000
"""The most fields of all classes that are remembered: bytes can claim any number of versions."""


class SeenClasses:
    """The classes by ids and version, as received so far.

    Args:
        format_: Reads nested objects.
        factories: Factory id to class id to what makes an object.
        portable_version: Version of classes without ``get_class_version()``.
    """

    def __init__(self, format_: ReadingFormat, factories: Factories, portable_version: int) -> None:
        self._format = format_
        self._layout = layout = format_.layout
        self._pack_key = Struct(f"{layout.prefix}iii").pack
        self._unpack_key = Struct(f"{layout.prefix}iii").unpack
        self._portable_version = portable_version
        self._makers: dict[tuple[int, int], Callable[[], Any]] = {
            (factory_id, class_id): make
            for factory_id, factory in factories.items()
            for class_id, make in factory.items()
        }
        self._versions: dict[tuple[int, int], int] = {}
        self.by_bytes: dict[bytes, SeenClass] = {}
        """By the bytes of ids and version."""
        self._field_count = 0

    def find(self, key: Key) -> SeenClass | None:
        """Return the class with these ids and this version, if an object of it was seen."""
        return self.by_bytes.get(self._pack_key(*key))

    def keys(self) -> list[Key]:
        """Return the ids and versions of the known classes."""
        return [seen.key for seen in tuple(self.by_bytes.values())]

    def key_of(self, key: bytes) -> Key:
        """Unpack ids and version."""
        factory_id, class_id, version = self._unpack_key(key)
        return factory_id, class_id, version

    def learn(self, key: Key, data: bytes, head: Sequence[int], start: int) -> SeenClass:
        """Inspect the fields of an object and remember its class.

        Args:
            key: Ids and version in the bytes.
            data: The whole ``Data``.
            head: End, field count and positions, from before the fields.
            start: Where the first field can begin.

        Raises:
            HazelcastSerializationError: The class is unknown, or the fields cannot be right.
        """
        make = self._maker(key[0], key[1])
        fields = inspect_fields(data, head[FIRST:-1], start, head[0], self._layout)
        seen = SeenClass(key, fields, self._format, make)
        count = len(fields) + 1
        if count <= _MAX_FIELDS:
            self._field_count += count
            if self._field_count > _MAX_FIELDS:
                self.by_bytes.clear()
                self._field_count = count
            self.by_bytes[self._pack_key(*key)] = seen
        return seen

    def class_version(self, factory_id: int, class_id: int) -> int | None:
        """Return the version of the local class; ``None`` if there is no class with these ids."""
        version = self._versions.get((factory_id, class_id))
        make = self._makers.get((factory_id, class_id))
        if version is None and make is not None:
            get_version = getattr(make(), "get_class_version", None)
            version = self._portable_version if get_version is None else int(get_version())
            self._versions[factory_id, class_id] = version
        return version

    def _maker(self, factory_id: int, class_id: int) -> Callable[[], Any]:
        make = self._makers.get((factory_id, class_id))
        if make is None:
            raise HazelcastSerializationError(
                f"Cannot read the value: no Portable has {describe_class(factory_id, class_id)}; "
                f"set portable_factories={{{factory_id}: {{{class_id}: YourClass}}}}"
            )
        made = new_instance(make, "Portable")
        if not isinstance(made, Portable):
            raise HazelcastSerializationError(
                f"The Portable factory {factory_id} made a {type_name(type(made))} for class id {class_id}, "
                "which is not derived from Portable"
            )
        return make
