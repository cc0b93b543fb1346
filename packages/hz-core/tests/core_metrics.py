"""Reads the metrics that a client sends, as the protocol describes them, in the way of a member."""

import struct
import zlib
from typing import NamedTuple


class Received(NamedTuple):
    """A metric that was received."""

    prefix: str | None
    name: str | None
    value: int | float
    unit: int
    label: str | None
    label_value: str | None


def metrics_in(blob: bytes) -> list[Received]:
    """Return the metrics in what a client has sent."""
    version, size = struct.unpack_from(">hi", blob)
    assert version == 1
    words = _words(zlib.decompress(blob[6 : 6 + size]))
    (count,) = struct.unpack_from(">i", blob, 6 + size)
    body = zlib.decompress(blob[10 + size :])
    found: list[Received] = []
    fields: list[int] = [0] * 7
    position = 0
    for _ in range(count):
        mask = body[position]
        position += 1
        for i, layout in enumerate((">i", ">i", ">i", ">i", ">b", ">B", ">B")):
            if not mask & 1 << i:
                (fields[i],) = struct.unpack_from(layout, body, position)
                position += struct.calcsize(layout)
        assert fields[5:] == [0, 0]
        layout = ">q" if body[position] == 0 else ">d"
        (value,) = struct.unpack_from(layout, body, position + 1)
        position += 9
        prefix, name, label, label_value = (words.get(i) for i in fields[:4])
        found.append(Received(prefix, name, value, fields[4], label, label_value))
    assert position == len(body)
    return found


def _words(dictionary: bytes) -> dict[int, str]:
    (count,) = struct.unpack_from(">i", dictionary)
    words: dict[int, str] = {}
    position, word = 4, ""
    for _ in range(count):
        number, shared, rest = struct.unpack_from(">iBB", dictionary, position)
        position += 6
        word = word[:shared] + dictionary[position : position + 2 * rest].decode("utf-16-be")
        position += 2 * rest
        words[number] = word
    assert position == len(dictionary)
    return words
