"""The types and formats that few programs need. They are added to a service when it meets the first of their values.

Importing what is here takes longer than everything else of the package together.
"""

from __future__ import annotations

from collections.abc import Mapping

from hz_serialization.big_numbers import register_big_numbers
from hz_serialization.compact.compiled import compact_format
from hz_serialization.compact.format import CompactFormat
from hz_serialization.compact.schema_registry import SchemaRegistry
from hz_serialization.config import SerializationConfig
from hz_serialization.custom import make_serializer, register_custom
from hz_serialization.identified import IdentifiedFormat
from hz_serialization.input import InputTools
from hz_serialization.java_streams import register_java_streams
from hz_serialization.member_objects import register_member_objects
from hz_serialization.pickling import PickleFormat
from hz_serialization.portable.compiled import portable_format
from hz_serialization.portable.format import PortableFormat
from hz_serialization.registry import Registry
from hz_serialization.stream_api import StreamSerializer
from hz_serialization.temporal import register_temporal


class Further:
    """The further types and formats of one service.

    Args:
        registry: Where they are added.
        config: The options of the service.
        schemas: The schemas of Compact objects.

    Attributes:
        compact: The Compact format.
        portable: The Portable format.
        identified: The format of IdentifiedDataSerializable.
        custom: The user's serializers by class.
        global_serializer: The user's serializer of everything else.

    Raises:
        HazelcastSerializationError: Two serializers claim the same type id or a basic class.
    """

    def __init__(self, registry: Registry, config: SerializationConfig, schemas: SchemaRegistry) -> None:
        tools = InputTools(registry)
        register_big_numbers(registry)
        register_temporal(registry)
        register_java_streams(registry)
        self.identified: IdentifiedFormat = IdentifiedFormat(registry, tools)
        register_member_objects(self.identified)
        for factories in (config.builtin_factories, config.data_serializable_factories):
            for factory_id, factory in factories.items():
                self.identified.add_factory(factory_id, factory)
        self.portable: PortableFormat = portable_format(registry, tools, config)
        self.compact: CompactFormat = compact_format(registry, config.compact_serializers, schemas)
        # Compact first: it takes exactly the classes that were named, the others all that are derived from theirs.
        for format_ in (self.compact, self.identified, self.portable):
            registry.add_format(format_)
        self.custom: Mapping[type, StreamSerializer] = {
            cls: make_serializer(made) for cls, made in config.custom_serializers.items()
        }
        made = config.global_serializer
        self.global_serializer: StreamSerializer | None = None if made is None else make_serializer(made)
        register_custom(registry, tools, dict(self.custom), self.global_serializer)
        PickleFormat(registry, config.pickle_policy)
