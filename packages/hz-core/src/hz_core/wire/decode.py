"""Decoding of parameters.

``read_*(message, pos, read)`` reads the value at ``pos`` and returns it with the position after it;
``*_response(message, read)`` are decoders of whole messages, for the most common responses.

They do not repeat the checks of the frame reader, and do not catch errors of ``struct`` (see
``hz_core.wire.frames.DECODE_ERRORS``). A null UUID is returned as None, even where the schema does not allow null.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct, unpack_from
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID, SafeUUID

from hz_core.compiled import response_decoder
from hz_core.wire.frames import (
    BEGIN_DATA_STRUCTURE,
    END_DATA_STRUCTURE,
    FRAME_HEADER,
    IS_NULL,
    HazelcastProtocolError,
)
from hz_core.wire.types import ReadData

K = TypeVar("K")
T = TypeVar("T")
Reader = Callable[[bytes, int, ReadData], tuple[T, int]]

_END_OR_NULL: Final = END_DATA_STRUCTURE | IS_NULL

frame_at: Final = FRAME_HEADER.unpack_from
length_at: Final = Struct("<i").unpack_from
_boolean_response: Final = Struct("<i15x?").unpack_from
_int_response: Final = Struct("<i15xi").unpack_from
_long_response: Final = Struct("<i15xq").unpack_from
_long_event: Final = Struct("<i18xq").unpack_from
_uuid_response: Final = Struct("<i15x?QQ").unpack_from
_uuid: Final = Struct("<?QQ")
_int_int: Final = Struct("<ii")
_int_long: Final = Struct("<iq")
_int_uuid: Final = Struct("<i?QQ")
_uuid_long: Final = Struct("<?QQq")
_uuid_uuid: Final = Struct("<?QQ?QQ")
_new_object: Final = object.__new__
_set: Final = object.__setattr__
_UNKNOWN_SAFETY: Final = SafeUUID.unknown

_LOW_64: Final = (1 << 64) - 1

_VERSION_4: Final = 4 << 76 | 2 << 62

_RANDOM_BITS: Final = ((1 << 128) - 1) & ~(15 << 76 | 3 << 62)


def truncated(length: int, needed: int) -> NoReturn:
    """Raise the error for a frame that is too short for the fixed-size parameters that every version sends."""
    raise HazelcastProtocolError(
        f"A frame has {length} bytes, but its message type needs at least {needed}: "
        "the message is damaged, or the peer is not a Hazelcast member"
    )


def uuid_from(is_null: bool, most: int, least: int) -> Any:
    """Return the UUID of three fields, or None. Skips ``UUID.__init__``, the most expensive part of decoding."""
    if is_null:
        return None
    value = _new_object(UUID)
    _set(value, "int", most << 64 | least)
    _set(value, "is_safe", _UNKNOWN_SAFETY)
    return value


def random_uuid(number: int) -> UUID:
    """Return the UUID of version 4 with the bits of a random number of 128 bits, but those that tell the version."""
    number = number & _RANDOM_BITS | _VERSION_4
    made: UUID = uuid_from(False, number >> 64, number & _LOW_64)
    return made


def is_null(message: bytes, pos: int) -> int:
    """Return whether there is a null frame at ``pos``."""
    return int(frame_at(message, pos)[1] & IS_NULL)


def is_end(message: bytes, pos: int) -> int:
    """Return whether there is an end frame at ``pos``: the custom type of an older peer has no further fields."""
    return int(frame_at(message, pos)[1] & END_DATA_STRUCTURE)


def after_begin(message: bytes, pos: int) -> int:
    """Return the position after the begin frame at ``pos``."""
    length, flags = frame_at(message, pos)
    if not flags & BEGIN_DATA_STRUCTURE:
        raise HazelcastProtocolError(
            f"Expected the begin frame of a list, map or custom type at byte {pos} of a message, "
            f"but found a frame with the flags 0x{flags:04x}"
        )
    return pos + int(length)


def after_end(message: bytes, pos: int) -> int:
    """Return the position after the end frame of the custom type whose known fields end at ``pos``.

    Skips additional fields of a newer peer, including nested types.
    """
    depth = 1
    while depth:
        length, flags = frame_at(message, pos)
        pos += length
        if flags & END_DATA_STRUCTURE:
            depth -= 1
        elif flags & BEGIN_DATA_STRUCTURE:
            depth += 1
    return pos


def read_string(message: bytes, pos: int, read: ReadData) -> tuple[str, int]:
    """Read a string."""
    end = pos + length_at(message, pos)[0]
    return message[pos + 6 : end].decode(), end


def read_bytes(message: bytes, pos: int, read: ReadData) -> tuple[bytes, int]:
    """Read a byte array."""
    end = pos + length_at(message, pos)[0]
    return message[pos + 6 : end], end


def read_data(message: bytes, pos: int, read: ReadData) -> tuple[Any, int]:
    """Read a ``Data`` and return the object, or None for a null frame."""
    length, flags = frame_at(message, pos)
    end = pos + length
    if flags & IS_NULL:
        return None, end
    return read(message, pos + 6, end), end


def read_nullable(message: bytes, pos: int, read: ReadData, reader: Reader[T]) -> tuple[T | None, int]:
    """Read a value with ``reader``, or return None for a null frame."""
    length, flags = frame_at(message, pos)
    if flags & IS_NULL:
        return None, pos + length
    return reader(message, pos, read)


def read_ints(message: bytes, pos: int, read: ReadData) -> tuple[list[int], int]:
    """Read a list of int32 in one frame."""
    end = pos + length_at(message, pos)[0]
    return list(unpack_from(f"<{(end - pos - 6) // 4}i", message, pos + 6)), end


def read_longs(message: bytes, pos: int, read: ReadData) -> tuple[list[int], int]:
    """Read a list or array of int64 in one frame."""
    end = pos + length_at(message, pos)[0]
    return list(unpack_from(f"<{(end - pos - 6) // 8}q", message, pos + 6)), end


def read_floats(message: bytes, pos: int, read: ReadData) -> tuple[list[float], int]:
    """Read an array of float32 in one frame."""
    end = pos + length_at(message, pos)[0]
    return list(unpack_from(f"<{(end - pos - 6) // 4}f", message, pos + 6)), end


def read_uuids(message: bytes, pos: int, read: ReadData) -> tuple[list[UUID], int]:
    """Read a list of UUIDs in one frame."""
    end = pos + length_at(message, pos)[0]
    return [uuid_from(*fields) for fields in _uuid.iter_unpack(message[pos + 6 : end])], end


def read_int_int_entries(message: bytes, pos: int, read: ReadData) -> tuple[list[tuple[int, int]], int]:
    """Read int32 to int32 entries in one frame."""
    end = pos + length_at(message, pos)[0]
    return list(_int_int.iter_unpack(message[pos + 6 : end])), end


def read_int_long_entries(message: bytes, pos: int, read: ReadData) -> tuple[list[tuple[int, int]], int]:
    """Read int32 to int64 entries in one frame."""
    end = pos + length_at(message, pos)[0]
    return list(_int_long.iter_unpack(message[pos + 6 : end])), end


def read_int_uuid_entries(message: bytes, pos: int, read: ReadData) -> tuple[list[tuple[int, UUID]], int]:
    """Read int32 to UUID entries in one frame."""
    end = pos + length_at(message, pos)[0]
    fields = _int_uuid.iter_unpack(message[pos + 6 : end])
    return [(key, uuid_from(null, most, least)) for key, null, most, least in fields], end


def read_uuid_long_entries(message: bytes, pos: int, read: ReadData) -> tuple[list[tuple[UUID, int]], int]:
    """Read UUID to int64 entries in one frame."""
    end = pos + length_at(message, pos)[0]
    fields = _uuid_long.iter_unpack(message[pos + 6 : end])
    return [(uuid_from(null, most, least), value) for null, most, least, value in fields], end


def read_uuid_uuid_entries(message: bytes, pos: int, read: ReadData) -> tuple[list[tuple[UUID, UUID]], int]:
    """Read UUID to UUID entries in one frame."""
    end = pos + length_at(message, pos)[0]
    fields = _uuid_uuid.iter_unpack(message[pos + 6 : end])
    return [(uuid_from(*both[:3]), uuid_from(*both[3:])) for both in fields], end


def read_uuid_ints_entries(
    message: bytes, pos: int, read: ReadData
) -> tuple[list[tuple[UUID, list[int]]], int]:
    """Read UUID to list of int32 entries: a list of the values, then one frame with all keys."""
    values, pos = read_list(message, pos, read, read_ints)
    keys, pos = read_uuids(message, pos, read)
    return list(zip(keys, values, strict=True)), pos


def read_long_bytes_entries(message: bytes, pos: int, read: ReadData) -> tuple[list[tuple[int, bytes]], int]:
    """Read int64 to byte array entries: a list of the values, then one frame with all keys."""
    values, pos = read_list(message, pos, read, read_bytes)
    keys, pos = read_longs(message, pos, read)
    return list(zip(keys, values, strict=True)), pos


def read_data_list(message: bytes, pos: int, read: ReadData) -> tuple[list[Any], int]:
    """Read a list of ``Data`` and return the objects; null frames become None."""
    pos = after_begin(message, pos)
    values: list[Any] = []
    append = values.append
    while True:
        length, flags = frame_at(message, pos)
        end = pos + length
        if flags & _END_OR_NULL:
            if flags & END_DATA_STRUCTURE:
                return values, end
            append(None)
        else:
            append(read(message, pos + 6, end))
        pos = end


def read_data_entries(message: bytes, pos: int, read: ReadData) -> tuple[list[tuple[Any, Any]], int]:
    """Read ``Data`` to ``Data`` entries and return pairs of objects; null frames become None."""
    pos = after_begin(message, pos)
    entries: list[tuple[Any, Any]] = []
    append = entries.append
    while True:
        length, flags = frame_at(message, pos)
        end = pos + length
        if flags & END_DATA_STRUCTURE:
            return entries, end
        key = read(message, pos + 6, end)
        length, flags = frame_at(message, end)
        pos = end + length
        append((key, None if flags & IS_NULL else read(message, end + 6, pos)))


def read_list(message: bytes, pos: int, read: ReadData, read_item: Reader[T]) -> tuple[list[T], int]:
    """Read a list of items of any other type."""
    pos = after_begin(message, pos)
    values: list[T] = []
    while True:
        length, flags = frame_at(message, pos)
        if flags & END_DATA_STRUCTURE:
            return values, pos + length
        value, pos = read_item(message, pos, read)
        values.append(value)


def read_entries(
    message: bytes, pos: int, read: ReadData, read_key: Reader[K], read_value: Reader[T]
) -> tuple[list[tuple[K, T]], int]:
    """Read a map or a list of entries, with keys and values of any other types."""
    pos = after_begin(message, pos)
    entries: list[tuple[K, T]] = []
    while True:
        length, flags = frame_at(message, pos)
        if flags & END_DATA_STRUCTURE:
            return entries, pos + length
        key, pos = read_key(message, pos, read)
        value, pos = read_value(message, pos, read)
        entries.append((key, value))


@response_decoder
def empty_response(message: bytes, read: ReadData) -> None:
    """Decode a response without parameters, or only with unknown ones."""


@response_decoder
def boolean_response(message: bytes, read: ReadData) -> bool:
    """Decode a response with one boolean."""
    length, value = _boolean_response(message)
    if length < 20:
        truncated(length, 20)
    return value  # type: ignore[no-any-return]  # struct's "?" is a bool


def int_response(message: bytes, read: ReadData) -> int:
    """Decode a response with one int32."""
    length, value = _int_response(message)
    if length < 23:
        truncated(length, 23)
    return value  # type: ignore[no-any-return]  # struct's "i" is an int


def long_response(message: bytes, read: ReadData) -> int:
    """Decode a response with one int64."""
    length, value = _long_response(message)
    if length < 27:
        truncated(length, 27)
    return value  # type: ignore[no-any-return]  # struct's "q" is an int


def long_event(message: bytes, read: ReadData) -> int:
    """Decode an event with one int64."""
    length, value = _long_event(message)
    if length < 30:
        truncated(length, 30)
    return value  # type: ignore[no-any-return]  # struct's "q" is an int


def uuid_response(message: bytes, read: ReadData) -> Any:
    """Decode a response with one UUID."""
    length, null, most, least = _uuid_response(message)
    if length < 36:
        truncated(length, 36)
    return uuid_from(null, most, least)


@response_decoder
def data_response(message: bytes, read: ReadData) -> Any:
    """Decode a response with one ``Data``, which may be null, and return the object."""
    start = length_at(message)[0]
    length, flags = frame_at(message, start)
    if flags & IS_NULL:
        return None
    return read(message, start + 6, start + length)


@response_decoder
def data_list_response(message: bytes, read: ReadData) -> list[Any]:
    """Decode a response with one list of ``Data`` and return the objects."""
    return read_data_list(message, length_at(message)[0], read)[0]


@response_decoder
def data_entries_response(message: bytes, read: ReadData) -> list[tuple[Any, Any]]:
    """Decode a response with one list of ``Data`` entries and return pairs of objects."""
    return read_data_entries(message, length_at(message)[0], read)[0]
