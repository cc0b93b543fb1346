"""The interpreter of messages: every shape, and traffic captured from real members."""

import struct
from pathlib import Path

import pytest

from hz_core.testing.interpreter import BEGIN, END, NULL, join, split
from hz_core.testing.messages import (
    ANSWERS,
    BY_TITLE,
    INTERPRETER,
    IS_EVENT,
    SHAPES,
    decode,
    encode,
    error_bytes,
    fragments,
    frames,
)
from hz_core.wire.reader import MessageReader
from hz_core.wire.types import ABSENT

DATA = Path(__file__).parent / "data"
CAPTURED = sorted(path.name for path in DATA.glob("captured-*.tsv"))

PUT = bytes.fromhex(
    "2600000000c1000101000600000000000000150000000000000000000000ffffffffffffffff"
    "0700000000006d1400000000000000 0000fffffff5000000026b311200000000200000 0000fffffff900000001"
)
"""``Map.put`` of key "k1" and value 1 into map "m", as a client sends it."""


def test_a_known_request() -> None:
    message = decode(PUT)
    assert message.shape.title == "Map.put request"
    assert (message.correlation_id, message.place, message.flags) == (6, 21, 0xC100)
    assert (message["name"], message["threadId"], message["ttl"]) == ("m", 0, -1)
    assert message["key"] == bytes.fromhex("00000000fffffff5000000026b31")
    assert message["value"] == bytes.fromhex("00000000fffffff900000001")
    assert encode("Map.put request", message.values, 6, 21, 0x0100) == PUT


def test_every_type_id_and_title_is_there_once() -> None:
    assert len(BY_TITLE) == len(SHAPES) > 700
    for number, shape in SHAPES.items():
        assert BY_TITLE[shape.title] == (number, shape)
        kind = {"request": 0, "response": 1}.get(shape.kind, number & 0xFF)
        assert number & 0xFF == (0 if number == 0 else kind)
    assert BY_TITLE["Map.addEntryListener event Entry"][0] == 0x011902
    assert ANSWERS == {
        "CountDownLatch.getCount": "CountDownLatch.getRound",
        "List.listIterator": "List.iterator",
        "MC.resetCPSubsystem": "MC.promoteToCPMember",
        "Map.project": "Map.projectWithPredicate",
    }


@pytest.mark.parametrize("name", CAPTURED)
def test_captured_traffic_is_decoded_and_encoded_to_the_same_bytes(name: str) -> None:
    count = 0
    for line in (DATA / name).read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        message = bytes.fromhex(line.split("\t")[-1])
        found = decode(message)
        assert INTERPRETER.encode(message[6:19] if found.shape.kind == "response" else message[6:22],
            found.flags, found.shape.parameters, found.values) == message  # fmt: skip
        count += 1
    assert count > 5


def test_parameters_that_an_older_peer_does_not_send_are_absent() -> None:
    shape = BY_TITLE["Map.delete response"][1]
    old = struct.pack("<iHiqB", 19, 0xE000, 0x010901, 3, 0)
    assert decode(old)["response"] is ABSENT
    assert decode(encode(shape.title, (True,), 3, 0))["response"] is True
    assert encode(shape.title, (ABSENT,), 3, 0) == old


def test_what_is_left_out_is_empty() -> None:
    message = decode(encode("Client.authentication response", (1,), 9, 2))
    assert (message.correlation_id, message.place) == (9, 2)
    assert message["status"] == 1
    assert message["address"] is message["memberUuid"] is message["clusterId"] is None
    assert (message["serverHazelcastVersion"], message["memberInfos"], message["partitions"]) == ("", [], [])


def test_an_event_has_its_flag_and_partition() -> None:
    message = decode(encode("Queue.addListener event Item", (b"12345678", None, 2), 4, 99, IS_EVENT))
    assert (message.place, message.flags & IS_EVENT, message.values) == (99, IS_EVENT, [b"12345678", None, 2])


def test_an_error() -> None:
    message = decode(error_bytes(5, 27, "java.lang.IllegalStateException", "why"))
    ((code, class_name, text, trace),) = message["errors"]
    assert (message.correlation_id, code, class_name, text) == (
        5,
        27,
        "java.lang.IllegalStateException",
        "why",
    )
    assert trace == [("Class", "method", "Class.java", 7)]


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts[:-1],
        lambda parts: [*parts, (0, b"more")],
        lambda parts: [(parts[0][0], parts[0][1] + b"\0"), *parts[1:]],
        lambda parts: [(parts[0][0], parts[0][1][:-1]), *parts[1:]],
    ],
    ids=["frame missing", "frame too many", "byte too many", "byte missing"],
)
def test_a_message_that_breaks_its_description_is_refused(change: object) -> None:
    assert callable(change)
    with pytest.raises(ValueError, match=r"ends too early|more than|are no long"):
        decode(join(change(split(PUT))))


def test_a_custom_type_with_more_fields_is_refused() -> None:
    message = encode("Client.createProxy request", ("m", "s"), 1, -1)
    assert decode(message).values == ["m", "s"]
    extra = [(BEGIN, b""), (0, b"\0" * 4), (0, b"h"), (0, b"more"), (END, b"")]
    head = split(encode("Client.authentication response", (0,), 1, 0))
    assert head[1] == (NULL, b"")
    with pytest.raises(ValueError, match="Address has more"):
        decode(join([head[0], *extra, *head[2:]]))


def test_frames_that_do_not_fill_the_message_are_refused() -> None:
    with pytest.raises(ValueError, match="frame of"):
        split(PUT[:-1])


def test_fragments_are_joined_by_a_reader() -> None:
    reader = MessageReader()
    pieces = fragments(PUT, 7)
    assert len(pieces) == len(frames(PUT)) == 4
    whole = [message for piece in pieces for message in reader.feed(piece)]
    assert [decode(message).values for message in whole] == [decode(PUT).values]
