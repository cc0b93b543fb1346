"""The frame reader: the same messages however the bytes are cut, or a protocol error; never anything else."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_core.wire.frames import HazelcastProtocolError
from hz_core.wire.reader import RECEIVE_SIZE, MessageReader, _Incomplete

IS_FINAL, UNFRAGMENTED, BEGIN, END = 0x2000, 0xC000, 0x8000, 0x4000


def frame(payload: bytes, flags: int = 0) -> bytes:
    return struct.pack("<iH", len(payload) + 6, flags) + payload


def message(correlation_id: int, *payloads: bytes) -> bytes:
    """Make a response of an initial frame and more frames."""
    head = struct.pack("<iqB", 0x010101, correlation_id, 0)
    last = len(payloads)
    made = [frame(head, UNFRAGMENTED | (0 if payloads else IS_FINAL))]
    made += [frame(p, IS_FINAL if i == last else 0) for i, p in enumerate(payloads, 1)]
    return b"".join(made)


def fragmented(correlation_id: int, fragment_id: int, *payloads: bytes) -> list[bytes]:
    """Make the same message as fragments of one frame each."""
    head = struct.pack("<iqB", 0x010101, correlation_id, 0)
    bodies = [frame(head, UNFRAGMENTED), *(frame(p) for p in payloads)]
    made = []
    for index, body in enumerate(bodies):
        flags = (BEGIN if not index else 0) | (END if index == len(bodies) - 1 else 0)
        own = struct.unpack_from("<H", body, 4)[0] | IS_FINAL
        made.append(
            frame(struct.pack("<q", fragment_id), flags) + body[:4] + struct.pack("<H", own) + body[6:]
        )
    return made


def by_feed(reader: MessageReader, pieces: Iterator[bytes]) -> list[bytes]:
    """Read as asyncio's transport does."""
    return [m for piece in pieces for m in reader.feed(piece)]


def by_asked_size(reader: MessageReader, pieces: Iterator[bytes]) -> list[bytes]:
    """Read as the threaded transport does: never more at a time than the reader asks for."""
    found = []
    for piece in pieces:
        left = piece
        while left:
            wanted = reader.receive_sizes[0]
            found += reader.feed(left[:wanted])
            left = left[wanted:]
    return found


WAYS = [by_feed, by_asked_size]
Way = Callable[[MessageReader, Iterator[bytes]], list[bytes]]


def cut(data: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """Cut `data` into pieces of these sizes, over and over."""
    pos = 0
    for size in cycle(sizes):
        if pos >= len(data):
            return
        yield data[pos : pos + size]
        pos += size


def outcome(way: Way, data: bytes, sizes: Sequence[int], limit: int = 1 << 20) -> list[bytes] | str:
    """Return the messages, or the text of the protocol error. Anything else is raised."""
    try:
        return way(MessageReader(limit), cut(data, sizes))
    except HazelcastProtocolError as e:
        return str(e)


payloads = st.lists(st.binary(max_size=40), max_size=4)
large = st.builds(
    lambda n, byte: bytes([byte]) * n,
    st.sampled_from([RECEIVE_SIZE - 30, RECEIVE_SIZE, RECEIVE_SIZE + 1, 200_000]),
    st.integers(0, 255),
)
some_messages = st.lists(
    st.builds(
        lambda i, p: message(i, *p),
        st.integers(0, 99),
        payloads | st.lists(large | st.binary(max_size=9), max_size=3),
    ),
    max_size=6,
)
sizes = st.lists(
    st.one_of(st.integers(1, 30), st.sampled_from([1000, RECEIVE_SIZE, 3 * RECEIVE_SIZE])),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("way", WAYS)
@given(expected=some_messages, cuts=sizes)
@settings(max_examples=60)
def test_any_cut_gives_the_same_messages(way: Way, expected: list[bytes], cuts: list[int]) -> None:
    if sum(map(len, expected)) / (sum(cuts) / len(cuts)) > 20_000:
        cuts = [4096]
    assert outcome(way, b"".join(expected), cuts) == expected


@given(data=st.data())
@settings(max_examples=60)
def test_fragments_interleave_with_each_other_and_with_whole_messages(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    # One fragment alone would look like a whole message, so there are two at least.
    parts = [data.draw(payloads.filter(bool)) for _ in range(count)]
    queues = [fragmented(i, 100 + i, *p) for i, p in enumerate(parts)]
    wire: list[bytes] = []
    expected: set[tuple[int, tuple[bytes, ...]]] = set()
    while any(queues):
        index = data.draw(st.sampled_from([i for i, queue in enumerate(queues) if queue]))
        wire.append(queues[index].pop(0))
        if data.draw(st.booleans()):
            wire.append(message(1000 + len(wire)))
            expected.add((1000 + len(wire) - 1, ()))
    expected |= {(i, tuple(p)) for i, p in enumerate(parts)}
    for way in WAYS:
        found = outcome(way, b"".join(wire), data.draw(sizes))
        assert isinstance(found, list)
        assert {parsed(m) for m in found} == expected
        assert len(found) == len(expected)


def parsed(joined: bytes) -> tuple[int, tuple[bytes, ...]]:
    """Return correlation id and payloads."""
    found, pos = [], 0
    while pos < len(joined):
        length = struct.unpack_from("<i", joined, pos)[0]
        found.append(joined[pos + 6 : pos + length])
        pos += length
    return struct.unpack_from("<q", found[0], 4)[0], tuple(found[1:])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A stream of messages with something wrong somewhere, or not."""
    stream = bytearray(b"".join(draw(some_messages)) + b"".join(fragmented(5, 6, b"abc")))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(stream) - 1))
        what = draw(st.integers(0, 3))
        if what == 0:
            stream[at] = draw(st.integers(0, 255))
        elif what == 1:
            del stream[at : at + draw(st.integers(1, 9))]
        elif what == 2:
            stream[at:at] = draw(st.binary(max_size=9))
        else:
            stream[at : at + 4] = struct.pack("<i", draw(st.integers(-(2**31), 2**31 - 1)))
        if not stream:
            break
    return bytes(stream)


@given(stream=damaged() | st.binary(max_size=300), cuts=sizes)
@settings(max_examples=150)
def test_damage_gives_the_same_messages_or_a_protocol_error(stream: bytes, cuts: list[int]) -> None:
    if len(stream) > 3000:
        cuts = [max(size, 1000) for size in cuts]
    results = [outcome(way, stream, how) for way in WAYS for how in (cuts, [max(len(stream), 1)])]
    assert all(result == results[0] for result in results)


@given(stream=st.binary(max_size=200))
def test_garbage_byte_by_byte(stream: bytes) -> None:
    whole = outcome(by_feed, stream, [max(len(stream), 1)])
    assert outcome(by_feed, stream, [1]) == outcome(by_asked_size, stream, [1]) == whole


def test_truncated_stream_gives_what_is_whole_and_waits() -> None:
    first, second = message(1, b"a"), message(2, b"b" * 100_000)
    for way in WAYS:
        reader = MessageReader()
        assert way(reader, iter([first + second[:-1]])) == [first]
        assert way(reader, iter([second[-1:]])) == [second]
        assert way(reader, iter([first])) == [first]


@pytest.mark.parametrize("length", [-(2**31), -1, 0, 5])
def test_impossible_lengths(length: int) -> None:
    for stream in (
        struct.pack("<iH", length, UNFRAGMENTED),
        message(1, b"x")[:-7] + struct.pack("<iH", length, 0),
    ):
        with pytest.raises(HazelcastProtocolError, match=f"length of {length} bytes"):
            MessageReader().feed(stream)


def test_initial_frame_that_is_too_short() -> None:
    with pytest.raises(HazelcastProtocolError, match="at least 19"):
        MessageReader().feed(frame(b"123456789012", UNFRAGMENTED | IS_FINAL))


def test_oversized_messages_are_refused_before_they_are_received() -> None:
    reader = MessageReader(max_message_size=1000)
    assert reader.feed(message(1, b"x" * 900))
    with pytest.raises(HazelcastProtocolError, match="limit of 1000 bytes"):
        reader.feed(message(1)[:4] + b"\x00\xc0" + message(1)[6:] + struct.pack("<iH", 1000, 0))


def test_oversized_by_many_frames_or_fragments() -> None:
    for stream in (message(1, *[b"x" * 90] * 20), b"".join(fragmented(1, 2, *[b"x" * 90] * 20))):
        with pytest.raises(HazelcastProtocolError, match="limit of 1000 bytes"):
            by_feed(MessageReader(max_message_size=1000), cut(stream, [50]))


def fragment(fragment_id: int, flags: int, body: bytes = b"") -> bytes:
    head = frame(struct.pack("<q", fragment_id), flags | (0 if body else IS_FINAL))
    return head + (body[:4] + struct.pack("<H", IS_FINAL) + body[6:] if body else b"")


@pytest.mark.parametrize(
    ("stream", "word"),
    [
        (fragment(1, BEGIN, frame(b"a")) * 2, "begins twice"),
        (fragment(1, 0, frame(b"a")), "never began"),
        (fragment(1, END, frame(b"a")), "never began"),
        (frame(b"1234567", BEGIN | IS_FINAL), "14 are needed"),
        (message(1) + frame(b"x" * 30, BEGIN | IS_FINAL) + message(2), "14 are needed"),
        (fragment(1, BEGIN) + fragment(1, END), "at least 19"),
        (fragment(1, BEGIN, frame(b"a")) + fragment(1, END, frame(b"b" * 40)), "at least 19"),
        (b"".join(fragment(i, BEGIN) for i in range(1025)), "1024 fragmented messages"),
    ],
)
def test_fragments_that_do_not_fit(stream: bytes, word: str) -> None:
    for way in WAYS:
        assert word in outcome(way, stream, [len(stream)])


def test_empty_fragments_take_no_memory() -> None:
    reader = MessageReader()
    reader.feed(fragment(1, BEGIN))
    for _ in range(100):
        reader.feed(fragment(1, 0) * 100)
    assert sum(map(len, reader._incomplete._fragments.values())) == 0


def test_message_that_fills_a_receive_is_not_copied() -> None:
    whole = message(1, b"x" * 1000)
    assert MessageReader().feed(whole)[0] is whole


@pytest.mark.parametrize("frames", [1, 20_000])
def test_large_message_in_pieces_is_scanned_and_joined_once(
    frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 16 << 20
    whole = message(1, *[b"x" * (size // frames)] * frames)
    scanned = 0
    split = _Incomplete._split

    def counting(self: _Incomplete, data: bytes, start: int, position: int, messages: list[bytes]) -> None:
        nonlocal scanned
        scanned += len(data) - start
        split(self, data, start, position, messages)

    monkeypatch.setattr(_Incomplete, "_split", counting)
    reader = MessageReader()
    pieces = list(cut(whole, [RECEIVE_SIZE]))
    for piece in pieces[:-1]:
        assert reader.feed(piece) == []
    # A header that is cut joins two pieces; all else stays as it came until the end.
    assert len(reader._incomplete.pieces) >= len(pieces) // 2
    assert reader.feed(pieces[-1]) == [whole]
    assert reader._incomplete.pieces == []
    assert scanned <= 2 * len(whole)


def test_more_is_asked_for_while_a_large_frame_is_under_way() -> None:
    reader = MessageReader()
    whole = message(1, b"x" * (3 << 20))
    assert reader.receive_sizes[0] == RECEIVE_SIZE
    assert reader.feed(whole[:1000]) == []
    assert reader.receive_sizes[0] > RECEIVE_SIZE
    assert reader.feed(whole[1000:]) == [whole]
    assert reader.receive_sizes[0] == RECEIVE_SIZE


def test_claim_of_a_huge_frame_takes_no_huge_memory() -> None:
    start = message(1)[:4] + struct.pack("<H", UNFRAGMENTED) + message(1)[6:]
    stream = start + struct.pack("<iH", 1_000_000_000, 0) + bytes(RECEIVE_SIZE)
    tracemalloc.start()
    try:
        by_feed(MessageReader(), iter([stream, bytes(RECEIVE_SIZE)]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20
