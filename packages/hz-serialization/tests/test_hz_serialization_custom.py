"""The user's own formats, their order of priority, and pickle."""

from __future__ import annotations

import logging
import pickle
import struct
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from hz_serialization import (
    HazelcastJsonValue,
    HazelcastSerializationError,
    MapEntry,
    MemberAddress,
    ObjectArray,
    PicklePolicy,
    ReliableTopicMessage,
    SerializationConfig,
    SerializationService,
)
from hz_serialization.api import (
    IdentifiedDataSerializable,
    ObjectDataInput,
    ObjectDataOutput,
    Portable,
    StreamSerializer,
)


class Person(IdentifiedDataSerializable):
    """An object with a nested one."""

    def __init__(self, name: str | None = None, friend: Any = None) -> None:
        self.name = name
        self.friend = friend

    def get_factory_id(self) -> int:
        return 5

    def get_class_id(self) -> int:
        return 7

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_string(self.name)
        object_data_output.write_object(self.friend)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.name = object_data_input.read_string()
        self.friend = object_data_input.read_object()


class ReprSerializer(StreamSerializer):
    """Writes anything as its repr, and reads that as ("read", text)."""

    type_id = 10

    def __init__(self) -> None:
        self.destroyed = 0

    def get_type_id(self) -> int:
        return self.type_id

    def write(self, out: ObjectDataOutput, obj: Any) -> None:
        out.write_string(repr(obj))

    def read(self, inp: ObjectDataInput) -> Any:
        return ("read", inp.read_string())

    def destroy(self) -> None:
        self.destroyed += 1


class GlobalSerializer(ReprSerializer):
    """Another type id, to tell who wrote."""

    type_id = 20


def _type_id(data: bytes) -> int:
    type_id: int = struct.unpack_from(">i", data, 4)[0]
    return type_id


def test_identified_objects_nest_and_come_back() -> None:
    for order in (True, False):
        service = SerializationService(
            SerializationConfig(data_serializable_factories={5: {7: Person}}, is_big_endian=order)
        )
        person = service.to_object(service.to_data([Person("Ada", Person("Bob", {"age": 3}))]))[0]
        assert isinstance(person, Person)
        assert (person.name, person.friend.name, person.friend.friend) == ("Ada", "Bob", {"age": 3})


def test_layout_of_an_identified_object() -> None:
    data = SerializationService().to_data(Person("a", None))
    assert data.hex() == "00000000fffffffe010000000500000007000000016100000000"


def test_what_is_unserializable_inside_an_identified_object_is_named() -> None:
    with pytest.raises(HazelcastSerializationError, match=r"complex at \$\['p'\]\.<Person\.write_data>\[1\]"):
        SerializationService().to_data({"p": Person("Ada", [1, 1j])})


def test_an_int_that_does_not_fit_inside_an_identified_object_names_the_option() -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"int at \$\.<Person\.write_data>: .*default_int_type"
    ):
        SerializationService().to_data(Person("Ada", 2**31))


def test_an_error_in_user_code_is_wrapped_with_its_cause() -> None:
    service = SerializationService(SerializationConfig(data_serializable_factories={5: {7: Person}}))
    with pytest.raises(
        HazelcastSerializationError, match=r"Cannot serialize .*Person at \$\[0\]: AttributeError"
    ) as caught:
        service.to_data([Person(12)])  # type: ignore[arg-type]  # the mistake under test
    assert isinstance(caught.value.__cause__, AttributeError)


def test_missing_methods_and_wrong_factories_are_named() -> None:
    class Empty(IdentifiedDataSerializable):
        pass

    with pytest.raises(HazelcastSerializationError, match=r"Empty\.get_factory_id\(\) is missing"):
        SerializationService().to_data(Empty())
    service = SerializationService(SerializationConfig(data_serializable_factories={5: {7: dict}}))
    with pytest.raises(HazelcastSerializationError, match="made a dict, which is not derived"):
        service.to_object(service.to_data(Person()))
    for call in (Portable().get_class_id, StreamSerializer().get_type_id):
        with pytest.raises(NotImplementedError, match="the class must define it"):
            call()


def test_endless_chains_of_identified_objects_are_refused() -> None:
    person = Person("Ada")
    person.friend = person
    with pytest.raises(HazelcastSerializationError, match="deeper than 128 levels"):
        SerializationService().to_data(person)


def test_objects_of_the_member_are_read() -> None:
    service = SerializationService()

    def identified(factory_id: int, class_id: int, fields: bytes) -> Any:
        return service.to_object(struct.pack(">iibii", 0, -2, 1, factory_id, class_id) + fields)

    entry = service.to_data("k")[4:] + service.to_data(1)[4:]
    assert identified(-4, 120, entry) == MapEntry("k", 1)
    assert identified(-29, 19, struct.pack(">i", 2) + entry) == {"k", 1}
    assert identified(0, 1, struct.pack(">ibi", 5701, 4, 9) + b"127.0.0.1") == MemberAddress(
        "127.0.0.1", 5701
    )
    with pytest.raises(HazelcastSerializationError, match="set of 2147483647 items"):
        identified(-29, 19, struct.pack(">i", 2**31 - 1))
    key, value = service.to_data("k"), service.to_data(1)
    fields = [struct.pack(">i", len(data)) + data for data in (key, value)] + [struct.pack(">i", -1)]
    record = identified(-4, 132, struct.pack(">i", 4) + b"".join(fields) + b"\x00")
    assert record == (4, key, value, None)
    assert (record.event_type, service.to_object(record.key), service.to_object(record.new_value)) == (
        4,
        "k",
        1,
    )
    with pytest.raises(HazelcastSerializationError, match="without key"):
        identified(-4, 132, struct.pack(">iiii", 4, -1, -1, -1))
    message = ReliableTopicMessage(1234, None, service.to_data("hello"))
    read = service.to_object(service.to_data(message))
    assert (read.publish_time, read.publisher, service.to_object(read.payload)) == (1234, None, "hello")


def test_packages_add_readers_and_factories() -> None:
    service = SerializationService(SerializationConfig(builtin_factories={5: {7: dict}}))
    service.register_factory(5, {7: Person})
    assert service.to_object(service.to_data(Person("x"))).name == "x"
    service.register_reader(5, 7, lambda inp: (inp.read_string(), inp.read_object()))
    assert service.to_object(service.to_data(Person("x", 1.5))) == ("x", 1.5)


class Colour(IntEnum):
    """A subclass of a basic type."""

    RED = 1


class Money:
    """A class of the user."""


class Coin(Money):
    """A class derived from one that has a serializer."""


def test_custom_serializers_take_a_class_and_what_is_derived_from_it() -> None:
    service = SerializationService(
        SerializationConfig(custom_serializers={Money: ReprSerializer, Colour: ReprSerializer})
    )
    for value in (Money(), Coin(), Colour.RED):
        assert service.to_object(service.to_data([value])) == [("read", repr(value))]
    assert _type_id(service.to_data(1)) == -7


FURTHER = [
    Colour.RED, b"x", {"a": 1}, {1}, frozenset(), (1,), [1, "mixed"], [1.5, None], date(2020, 1, 1),
    datetime(2020, 1, 1), UUID(int=1), Decimal(1),
]  # fmt: skip
BASIC = [
    None, True, 1, 1.5, "x", bytearray(b"x"), HazelcastJsonValue("1"), [], [1, 2], ["a"], [True], [0.5],
    ObjectArray([1, "a"]),
]  # fmt: skip


@pytest.mark.parametrize("value", FURTHER, ids=repr)
def test_the_global_serializer_comes_before_the_further_types(value: Any) -> None:
    service = SerializationService(SerializationConfig(global_serializer=GlobalSerializer))
    assert _type_id(service.to_data(value)) == 20
    assert service.to_object(service.to_data(value)) == ("read", repr(value))
    if value is not Colour.RED:
        assert _type_id(SerializationService().to_data(value)) < 0


@pytest.mark.parametrize("value", BASIC, ids=repr)
def test_basic_types_come_before_custom_and_global_ones(value: Any) -> None:
    service = SerializationService(
        SerializationConfig(global_serializer=GlobalSerializer, custom_serializers={object: ReprSerializer})
    )
    assert service.to_data(value) == SerializationService().to_data(value)


def test_custom_comes_before_global_and_both_before_the_further_types() -> None:
    service = SerializationService(
        SerializationConfig(
            global_serializer=GlobalSerializer,
            custom_serializers={dict: ReprSerializer, list: ReprSerializer},
            pickle_policy=PicklePolicy.ALLOW,
        )
    )
    values: list[Any] = [{}, [1, "mixed"], [1], {1}, 1j, Person()]
    assert [_type_id(service.to_data(value)) for value in values] == [10, 10, -29, 20, 20, -2]


def test_serializers_that_clash_are_refused() -> None:
    class Other(ReprSerializer):
        pass

    zero = type("Zero", (ReprSerializer,), {"type_id": 0})
    cases: list[tuple[dict[type, type[StreamSerializer]], str]] = [
        ({Money: ReprSerializer, Fraction: Other}, "Type id 10 is used by .*ReprSerializer and .*Other"),
        ({int: ReprSerializer}, "cannot replace that of int"),
        ({Money: zero}, "Zero.* must be a positive int"),
    ]
    for custom, reason in cases:
        with pytest.raises(HazelcastSerializationError, match=reason):
            SerializationService(SerializationConfig(custom_serializers=custom))


def test_destroy_reaches_every_serializer_once() -> None:
    one, other = ReprSerializer(), GlobalSerializer()
    config = SerializationConfig(custom_serializers={Money: one, Fraction: one}, global_serializer=other)
    SerializationService(config).destroy()
    assert (one.destroyed, other.destroyed) == (1, 1)


class _Pairs:
    """A format that plugs in, as Portable and Compact do."""

    type_id = -110

    def matches(self, cls: type) -> bool:
        return issubclass(cls, complex)

    def write(self, out: bytearray, value: complex, depth: int) -> None:
        out += struct.pack(">dd", value.real, value.imag)

    def read(self, data: bytes, pos: int, depth: int) -> tuple[complex, int]:
        return complex(*struct.unpack_from(">dd", data, pos)), pos + 16


def test_a_format_plugs_in() -> None:
    service = SerializationService()
    with pytest.raises(HazelcastSerializationError, match="no serializer takes this type"):
        service.to_data(1j)
    service.register_format(_Pairs())
    assert service.to_object(service.to_data({"z": [1j, 2.5]})) == {"z": [1j, 2.5]}
    assert _type_id(service.to_data(1j)) == -110
    with pytest.raises(HazelcastSerializationError, match="Type id -110 has a serializer already"):
        service.register_format(_Pairs())


def test_pickle_is_denied_by_default() -> None:
    data = struct.pack(">iii", 0, -120, 4) + b"I1\n."
    with pytest.raises(HazelcastSerializationError, match="pickle_policy denies it"):
        SerializationService().to_object(data)
    with pytest.raises(HazelcastSerializationError, match="no serializer takes this type"):
        SerializationService().to_data(Fraction(1, 2))


def test_allowed_pickles_are_told_once_per_type(caplog: pytest.LogCaptureFixture) -> None:
    service = SerializationService(SerializationConfig(pickle_policy=PicklePolicy.ALLOW))
    with caplog.at_level(logging.WARNING, "hz_serialization.pickle"):
        for _ in range(2):
            assert service.to_object(service.to_data([Fraction(1, 2)])) == [Fraction(1, 2)]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "fractions.Fraction was written as a pickle",
        "fractions.Fraction was read as a pickle",
    ]


def test_pickles_of_releases_4_and_5_are_read() -> None:
    text = pickle.dumps(Fraction(1, 3), 0)
    data = struct.pack(">iii", 0, -120, len(text)) + text
    service = SerializationService(SerializationConfig(pickle_policy=PicklePolicy.ALLOW))
    assert service.to_object(data) == Fraction(1, 3)


def test_a_list_of_types_limits_pickle() -> None:
    service = SerializationService(SerializationConfig(pickle_policy=[Fraction]))
    data = service.to_data(Fraction(1, 2))
    assert service.to_object(data) == Fraction(1, 2)
    with pytest.raises(HazelcastSerializationError, match="pickle_policy does not list range"):
        service.to_data(range(3))
    evil = b"cos\nsystem\n(S'true'\ntR."
    with pytest.raises(
        HazelcastSerializationError, match=r"uses os\.system, which pickle_policy does not list"
    ):
        service.to_object(struct.pack(">iii", 0, -120, len(evil)) + evil)
