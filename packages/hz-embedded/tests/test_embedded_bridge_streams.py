"""Java's serialization streams, written and read in Python."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_embedded.bridge.stream_format import UnknownContentError, from_modified_utf8, modified_utf8
from hz_embedded.bridge.stream_reader import read_stream
from hz_embedded.bridge.stream_writer import StreamWriter
from hz_embedded.interfaces import Long

# What Java 17 writes for a LinkedHashMap {a=1, b=LinkedHashSet []}.
BY_JAVA = (
    b"\xac\xed\x00\x05sr\x00\x17java.util.LinkedHashMap4\xc0N\\\x10l\xc0\xfb\x02\x00\x01Z\x00\x0baccessOrder"
    b"xr\x00\x11java.util.HashMap\x05\x07\xda\xc1\xc3\x16`\xd1\x03\x00\x02F\x00\nloadFactorI\x00\tthresholdxp"
    b"?@\x00\x00\x00\x00\x00\x0cw\x08\x00\x00\x00\x10\x00\x00\x00\x02t\x00\x01asr\x00\x11java.lang.Integer"
    b"\x12\xe2\xa0\xa4\xf7\x81\x878\x02\x00\x01I\x00\x05valuexr\x00\x10java.lang.Number\x86\xac\x95\x1d\x0b\x94"
    b"\xe0\x8b\x02\x00\x00xp\x00\x00\x00\x01t\x00\x01bsr\x00\x17java.util.LinkedHashSet\xd8l\xd7Z\x95\xdd*\x1e"
    b"\x02\x00\x00xr\x00\x11java.util.HashSet\xbaD\x85\x95\x96\xb8\xb74\x03\x00\x00xpw\x0c\x00\x00\x00\x10?@\x00"
    b"\x00\x00\x00\x00\x00xx\x00"
)

plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
leaves = plain | st.text() | st.binary()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.integers(-5, 5), inner)
        | st.sets(st.text() | st.integers(0, 2**40))
    ),
)


def written(value: Any) -> bytes:
    writer = StreamWriter()
    writer.write(value)
    return writer.data()


@given(values)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    assert read_stream(written(value)) == value


@given(st.text(st.characters()))
def test_text_in_javas_utf8(text: str) -> None:
    data = modified_utf8(text)
    assert b"\0" not in data
    assert from_modified_utf8(data) == text


def test_what_java_writes_is_read() -> None:
    assert read_stream(BY_JAVA) == {"a": 1, "b": set()}


def test_long_marks_and_repeated_classes() -> None:
    value = [Long(1), 1, 2**40, "x" * 70_000, "x", (1, 2), bytearray(b"b")]
    assert read_stream(written(value)) == [1, 1, 2**40, "x" * 70_000, "x", [1, 2], b"b"]


@pytest.mark.parametrize("value", [object(), 2**63, [1, {"k": {1: Exception()}}]])
def test_other_values_are_left_to_others(value: object) -> None:
    with pytest.raises(UnknownContentError):
        written(value)


def test_lists_that_hold_themselves_end() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(UnknownContentError):
        written(endless)


@given(st.data())
def test_damaged_streams_give_the_named_error_alone(data: st.DataObject) -> None:
    stream = bytearray(BY_JAVA if data.draw(st.booleans()) else written([1, "text", {"k": [2.5]}, b"xyz"]))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    del stream[data.draw(st.integers(0, len(stream))) :]
    with contextlib.suppress(UnknownContentError):
        read_stream(bytes(stream))


@pytest.mark.parametrize("value", ["\ud800", ["a", "\udc00b"], {"\ud800": 1}, {"k": {"\ud800"}}])
def test_halves_of_characters_are_left_to_others(value: object) -> None:
    with pytest.raises(UnknownContentError):
        written(value)


def test_what_the_user_converts_is_left_to_others() -> None:
    class Own(int):
        pass

    for value, is_claimed in (([1, [2.5]], True), ([1, [2]], False)):
        writer = StreamWriter(lambda each: isinstance(each, float))
        if is_claimed:
            with pytest.raises(UnknownContentError, match="conversion of the user"):
                writer.write(value)
        else:
            writer.write(value)
            assert read_stream(writer.data()) == value
    with pytest.raises(UnknownContentError):
        written([Own(1)])


@pytest.mark.parametrize("same", [{1: "integer", 2: "long"}, {1, 2}])
def test_what_is_equal_in_python_alone_is_not_lost(same: Any) -> None:
    two = b"\x00\x00\x00\x02"
    stream = written(same)
    assert stream.count(two) == 2  # the number of elements, and the second key
    head, _, tail = stream.rpartition(two)
    with pytest.raises(UnknownContentError, match="equal in Python"):
        read_stream(head + b"\x00\x00\x00\x01" + tail)
