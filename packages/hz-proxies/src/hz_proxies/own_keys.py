"""Replies with entries, whose keys are the objects that the caller has asked with.

Members answer with the keys' ``Data``. To deserialize it would cost more, and give other objects: a list for a tuple,
which cannot be the key of a dict.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from hz_core.wire.decode import data_entries_response
from hz_core.wire.types import ReadData
from hz_proxies.taken_items import serialized
from hz_serialization import Data

K = TypeVar("K")


def entries_by_data(message: bytes, read: ReadData) -> list[tuple[Data, Any]]:
    """Decode a reply with a list of entries, and leave the keys serialized."""
    return [
        (key, None if value is None else read(value, 0, len(value)))
        for key, value in data_entries_response(message, serialized)
    ]


def with_own_keys(keys: Mapping[Data, K]) -> Callable[[bytes, ReadData], list[tuple[K, Any]]]:
    """Return the decoder of a reply with a list of entries; its keys are those of the caller.

    Args:
        keys: The keys of the caller. A key that is not among them, since a member has serialized it anew, is
            deserialized.
    """

    def decode(message: bytes, read: ReadData) -> list[tuple[K, Any]]:
        return [
            (keys[key] if key in keys else read(key, 0, len(key)), value)
            for key, value in entries_by_data(message, read)
        ]

    return decode
