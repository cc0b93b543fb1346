"""What Java wrote is read as it should be, and written again as the same bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hz_serialization import (
    HazelcastSerializationError,
    SerializationConfig,
    SerializationService,
    partition_hash,
)

sys.path.insert(0, str(Path(__file__).parent))
import hz_serialization_vectors as vectors

ALL = vectors.all_vectors()
SERVICES = {order: SerializationService(SerializationConfig(is_big_endian=order)) for order in (True, False)}


def _id(vector: vectors.Vector) -> str:
    return f"{vector.name}-{'big' if vector.is_big_endian else 'little'}"


def _base(vector: vectors.Vector) -> str:
    return vector.name.removeprefix("shared.").removeprefix("compatibility.")


READ = [vector for vector in ALL if vectors.kind_of(vector) == "built-in"]
REFUSED = [vector for vector in ALL if vectors.kind_of(vector) not in ("built-in", "Portable", "Compact")]


def test_every_entry_is_accounted_for() -> None:
    """Those that need classes are read and written where the classes are: a name of no kind is a KeyError."""
    kinds = {vector.name: vectors.kind_of(vector) for vector in ALL}
    listed = {*vectors.VALUES, *vectors.NOT_READ}
    assert listed >= {name.split(".", 1)[1] for name in kinds if name.startswith("shared.")} - {
        name.split(".", 1)[1]
        for name, kind in kinds.items()
        if kind in ("query", "Portable", "Compact", "user")
    }
    assert {*vectors.NOT_WRITTEN, *vectors.WRITTEN_AS, *vectors.NANOSECONDS} <= vectors.VALUES.keys()
    assert not vectors.NOT_WRITTEN.keys() & vectors.WRITTEN_AS.keys()
    assert all(vectors.NOT_WRITTEN.values())
    assert all(vectors.NOT_READ.values())


@pytest.mark.parametrize("vector", READ, ids=_id)
def test_java_bytes_are_read_as_the_value(vector: vectors.Vector) -> None:
    service = SERVICES[vector.is_big_endian]
    expected = vectors.value_of(vector)
    value = service.to_object(vector.data)
    assert value == expected
    assert type(value) is type(expected)
    assert service.read(b"\xff" * 5 + vector.data + b"\xff" * 3, 5, 5 + len(vector.data)) == expected


@pytest.mark.parametrize("vector", READ, ids=_id)
def test_the_value_is_written_as_javas_bytes(vector: vectors.Vector) -> None:
    service = SERVICES[vector.is_big_endian]
    name = _base(vector)
    value = vectors.value_of(vector)
    value = vectors.WRITTEN_AS.get(name, lambda same: same)(value)
    data = service.to_data(value)
    if name in vectors.NOT_WRITTEN:
        assert data != vector.data, "it is written now: take it out of NOT_WRITTEN"
        assert service.to_object(data) == value
    elif (
        name in vectors.NANOSECONDS and vector.is_big_endian and not vector.name.startswith("compatibility.")
    ):
        assert data != vector.data
        assert len(data) == len(vector.data)
        assert service.to_object(data) == value
    else:
        assert data == vector.data


@pytest.mark.parametrize("vector", REFUSED, ids=_id)
def test_what_needs_java_or_a_class_of_the_user_is_refused_by_name(vector: vectors.Vector) -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"type id|factory id|DataSerializable|schema"
    ) as caught:
        SERVICES[vector.is_big_endian].to_object(vector.data)
    assert str(caught.value).startswith("Cannot read the value: ")


@pytest.mark.parametrize("vector", [vector for vector in ALL if vector.hash is not None], ids=_id)
def test_partition_hash_is_the_members(vector: vectors.Vector) -> None:
    assert partition_hash(vector.data) == vector.hash
