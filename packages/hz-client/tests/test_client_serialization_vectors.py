"""What a member writes of its own query objects, and Java of users' classes, is read and written to the same bytes."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hazelcast.serialization import Long
from hazelcast.serialization.api import (
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    StreamSerializer,
)
from hz_proxies.aggregator import AGGREGATOR_FACTORY, AGGREGATOR_FACTORY_ID
from hz_proxies.predicate import PREDICATE_FACTORY, PREDICATE_FACTORY_ID
from hz_proxies.projection import PROJECTION_FACTORY, PROJECTION_FACTORY_ID
from hz_serialization import SerializationConfig, SerializationService

VECTORS = [
    tuple(line.split("\t"))
    for line in (Path(__file__).parent / "data" / "object-vectors.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


class Person(IdentifiedDataSerializable):
    """The member's IdentifiedDataSerializable: a number, a text, and other fields."""

    def get_factory_id(self) -> int:
        return 1000

    def get_class_id(self) -> int:
        return 7

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.number = object_data_input.read_int()
        self.text = object_data_input.read_utf()
        self.nested = object_data_input.read_object()
        self.numbers = object_data_input.read_int_array()
        self.nothing = object_data_input.read_int()

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_int(self.number)
        object_data_output.write_utf(self.text)
        object_data_output.write_object(Long(self.nested))  # as Java had it
        object_data_output.write_int_array(self.numbers)
        object_data_output.write_int(self.nothing)


class Keyed(IdentifiedDataSerializable):
    """A key that belongs to the partition of another one."""

    def get_factory_id(self) -> int:
        return 1000

    def get_class_id(self) -> int:
        return 8

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.number = object_data_input.read_int()

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_int(self.number)

    def get_partition_key(self) -> str:
        return "pk"


class Pair(NamedTuple):
    """What the custom serializers hold."""

    number: int
    fraction: float


class Block(NamedTuple):
    """The same, as a byte[] of its own."""

    content: bytes


class PairSerializer(StreamSerializer):
    """Type id 1."""

    def get_type_id(self) -> int:
        return 1

    def write(self, out: ObjectDataOutput, obj: Pair) -> None:
        out.write_int(obj.number)
        out.write_float(obj.fraction)

    def read(self, inp: ObjectDataInput) -> Pair:
        return Pair(inp.read_int(), inp.read_float())


class BlockSerializer(StreamSerializer):
    """Type id 2."""

    def get_type_id(self) -> int:
        return 2

    def write(self, out: ObjectDataOutput, obj: Block) -> None:
        out.write_byte_array(obj.content)

    def read(self, inp: ObjectDataInput) -> Block:
        return Block(bytes(inp.read_byte_array() or b""))


def _service(order: str) -> SerializationService:
    config = SerializationConfig(
        is_big_endian=order == "big",
        builtin_factories={
            PREDICATE_FACTORY_ID: PREDICATE_FACTORY,
            AGGREGATOR_FACTORY_ID: AGGREGATOR_FACTORY,
            PROJECTION_FACTORY_ID: PROJECTION_FACTORY,
        },
        data_serializable_factories={1000: {7: Person, 8: Keyed}},
        custom_serializers={Pair: PairSerializer, Block: BlockSerializer},
    )
    return SerializationService(config)


@pytest.mark.parametrize(
    ("name", "order", "payload"), VECTORS, ids=[f"{name}-{order}" for name, order, _ in VECTORS]
)
def test_javas_object_is_read_and_written_to_the_same_bytes(name: str, order: str, payload: str) -> None:
    service = _service(order)
    data = bytes.fromhex(payload)
    value: Any = service.to_object(data)
    assert type(value).__module__.startswith("hz_proxies.") or isinstance(value, (Person, Keyed, Pair, Block))
    assert service.to_data(value) == data


def test_the_values_are_javas() -> None:
    values = {name: _service(order).to_object(bytes.fromhex(payload)) for name, order, payload in VECTORS}
    assert values["CustomStreamSerializable"].number == 56789
    assert len(values["CustomByteArraySerializable"].content) == 10
    assert values["PartitionAware"].number == 5
    assert (values["IdentifiedDataSerializable"].number, values["IdentifiedDataSerializable"].text) == (
        5,
        "abc",
    )
    assert values["IdentifiedDataSerializable"].numbers == [1, 2]
    assert "this > 5" in repr(values["SqlPredicate"])
    assert len(values) == len({name for name, *_ in VECTORS}) > 50
