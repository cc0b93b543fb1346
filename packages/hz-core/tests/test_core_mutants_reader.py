"""The frame reader at its limits: what mutation testing found untested."""

import struct
from collections.abc import Callable

import pytest

from hz_core.wire.frames import HazelcastProtocolError
from hz_core.wire.reader import MessageReader

UNFRAGMENTED, BEGIN, END, FINAL = 0xC000, 0x8000, 0x4000, 0x2000
INITIAL = b"\0" * 13
"""Payload of the shortest initial frame."""


def frame(payload: bytes, flags: int = 0) -> bytes:
    return struct.pack("<iH", len(payload) + 6, flags) + payload


def fragment(number: int, flags: int, body: bytes) -> bytes:
    return frame(struct.pack("<q", number), flags) + body


HEAD = frame(INITIAL, UNFRAGMENTED)
TWO_FRAMES = HEAD + frame(b"last", FINAL)
THREE_FRAMES = HEAD + frame(b"between") + frame(b"last", FINAL)
BODIES = frame(INITIAL, FINAL), frame(b"\0" * 24, FINAL)
FRAGMENTS = fragment(1, BEGIN, BODIES[0]) + fragment(1, END, BODIES[1])
JOINED = b"".join(BODIES)


def at_once(reader: MessageReader, stream: bytes) -> list[bytes]:
    """Read all in one piece."""
    return reader.feed(stream)


def before_the_last_frame(reader: MessageReader, stream: bytes) -> list[bytes]:
    """Read the last frame, of the payload ``last``, in a piece of its own."""
    return reader.feed(stream[:-10]) + reader.feed(stream[-10:])


def after_the_first_frame(reader: MessageReader, stream: bytes) -> list[bytes]:
    """Read the initial frame, of the shortest length, in a piece of its own."""
    return reader.feed(stream[:19]) + reader.feed(stream[19:])


def byte_by_byte(reader: MessageReader, stream: bytes) -> list[bytes]:
    """Read one byte at a time."""
    return [message for byte in stream for message in reader.feed(bytes([byte]))]


@pytest.mark.parametrize("read", [at_once, after_the_first_frame, before_the_last_frame, byte_by_byte])
@pytest.mark.parametrize("stream", [TWO_FRAMES, THREE_FRAMES], ids=["two", "three"])
def test_the_limit_of_a_message_counts_each_byte(
    stream: bytes, read: Callable[[MessageReader, bytes], list[bytes]]
) -> None:
    size = len(stream)
    assert read(MessageReader(size), stream) == [stream]
    with pytest.raises(
        HazelcastProtocolError, match=f"at least {size} bytes is over the limit of {size - 1} bytes"
    ):
        read(MessageReader(size - 1), stream)


def test_an_empty_frame_may_be_the_one_too_many() -> None:
    stream = HEAD + frame(b"", FINAL)
    with pytest.raises(HazelcastProtocolError, match="at least 25 bytes is over the limit of 24 bytes"):
        MessageReader(24).feed(stream)


def test_the_limit_of_fragments_counts_what_is_open() -> None:
    reader = MessageReader(len(JOINED))
    # What was joined no longer counts, so each message may have the whole limit.
    assert [reader.feed(FRAGMENTS) for _ in range(3)] == [[JOINED]] * 3
    with pytest.raises(
        HazelcastProtocolError, match=f"fragments are over the limit of {len(JOINED) - 1} bytes"
    ):
        MessageReader(len(JOINED) - 1).feed(FRAGMENTS)


def test_what_is_joined_leaves_the_count_of_what_is_open() -> None:
    first, second = BODIES
    reader = MessageReader(len(second) + len(JOINED))
    assert reader.feed(fragment(2, BEGIN, second)) == []
    assert reader.feed(FRAGMENTS) == [JOINED]
    assert reader.feed(fragment(3, BEGIN, first) + fragment(4, BEGIN, second)) == []
    with pytest.raises(HazelcastProtocolError, match="over the limit"):
        reader.feed(fragment(5, BEGIN, frame(b"", FINAL)))


def test_frames_that_end_with_a_receive_are_no_message_before_the_last() -> None:
    reader = MessageReader()
    assert reader.feed(HEAD + frame(b"between")) == []
    assert reader.feed(frame(b"last", FINAL)) == [THREE_FRAMES]


def test_two_messages_of_one_frame_in_one_receive() -> None:
    message = frame(INITIAL, UNFRAGMENTED | FINAL)
    assert MessageReader().feed(message * 2) == [message] * 2


@pytest.mark.parametrize("cut", range(26, 76))
def test_long_initial_frame_may_be_cut_anywhere(cut: int) -> None:
    stream = frame(INITIAL + b"\0" * 40, UNFRAGMENTED) + frame(b"last", FINAL)
    reader = MessageReader()
    messages = reader.feed(stream[:cut]) + reader.feed(stream[cut:])
    assert messages == [stream]


@pytest.mark.parametrize("flags", [0x0100, 0x0200, 0x0080], ids=["backup aware", "event", "backup event"])
def test_other_flags_do_not_make_a_fragment(flags: int) -> None:
    for between in (b"", frame(b"between")):
        stream = frame(INITIAL, UNFRAGMENTED | flags) + between + frame(b"last", FINAL)
        assert MessageReader().feed(stream) == [stream]


def test_errors_tell_what_is_wrong() -> None:
    with pytest.raises(
        HazelcastProtocolError, match=r"of 5 bytes, below the 6 of its own header: the stream is not"
    ):
        MessageReader().feed(struct.pack("<iH", 5, UNFRAGMENTED))
    with pytest.raises(HazelcastProtocolError, match="initial frame has 0 bytes, at least 19"):
        MessageReader().feed(fragment(1, BEGIN | FINAL, b"") + fragment(1, END | FINAL, b""))
    with pytest.raises(HazelcastProtocolError, match="initial frame has 18 bytes, at least 19"):
        MessageReader().feed(fragment(1, BEGIN | FINAL, b"") + fragment(1, END, frame(INITIAL[1:], FINAL)))
