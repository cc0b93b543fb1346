"""The compressed format of metrics that clients send to members, and members to clients.

Source: the documentation of the message ``Client.statistics``.
"""

import zlib
from collections.abc import Callable, Iterable
from enum import IntEnum
from struct import Struct
from struct import error as struct_error
from typing import Any, Final, NamedTuple

_VERSION: Final = 1
_NOTHING: Final = -1
_LONG, _DOUBLE = 0, 1
_INT: Final = Struct(">i").pack
_HEADER: Final = Struct(">hi")
_WORD: Final = Struct(">iBB")
_LONG_VALUE: Final = Struct(">bq").pack
_DOUBLE_VALUE: Final = Struct(">bd").pack
_VALUES: Final = {_LONG: Struct(">q"), _DOUBLE: Struct(">d")}
_UNIT_BYTES: Final = 2
_LARGEST: Final = 1 << 26
"""Largest number of bytes that a part of a blob may have when it is no longer compressed."""

LONGEST_WORD: Final = 255
"""Longest text in a metric, in UTF-16 code units: its length is one byte."""


class Unit(IntEnum):
    """The unit of a metric, with the numbers of the members' own enum."""

    BYTES = 0
    MS = 1
    NS = 2
    PERCENT = 3
    COUNT = 4
    BOOLEAN = 5
    ENUM = 6
    US = 7


class Metric(NamedTuple):
    """One metric and its value: an int is sent as a long, a float as a double."""

    prefix: str
    """Group of the metric, for example ``os``."""

    name: str
    """Name within the group."""

    value: int | float
    """The value."""

    unit: Unit | None = None
    """The unit, None if it has none."""

    label: str | None = None
    """What distinguishes several metrics of this name, for example ``name``; None for nothing."""

    label_value: str | None = None
    """The value of ``label``, for example the name of a map."""

    tags: tuple[tuple[str, str], ...] = ()
    """Further names and values, which members send. Clients have none to send."""


def compress(metrics: Iterable[Metric]) -> bytes:
    """Return the bytes of ``metrics``. Those with a text that is longer than ``LONGEST_WORD`` are left out."""
    sent = [metric for metric in metrics if _fits(metric)]
    words = sorted({word for metric in sent for word in _words(metric) if word is not None})
    ids: dict[str | None, int] = {word: number for number, word in enumerate(words)}
    ids[None] = _NOTHING
    dictionary = zlib.compress(_dictionary(words))
    body = zlib.compress(_body(sent, ids))
    return b"".join((_HEADER.pack(_VERSION, len(dictionary)), dictionary, _INT(len(sent)), body))


def _words(metric: Metric) -> tuple[str | None, ...]:
    return (metric.prefix, metric.name, metric.label, metric.label_value)


def _fits(metric: Metric) -> bool:
    return all(word is None or len(_units(word)) <= LONGEST_WORD * _UNIT_BYTES for word in _words(metric))


def _units(word: str) -> bytes:
    return word.encode("utf-16-be", "surrogatepass")


def _dictionary(words: list[str]) -> bytes:
    """Return the words, each as what it has in common with the one before, and the rest."""
    parts = [_INT(len(words))]
    previous = b""
    for number, word in enumerate(words):
        units = _units(word)
        shared = 0
        while units[shared : shared + _UNIT_BYTES] == previous[shared : shared + _UNIT_BYTES] != b"":
            shared += _UNIT_BYTES
        parts.append(_WORD.pack(number, shared // _UNIT_BYTES, (len(units) - shared) // _UNIT_BYTES))
        parts.append(units[shared:])
        previous = units
    return b"".join(parts)


def _body(metrics: list[Metric], ids: dict[str | None, int]) -> bytes:
    """Return the metrics, each as what differs from the one before, and its value."""
    parts: list[bytes] = []
    previous: list[bytes] | None = None
    for metric in metrics:
        unit = _NOTHING if metric.unit is None else metric.unit
        # The last two: no target is excluded, and there are no further tags.
        fields = [*(_INT(ids[word]) for word in _words(metric)), unit.to_bytes(1, signed=True), b"\0", b"\0"]
        same = [previous is not None and previous[i] == field for i, field in enumerate(fields)]
        parts.append(bytes([sum(1 << i for i, equal in enumerate(same) if equal)]))
        parts.extend(field for field, equal in zip(fields, same, strict=True) if not equal)
        value = metric.value
        parts.append(_DOUBLE_VALUE(_DOUBLE, value) if isinstance(value, float) else _LONG_VALUE(_LONG, value))
        previous = fields
    return b"".join(parts)


def decompress(blob: bytes) -> list[Metric]:
    """Return the metrics of ``blob``.

    Raises:
        ValueError: It does not have this format.
    """
    try:
        version, size = _HEADER.unpack_from(blob)
        if version != _VERSION:
            raise ValueError(f"metrics of version {version} are unknown, only {_VERSION} can be read")
        begin = _HEADER.size
        words = _read_dictionary(_Input(_inflated(blob[begin : begin + size])))
        count = _Input(blob[begin + size :]).number()
        return _read_body(_Input(_inflated(blob[begin + size + 4 :])), count, words)
    except (struct_error, zlib.error) as e:
        raise ValueError(f"the metrics are damaged: {e}") from e
    except KeyError as e:
        raise ValueError(f"the metrics are damaged: they have no word with the number {e}") from None


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    found = inflater.decompress(data, _LARGEST)
    if inflater.unconsumed_tail:
        raise ValueError(f"the metrics have more than {_LARGEST} bytes")
    return found


class _Input:
    """Reads big-endian numbers, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, layout: Struct) -> tuple[Any, ...]:
        found = layout.unpack_from(self._data, self._at)
        self._at += layout.size
        return found

    def number(self) -> int:
        return int.from_bytes(self.take_bytes(4), signed=True)

    def byte(self) -> int:
        return int.from_bytes(self.take_bytes(1), signed=True)

    def take_bytes(self, size: int) -> bytes:
        found = self._data[self._at : self._at + size]
        if len(found) < size:
            raise ValueError("the metrics end too early")
        self._at += size
        return found


def _read_dictionary(data: _Input) -> dict[int, str | None]:
    words: dict[int, str | None] = {_NOTHING: None}
    word = b""
    for _ in range(data.number()):
        number, shared, rest = data.take(_WORD)
        word = word[: shared * _UNIT_BYTES] + data.take_bytes(rest * _UNIT_BYTES)
        words[number] = word.decode("utf-16-be", "surrogatepass")
    return words


def _read_body(data: _Input, count: int, words: dict[int, str | None]) -> list[Metric]:
    def word() -> str | None:
        return words[data.number()]

    # The fields of a metric, in this order; one that equals that of the metric before is left out. The last one is the
    # number of tags, which follow in any case.
    readers: tuple[Callable[[], Any], ...] = (word, word, word, word, data.byte, data.byte, data.byte)
    fields: list[Any] = [None, None, None, None, _NOTHING, 0, 0]
    metrics = []
    for _ in range(count):
        same = data.byte()
        for i, read in enumerate(readers):
            if not same >> i & 1:
                fields[i] = read()
        prefix, name, label, label_value, unit, _, tag_count = fields
        tags = tuple((word() or "", word() or "") for _ in range(tag_count))
        (value,) = data.take(_VALUES[data.byte()])
        metrics.append(Metric(prefix or "", name or "", value, _UNITS.get(unit), label, label_value, tags))
    return metrics


_UNITS: Final = {unit.value: unit for unit in Unit}
