"""The names of Compact are at their documented import paths."""

import pytest

import hazelcast.serialization.api
import hazelcast.serialization.compact
import hz_serialization.api
import hz_serialization.compact
from hz_serialization.compact.generic import GenericRecord
from hz_serialization.compact.schema import Schema


@pytest.mark.parametrize("name", ["CompactReader", "CompactSerializer", "CompactWriter", "FieldKind"])
def test_api(name: str) -> None:
    assert getattr(hazelcast.serialization.api, name) is getattr(hz_serialization.api, name)
    assert name in hazelcast.serialization.api.__all__
    assert name in hz_serialization.api.__all__


def test_records_schemas_and_annotations() -> None:
    assert hazelcast.serialization.compact.GenericRecord is GenericRecord
    assert hazelcast.serialization.compact.Schema is Schema
    assert hazelcast.serialization.compact.__all__ == hz_serialization.compact.__all__
    for name in hz_serialization.compact.__all__:
        assert getattr(hazelcast.serialization.compact, name) is getattr(hz_serialization.compact, name)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = hz_serialization.compact.no_such_name
