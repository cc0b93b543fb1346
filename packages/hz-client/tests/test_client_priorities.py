"""Which format writes a class that several could write: the one that it was registered for."""

from typing import Any

import pytest

from hazelcast.aggregator import Aggregator
from hazelcast.predicate import Predicate, true
from hazelcast.projection import Projection
from hazelcast.serialization.api import CompactSerializer, IdentifiedDataSerializable, Portable
from hz_serialization import SerializationConfig, SerializationService, UnserializableError

COMPACT = -55


def serializer_of(cls: type[Any]) -> CompactSerializer[Any]:
    class Serializer(CompactSerializer[Any]):
        def get_class(self) -> type[Any]:
            return cls

        def get_type_name(self) -> str:
            return "mine"

        def write(self, writer: Any, obj: Any) -> None:
            writer.write_int32("a", 1)

        def read(self, reader: Any) -> Any:
            return cls()

    return Serializer()


@pytest.mark.parametrize("base", [Predicate, Aggregator, Projection, IdentifiedDataSerializable, Portable])
def test_a_registered_compact_class_is_compact(base: type[Any]) -> None:
    mine: type[Any] = type("Mine", (base,), {})
    derived: type[Any] = type("Derived", (mine,), {})
    service = SerializationService(SerializationConfig(compact_serializers=[serializer_of(mine)]))
    for value in (mine(), [mine()]):
        data = service.to_data(value)
        back = service.to_object(data)
        assert type(back[0] if isinstance(value, list) else back) is mine
    assert service.to_data(mine())[4:8] == COMPACT.to_bytes(4, "big", signed=True)
    with pytest.raises(UnserializableError):
        service.to_data(derived())  # only the class itself is registered


def test_others_keep_their_format() -> None:
    service = SerializationService(
        SerializationConfig(compact_serializers=[serializer_of(type("Other", (), {}))])
    )
    assert service.to_data(true())[4:8] == (-2).to_bytes(4, "big", signed=True)
