"""Errors that users' code raises while it is read: always HazelcastSerializationError, with the error as its cause."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from hz_serialization import (
    HazelcastSerializationError,
    PicklePolicy,
    SerializationConfig,
    SerializationService,
)
from hz_serialization.api import (
    CompactSerializer,
    IdentifiedDataSerializable,
    Portable,
    StreamSerializer,
)

FAILURE: list[Exception] = []


class Custom:
    """Read by ``CustomSerializer``."""


class CustomSerializer(StreamSerializer):
    """Fails to read."""

    def get_type_id(self) -> int:
        return 5

    def write(self, out: Any, obj: Any) -> None:
        out.write_int(1)

    def read(self, inp: Any) -> Any:
        raise FAILURE[0]

    def destroy(self) -> None:
        """Do nothing."""


class Identified(IdentifiedDataSerializable):
    """Fails to read its fields."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: Any) -> None:
        object_data_output.write_int(1)

    def read_data(self, object_data_input: Any) -> None:
        raise FAILURE[0]


class Carried(Portable):
    """Fails to read its fields."""

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: Any) -> None:
        writer.write_int("a", 1)

    def read_portable(self, reader: Any) -> None:
        raise FAILURE[0]


class Compacted:
    """Read by ``CompactedSerializer``."""


class CompactedSerializer(CompactSerializer[Compacted]):
    """Fails to read."""

    def get_class(self) -> type[Compacted]:
        return Compacted

    def get_type_name(self) -> str:
        return "compacted"

    def write(self, writer: Any, obj: Compacted) -> None:
        writer.write_int32("a", 1)

    def read(self, reader: Any) -> Compacted:
        raise FAILURE[0]


class Pickled:
    """Fails to take its state."""

    def __init__(self) -> None:
        self.a = 1

    def __setstate__(self, state: Any) -> None:
        raise FAILURE[0]


SERVICE = SerializationService(
    SerializationConfig(
        custom_serializers={Custom: CustomSerializer},
        data_serializable_factories={1: {1: Identified}},
        portable_factories={1: {1: Carried}},
        compact_serializers=[CompactedSerializer()],
        pickle_policy=PicklePolicy.ALLOW,
    )
)
METHODS = {
    Custom: r"CustomSerializer\.read\(\)",
    Identified: r"Identified\.read_data\(\)",
    Carried: r"Carried\.read_portable\(\)",
    Compacted: r"CompactedSerializer\.read\(\)",
    Pickled: "unpickling it",
}


@pytest.mark.parametrize(
    "failure",
    [
        ValueError("v"),
        KeyError("k"),
        IndexError("i"),
        struct.error("s"),
        UnicodeDecodeError("utf-8", b"a", 0, 1, "u"),
        StopIteration("stop"),
        RuntimeError("r"),
    ],
    ids=lambda failure: type(failure).__name__,
)
@pytest.mark.parametrize("cls", METHODS)
def test_the_method_and_the_error_are_named(cls: type[Any], failure: Exception) -> None:
    FAILURE[:] = [failure]
    data, nested = SERVICE.to_data(cls()), SERVICE.to_data([1, {"k": cls()}])
    for each in (data, nested):
        for read in (SERVICE.to_object, lambda data: SERVICE.read(data, 0, len(data))):
            with pytest.raises(HazelcastSerializationError, match=rf"{METHODS[cls]} raised .*") as raised:
                read(each)
            assert raised.value.__cause__ is failure
            assert "damaged" not in str(raised.value)


def test_a_class_that_cannot_be_made() -> None:
    class Wants(Carried):
        def __init__(self, value: int) -> None: ...

    factories: dict[int, dict[int, Any]] = {1: {1: Wants}}
    service = SerializationService(SerializationConfig(portable_factories=factories))
    for data in (SERVICE.to_data(Carried()), SERVICE.to_data([Carried()])):
        with pytest.raises(
            HazelcastSerializationError, match=r"Wants\(\) \(instances are made without arguments"
        ):
            service.to_object(data)


@pytest.mark.parametrize("ids", [(2**40, 1), (1, -(2**31) - 1), ("x", 1), (1.5, 1)], ids=str)
def test_ids_that_do_not_fit(ids: tuple[Any, Any]) -> None:
    class Large(Identified):
        def get_factory_id(self) -> int:
            return ids[0]  # type: ignore[no-any-return]  # wrong on purpose

        def get_class_id(self) -> int:
            return ids[1]  # type: ignore[no-any-return]  # wrong on purpose

    with pytest.raises(HazelcastSerializationError, match=r"must give integers of 32 bits, not ") as raised:
        SERVICE.to_data(Large())
    assert raised.value.__cause__ is None


def test_a_type_id_that_does_not_fit() -> None:
    class Large(CustomSerializer):
        def get_type_id(self) -> int:
            return 2**31

    with pytest.raises(HazelcastSerializationError, match=r"get_type_id\(\) gives 2147483648"):
        SerializationService(SerializationConfig(custom_serializers={Custom: Large}))
