"""Encoding of parameters: functions append frames to ``parts``, which an encoder joins to one message at the end.

The sum of the argument ``head`` and a frame's length gives the six header bytes with one ``to_bytes``: ``head`` is
``PLAIN``, or ``FINAL`` for the last frame of the message. This is faster than a ``Struct``, and the IS_FINAL flag
has no extra cost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache
from struct import Struct, pack
from typing import Any, Final, TypeVar
from uuid import UUID

from hz_core.compiled import list_writer
from hz_core.wire.frames import (
    BEGIN_DATA_STRUCTURE,
    END_DATA_STRUCTURE,
    FRAME_HEADER,
    FRAME_HEADER_SIZE,
    IS_FINAL,
    IS_NULL,
)

K = TypeVar("K")
T = TypeVar("T")

Parts = list[bytes]
UuidFields = tuple[bool, int, int]

PLAIN: Final = FRAME_HEADER_SIZE
FINAL: Final = FRAME_HEADER_SIZE | IS_FINAL << 32
_NULL_FRAMES: Final = {head: (head | IS_NULL << 32).to_bytes(6, "little") for head in (PLAIN, FINAL)}
_END_FRAMES: Final = {
    head: (head | END_DATA_STRUCTURE << 32).to_bytes(6, "little") for head in (PLAIN, FINAL)
}

BEGIN_FRAME: Final = FRAME_HEADER.pack(FRAME_HEADER_SIZE, BEGIN_DATA_STRUCTURE)

_NULL_UUID: Final = (True, 0, 0)
_LOW_64: Final = (1 << 64) - 1
_uuid_pair_long: Final = Struct("<?QQq").pack

# Joins parts to one new mutable message, copying each byte once.
join_parts: Final = bytearray().join


def string_frame(value: str) -> bytes:
    """Return the frame of a string."""
    payload = value.encode()
    return (len(payload) + PLAIN).to_bytes(6, "little") + payload


def final_string_frame(value: str) -> bytes:
    """Return the frame of a string at the end of a message."""
    payload = value.encode()
    return (len(payload) + FINAL).to_bytes(6, "little") + payload


# Cached frames of object names: few names are used very often.
name_frame: Final = lru_cache(maxsize=1024)(string_frame)
final_name_frame: Final = lru_cache(maxsize=1024)(final_string_frame)


def uuid_fields(value: UUID | None) -> UuidFields:
    """Return the three fields of a UUID's 17 bytes: is null, most significant half, least significant half."""
    if value is None:
        return _NULL_UUID
    number = value.int
    return (False, number >> 64, number & _LOW_64)


def write_bytes(parts: Parts, value: bytes, head: int = PLAIN) -> None:
    """Append a ``Data`` or a byte array."""
    parts.append((len(value) + head).to_bytes(6, "little"))
    parts.append(value)


def write_string(parts: Parts, value: str, head: int = PLAIN) -> None:
    """Append a string as UTF-8."""
    write_bytes(parts, value.encode(), head)


def write_null(parts: Parts, head: int = PLAIN) -> None:
    """Append a null frame."""
    parts.append(_NULL_FRAMES[head])


def write_end(parts: Parts, head: int = PLAIN) -> None:
    """Append the end frame of a list, map or custom type."""
    parts.append(_END_FRAMES[head])


def write_ints(parts: Parts, values: Collection[int], head: int = PLAIN) -> None:
    """Append a list of int32 as one frame."""
    write_bytes(parts, pack(f"<{len(values)}i", *values), head)


def write_floats(parts: Parts, values: Collection[float], head: int = PLAIN) -> None:
    """Append an array of float32 as one frame."""
    write_bytes(parts, pack(f"<{len(values)}f", *values), head)


def write_int_int_entries(parts: Parts, entries: Iterable[tuple[int, int]], head: int = PLAIN) -> None:
    """Append int32 to int32 entries as one frame."""
    flat = [number for entry in entries for number in entry]
    write_ints(parts, flat, head)


def write_uuid_long_entries(parts: Parts, entries: Iterable[tuple[UUID, int]], head: int = PLAIN) -> None:
    """Append UUID to int64 entries as one frame."""
    payload = b"".join([_uuid_pair_long(*uuid_fields(key), value) for key, value in entries])
    write_bytes(parts, payload, head)


@list_writer(are_pairs=False)
def write_data_list(parts: Parts, values: Iterable[bytes | None], head: int = PLAIN) -> None:
    """Append a list of ``Data``, with nulls where the schema allows them."""
    parts.append(BEGIN_FRAME)
    append = parts.append
    for value in values:
        if value is None:
            write_null(parts)
        else:
            append((len(value) + 6).to_bytes(6, "little"))
            append(value)
    write_end(parts, head)


@list_writer(are_pairs=True)
def write_data_entries(
    parts: Parts, entries: Iterable[tuple[bytes, bytes | None]], head: int = PLAIN
) -> None:
    """Append ``Data`` to ``Data`` entries; values can be null only inside custom types."""
    parts.append(BEGIN_FRAME)
    append = parts.append
    for key, value in entries:
        append((len(key) + 6).to_bytes(6, "little"))
        append(key)
        if value is None:
            write_null(parts)
        else:
            append((len(value) + 6).to_bytes(6, "little"))
            append(value)
    write_end(parts, head)


def write_list(
    parts: Parts, values: Iterable[T], write_item: Callable[[Parts, T], object], head: int = PLAIN
) -> None:
    """Append a list of items of any other type."""
    parts.append(BEGIN_FRAME)
    for value in values:
        write_item(parts, value)
    write_end(parts, head)


def write_entries(
    parts: Parts,
    entries: Iterable[tuple[K, T]],
    write_key: Callable[[Parts, K], object],
    write_value: Callable[[Parts, T], object],
    head: int = PLAIN,
) -> None:
    """Append a map or a list of entries, with keys and values of any other types."""
    parts.append(BEGIN_FRAME)
    for key, value in entries:
        write_key(parts, key)
        write_value(parts, value)
    write_end(parts, head)


def write_nullable(
    parts: Parts, value: T | None, write: Callable[[Parts, T, int], Any], head: int = PLAIN
) -> None:
    """Append a value, or a null frame for None."""
    if value is None:
        write_null(parts, head)
    else:
        write(parts, value, head)
