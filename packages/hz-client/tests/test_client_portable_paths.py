"""Definitions of Portables by their documented path, in the assembled client's configuration."""

import pytest

from hazelcast.errors import HazelcastSerializationError
from hazelcast.serialization.api import Portable, PortableReader, PortableWriter
from hazelcast.serialization.portable.classdef import (
    ClassDefinition,
    ClassDefinitionBuilder,
    FieldDefinition,
    FieldType,
)
from hz_core.config import ClientConfig
from hz_serialization import SerializationService


class Order(Portable):
    """Of another version than the configured one."""

    def __init__(self, total: int = 0) -> None:
        self.total = total

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("total", self.total)

    def read_portable(self, reader: PortableReader) -> None:
        self.total = reader.read_int("total") + reader.get_version()


def test_the_options_reach_the_serialization_service() -> None:
    definition = ClassDefinitionBuilder(1, 1, 6).add_int_field("total").build()
    assert definition.get_field("total") == FieldDefinition(0, "total", FieldType.INT, 6)
    config = ClientConfig.from_kwargs(
        portable_factories={1: {1: Order}}, portable_version=6, class_definitions=[definition]
    )
    service = SerializationService(config.serialization())
    assert service.to_object(service.to_data(Order(7))).total == 13


def test_definitions_are_checked_unless_that_is_off() -> None:
    outer = ClassDefinitionBuilder(1, 1).add_portable_field("p", ClassDefinition(1, 2, 0)).build()
    config = ClientConfig.from_kwargs(class_definitions=[outer])
    with pytest.raises(HazelcastSerializationError, match="no definition of factory id 1, class id 2"):
        SerializationService(config.serialization())
    config.check_class_definition_errors = False
    SerializationService(config.serialization())
