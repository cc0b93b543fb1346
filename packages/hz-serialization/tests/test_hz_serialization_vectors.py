"""What Java wrote is read as it should be, and written again as the same bytes."""

from collections import Counter

import pytest

import hz_serialization_vectors as vectors
from hz_serialization import (
    HazelcastSerializationError,
    SerializationConfig,
    SerializationService,
    partition_hash,
)

ALL = vectors.all_vectors()
SERVICES = {order: SerializationService(SerializationConfig(is_big_endian=order)) for order in (True, False)}


READ = [vector for vector in ALL if vectors.kind_of(vector) == "built-in"]
REFUSED = [vector for vector in ALL if vectors.kind_of(vector) not in ("built-in", "Portable", "Compact")]


def test_every_entry_is_accounted_for() -> None:
    """``kind_of`` raises ``KeyError`` for a name of no kind; no list names what the files do not have."""
    kinds = {vector.base_name: vectors.kind_of(vector) for vector in ALL}
    known = {*vectors.VALUES, *vectors.NOT_READ, *vectors.USER}
    assert kinds.keys() >= known
    assert {*vectors.NOT_WRITTEN, *vectors.WRITTEN_AS, *vectors.NANOSECONDS} <= vectors.VALUES.keys()
    assert not vectors.NOT_WRITTEN.keys() & vectors.WRITTEN_AS.keys()
    assert Counter(vectors.kind_of(vector) for vector in ALL) == {
        "built-in": 117,
        "query": 107,
        "Compact": 13,
        "user": 12,
        "Java": 10,
        "Portable": 6,
    }


@pytest.mark.parametrize("vector", READ, ids=vectors.vector_id)
def test_java_bytes_are_read_as_the_value(vector: vectors.Vector) -> None:
    service = SERVICES[vector.is_big_endian]
    expected = vectors.value_of(vector)
    value = service.to_object(vector.data)
    assert value == expected
    assert type(value) is type(expected)
    assert service.read(b"\xff" * 5 + vector.data + b"\xff" * 3, 5, 5 + len(vector.data)) == expected


@pytest.mark.parametrize("vector", READ, ids=vectors.vector_id)
def test_the_value_is_written_as_javas_bytes(vector: vectors.Vector) -> None:
    service = SERVICES[vector.is_big_endian]
    name = vector.base_name
    value = vectors.value_of(vector)
    value = vectors.WRITTEN_AS.get(name, lambda same: same)(value)
    data = service.to_data(value)
    if name in vectors.NOT_WRITTEN:
        assert data != vector.data, "it is written now: take it out of NOT_WRITTEN"
        assert service.to_object(data) == value
    elif name in vectors.NANOSECONDS and vector.is_from_member:
        assert data != vector.data
        assert len(data) == len(vector.data)
        assert service.to_object(data) == value
    else:
        assert data == vector.data


@pytest.mark.parametrize("vector", REFUSED, ids=vectors.vector_id)
def test_what_needs_java_or_a_class_of_the_user_is_refused_by_name(vector: vectors.Vector) -> None:
    with pytest.raises(
        HazelcastSerializationError, match=r"type id|factory id|DataSerializable|schema"
    ) as caught:
        SERVICES[vector.is_big_endian].to_object(vector.data)
    assert str(caught.value).startswith("Cannot read the value: ")


@pytest.mark.parametrize(
    "vector", [vector for vector in ALL if vector.hash is not None], ids=vectors.vector_id
)
def test_partition_hash_is_the_members(vector: vectors.Vector) -> None:
    assert partition_hash(vector.data) == vector.hash
