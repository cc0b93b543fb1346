"""The codec runtime: hand-checked bytes, hostile bytes, the method constants."""

import struct
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_core.codecs import ErrorHolder, StackTraceElement, client, decode_error
from hz_core.codecs.types import Address, FieldDescriptor, Schema, read_address
from hz_core.wire import decode, encode
from hz_core.wire.frames import (
    CORRELATION_ID_OFFSET,
    DECODE_ERRORS,
    FLAGS_OFFSET,
    FLAGS_TYPE_CORRELATION,
    FRAME_HEADER,
    TYPE_OFFSET,
    HazelcastProtocolError,
)
from hz_core.wire.method import Method
from hz_core.wire.types import ABSENT, raw_data

NAMED = (HazelcastProtocolError, *DECODE_ERRORS)
CONNECTION: Any = None  # the encoders pass it on
MEMBER = UUID("00010203-0405-0607-0809-0a0b0c0d0e0f")


def frame(payload: bytes = b"", flags: int = 0) -> bytes:
    return FRAME_HEADER.pack(len(payload) + 6, flags) + payload


def response(type_id: int, fixed: bytes = b"", *frames: bytes) -> bytes:
    return frame(struct.pack("<iqB", type_id, 7, 0) + fixed, 0xC000) + b"".join(frames)


def test_ping_is_one_final_frame() -> None:
    assert client.ping(CONNECTION).request == bytes.fromhex(
        "16000000 00e0 000b0000 0000000000000000 ffffffff"
    )


def test_uuid_halves_are_little_endian_each() -> None:
    request = client.remove_partition_lost_listener(MEMBER).request
    assert request[22:] == bytes.fromhex("00 0706050403020100 0f0e0d0c0b0a0908")


def test_request_strings_and_nulls() -> None:
    request = client.create_proxy("m", "hz:impl:mapService").request
    assert request[22:] == frame(b"m") + frame(b"hz:impl:mapService", 0x2000)
    parts: list[bytes] = []
    encode.write_nullable(parts, None, encode.write_string)
    encode.write_nullable(parts, None, encode.write_string, encode.FINAL)
    assert b"".join(parts) == bytes.fromhex("060000000004 060000000024")


def test_engine_patches_flags_and_correlation_id() -> None:
    request = client.create_proxy("m", "s").request
    flags, type_id, correlation_id = FLAGS_TYPE_CORRELATION.unpack_from(request, FLAGS_OFFSET)
    assert (flags, type_id, correlation_id) == (0xC000, 0x000400, 0)
    FLAGS_TYPE_CORRELATION.pack_into(request, FLAGS_OFFSET, flags | 0x0100, type_id, 99)
    assert struct.unpack_from("<i", request, TYPE_OFFSET)[0] == 0x000400
    assert struct.unpack_from("<q", request, CORRELATION_ID_OFFSET)[0] == 99


def test_error_message() -> None:
    element = frame(flags=0x1000) + frame(struct.pack("<i", 12)) + frame(b"C") + frame(b"run")
    element += frame(flags=0x0400) + frame(flags=0x0800)
    holder = frame(flags=0x1000) + frame(struct.pack("<i", 27)) + frame(b"java.lang.IllegalStateException")
    holder += frame(b"no") + frame(flags=0x1000) + element + frame(flags=0x0800) + frame(flags=0x0800)
    message = response(0, b"", frame(flags=0x1000), holder, frame(flags=0x2800))
    expected = ErrorHolder(
        27, "java.lang.IllegalStateException", "no", [StackTraceElement("C", "run", None, 12)]
    )
    assert decode_error(message) == [expected]


def test_authentication_of_an_old_member_has_absent_parameters() -> None:
    fixed = struct.pack("<b?QQbi?QQ?", 0, False, 1, 2, 1, 271, True, 0, 0, False)
    message = response(0x000101, fixed, frame(flags=0x0400), frame(b"4.0", 0x2000))
    result = client.AUTHENTICATION.decode(message, raw_data)
    assert result.partition_count == 271
    assert result.address is None
    assert result.cluster_id is None
    assert result.member_uuid == UUID(int=1 << 64 | 2)
    assert result.member_list_version is ABSENT
    assert result.member_infos is ABSENT
    assert not ABSENT


def test_custom_types_skip_what_a_newer_peer_adds() -> None:
    nested = frame(flags=0x1000) + frame(b"?") + frame(flags=0x0800)
    content = frame(flags=0x1000) + frame(struct.pack("<i", 5701) + b"new") + frame(b"host") + nested + nested
    message = content + frame(flags=0x0800) + b"rest"
    assert read_address(message, 0, raw_data) == (Address("host", 5701), len(message) - 4)


def test_schema_round_trip() -> None:
    schema = Schema("person", [FieldDescriptor("name", 14), FieldDescriptor("age", 7)])
    request = client.send_schema(schema).request
    message = response(0x001401, b"", bytes(request[22:]))
    assert client.fetch_schema_response(message, raw_data) == schema


def test_fast_uuid_is_a_uuid() -> None:
    value = decode.uuid_from(False, MEMBER.int >> 64, MEMBER.int & (1 << 64) - 1)
    assert value == MEMBER
    assert (str(value), hash(value), value.is_safe) == (str(MEMBER), hash(MEMBER), MEMBER.is_safe)


@given(st.integers(0, (1 << 128) - 1))
def test_random_uuid_is_that_of_the_library(bits: int) -> None:
    assert decode.random_uuid(bits) == UUID(int=bits, version=4)


@given(st.lists(st.one_of(st.none(), st.binary(max_size=20))))
def test_data_list(values: list[bytes | None]) -> None:
    parts: list[bytes] = []
    encode.write_data_list(parts, values, encode.FINAL)
    message = response(1, b"", *parts)
    assert decode.data_list_response(message, raw_data) == values


@given(st.lists(st.tuples(st.binary(max_size=20), st.one_of(st.none(), st.binary(max_size=20)))))
def test_data_entries(entries: list[tuple[bytes, bytes | None]]) -> None:
    parts: list[bytes] = []
    encode.write_data_entries(parts, entries, encode.FINAL)
    message = response(1, b"", *parts)
    assert decode.data_entries_response(message, raw_data) == entries


def test_final_flag_inside_a_joined_message_means_nothing() -> None:
    """A message joined from fragments has IS_FINAL where a fragment ended."""
    message = response(1, b"", frame(flags=0x1000), frame(b"a", 0x2000), frame(b"b"), frame(flags=0x2800))
    assert decode.data_list_response(message, raw_data) == [b"a", b"b"]
    message = response(
        1, b"", frame(flags=0x1000), frame(b"a", 0x2000), frame(b"b", 0x2000), frame(flags=0x2800)
    )
    assert decode.data_entries_response(message, raw_data) == [(b"a", b"b")]


def test_too_short_initial_frame_is_a_protocol_error() -> None:
    message = response(0x000501) + frame(b"x" * 40)
    for decoder in (
        decode.boolean_response,
        decode.int_response,
        decode.long_response,
        decode.uuid_response,
        decode.long_event,
    ):
        with pytest.raises(HazelcastProtocolError, match="needs at least"):
            decoder(message, raw_data)


def test_missing_begin_frame_is_a_protocol_error() -> None:
    with pytest.raises(HazelcastProtocolError, match="begin frame"):
        decode.data_list_response(response(1, b"", frame(b"abc")), raw_data)


DECODERS: list[Any] = [
    decoder
    for method in vars(client).values()
    if isinstance(method, Method)
    for decoder in (method.decode, *method.events.values())
] + [decode_error]
FRAMES = st.builds(
    frame,
    st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"\0" * 4, b"\xff" * 17, b"\x01\0\0\0" * 6])),
    st.sampled_from([0, 0, 0, 0x0400, 0x0800, 0x1000, 0x2000, 0x2800]),
)


@settings(deadline=None)
@given(st.binary(min_size=13, max_size=80), st.lists(FRAMES, max_size=12))
def test_garbage_gives_only_the_named_errors(head: bytes, frames: list[bytes]) -> None:
    """Frames that are whole, as the frame reader guarantees, with any content: a value or a named error."""
    message = frame(head, 0xC000) + b"".join(frames)
    for decoder in DECODERS:
        with suppress(*NAMED):
            decoder(message, raw_data)


def test_method_is_immutable() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        client.PING.name = "x"
    with pytest.raises(AttributeError, match="immutable"):
        del client.PING.name
    assert repr(client.PING) == "<Method Client.ping 0x000b00>"
    assert not client.PING.events
    assert client.LOCAL_BACKUP_LISTENER.events[0x000F02] is client.backup_event
