"""Which serializer writes a value, in the default configuration of a client."""

import logging
import struct
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from hazelcast.config import Config, PicklePolicy
from hazelcast.core import HazelcastJsonValue, MapEntry
from hazelcast.errors import HazelcastSerializationError
from hazelcast.serialization.api import (
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    Portable,
    PortableReader,
    PortableWriter,
    StreamSerializer,
)
from hz_serialization import SerializationConfig, SerializationService

PICKLE = -120


class ById(IdentifiedDataSerializable):
    """Written by its ids."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_int(1)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        object_data_input.read_int()


class ByName(Portable):
    """Written with the names of its fields."""

    def get_factory_id(self) -> int:
        return 2

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("n", 1)

    def read_portable(self, reader: PortableReader) -> None:
        reader.read_int("n")


class Both(ById, ByName):
    """Two formats match: the first in order writes it."""


class Dict2(dict[str, int], ByName):
    """A further type that is also a Portable."""


class Text(str, ByName):
    """A basic type that is also a Portable."""


@dataclass
class Compacted:
    """Listed in compact_serializers."""

    n: int = 1


class Plain:
    """Nothing is registered for it unless a test does."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain)

    __hash__ = object.__hash__


class Special(Plain):
    """Derived from a class that may have a serializer."""


class Count(int):
    """Derived from a basic class."""


class Level(IntEnum):
    """Not a plain number."""

    LOW = 1


class Custom(StreamSerializer):
    """Type id 10."""

    def get_type_id(self) -> int:
        return 10

    def write(self, out: ObjectDataOutput, obj: Any) -> None:
        out.write_utf(type(obj).__name__)

    def read(self, inp: ObjectDataInput) -> Any:
        return "custom", inp.read_utf()


class Global(Custom):
    """Type id 20."""

    def get_type_id(self) -> int:
        return 20


def _service(**options: Any) -> SerializationService:
    config = Config()
    for name, value in options.items():
        setattr(config, name, value)
    return SerializationService(config.serialization())


FORMATS: dict[str, Any] = {
    "data_serializable_factories": {1: {1: ById}},
    "portable_factories": {2: {1: ByName}},
    "compact_serializers": [Compacted],
}
# Every writer that can take a value of any class: a custom serializer for ``object`` is found for all of them.
EVERYTHING: dict[str, Any] = {
    **FORMATS,
    "custom_serializers": {object: Custom},
    "global_serializer": Global,
    "pickle_policy": "allow",
}

# Each value with its type id if there is: everything; a global serializer; no serializer of the user.
ROWS: list[tuple[Any, int, int, int]] = [
    (None, 0, 0, 0),
    (ById(), -2, -2, -2),
    (Both(), -2, -2, -2),
    (ByName(), -1, -1, -1),
    (Dict2(), -1, -1, -1),
    (Text(), -1, -1, -1),
    (Compacted(), -55, -55, -55),
    (True, -4, -4, -4),
    (1, -7, -7, -7),
    (1.5, -10, -10, -10),
    ("a", -11, -11, -11),
    (bytearray(b"a"), -12, -12, -12),
    (HazelcastJsonValue("1"), -130, -130, -130),
    ([1, 2], -29, -29, -29),
    (["a"], -29, -29, -29),
    (Count(1), -7, -7, -7),
    (Plain(), 10, 20, PICKLE),
    (Level.LOW, 10, 20, PICKLE),
    (Fraction(1), 10, 20, PICKLE),
    (b"a", 10, 20, -12),
    ({"a": 1}, 10, 20, -32),
    (OrderedDict(), 10, 20, -32),
    ({1}, 10, 20, -37),
    (frozenset(), 10, 20, -37),
    ((1, 2), 10, 20, -29),
    ([1, "a"], 20, 20, -29),
    (deque([1]), 10, 20, -30),
    (date(2020, 1, 1), 10, 20, -51),
    (datetime(2020, 1, 1), 10, 20, -53),
    (UUID(int=1), 10, 20, -21),
    (Decimal(1), 10, 20, -27),
]


def _id(value: Any) -> str:
    items = "".join(f"-{type(item).__name__}" for item in value) if isinstance(value, list) else ""
    return type(value).__name__ + items


def _type_id(data: bytes) -> int:
    type_id: int = struct.unpack_from(">i", data, 4)[0]
    return type_id


@pytest.mark.parametrize(
    ("value", "everything", "global_", "nothing"), ROWS, ids=[_id(row[0]) for row in ROWS]
)
def test_the_first_in_order_writes(value: Any, everything: int, global_: int, nothing: int) -> None:
    services = [
        (_service(**EVERYTHING), everything),
        (_service(**FORMATS, global_serializer=Global), global_),
        (_service(**FORMATS), nothing),
    ]
    for service, expected in services:
        assert _type_id(service.to_data(value)) == expected
        inside = service.to_data(MapEntry("k", value))
        assert struct.unpack_from(">i", inside, 17)[0] == expected


def test_what_is_written_comes_back() -> None:
    service = _service(**EVERYTHING)
    for value, everything, *_ in ROWS:
        result = service.to_object(service.to_data(value))
        if everything in (10, 20):
            assert result == ("custom", type(value).__name__)
        elif everything in (-1, -2):
            assert isinstance(result, (ById, ByName))
        else:
            assert result == (bytes(value) if isinstance(value, bytearray) else value)


def test_a_custom_serializer_is_before_the_global_one_and_the_nearest_class_counts() -> None:
    service = _service(custom_serializers={Plain: Custom}, global_serializer=Global)
    assert [_type_id(service.to_data(value)) for value in (Plain(), Special(), Fraction(1))] == [10, 10, 20]


def test_the_client_allows_pickle_and_the_package_alone_denies_it(caplog: pytest.LogCaptureFixture) -> None:
    assert Config().pickle_policy is PicklePolicy.ALLOW
    assert SerializationConfig().pickle_policy is PicklePolicy.DENY
    with caplog.at_level(logging.WARNING):
        data = _service().to_data(Plain())
        assert _service().to_object(data) == Plain()
    assert len(caplog.records) == 2
    for alone in (
        SerializationService(),
        _service(pickle_policy="deny"),
        _service(pickle_policy=PicklePolicy.DENY),
    ):
        with pytest.raises(HazelcastSerializationError, match="allow pickle by pickle_policy"):
            alone.to_data(Plain())
        with pytest.raises(HazelcastSerializationError, match="pickle_policy denies it"):
            alone.to_object(data)


def test_a_list_of_types_limits_pickle_in_both_directions() -> None:
    service = _service(pickle_policy=[Plain])
    data = service.to_data(Plain())
    assert service.to_object(data) == Plain()
    with pytest.raises(HazelcastSerializationError, match=r"does not list .*Special"):
        service.to_data(Special())
    other = _service().to_data(Special())
    with pytest.raises(
        HazelcastSerializationError, match=r"uses .*Special, which pickle_policy does not list"
    ):
        service.to_object(other)


def test_a_global_serializer_leaves_nothing_to_pickle() -> None:
    service = _service(global_serializer=Global)
    assert _type_id(service.to_data(object())) == 20
