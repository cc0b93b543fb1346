"""The compressed format in which clients send metrics to members.

Source: the documentation of the message ``Client.statistics``.
"""

import zlib
from collections.abc import Iterable
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

_VERSION: Final = 1
_NOTHING: Final = -1
_LONG, _DOUBLE = 0, 1
_INT: Final = Struct(">i").pack
_HEADER: Final = Struct(">hi").pack
_WORD: Final = Struct(">iBB").pack
_LONG_VALUE: Final = Struct(">bq").pack
_DOUBLE_VALUE: Final = Struct(">bd").pack
_UNIT_BYTES: Final = 2

LONGEST_WORD: Final = 255
"""Longest text in a metric, in UTF-16 code units: its length is one byte."""


class Unit(IntEnum):
    """The unit of a metric, with the numbers of the members' own enum."""

    BYTES = 0
    MS = 1
    NS = 2
    PERCENT = 3
    COUNT = 4


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


def compress(metrics: Iterable[Metric]) -> bytes:
    """Return the bytes of ``metrics``. Those with a text that is longer than ``LONGEST_WORD`` are left out."""
    sent = [metric for metric in metrics if _fits(metric)]
    words = sorted({word for metric in sent for word in _words(metric) if word is not None})
    ids: dict[str | None, int] = {word: number for number, word in enumerate(words)}
    ids[None] = _NOTHING
    dictionary = zlib.compress(_dictionary(words))
    body = zlib.compress(_body(sent, ids))
    return b"".join((_HEADER(_VERSION, len(dictionary)), dictionary, _INT(len(sent)), body))


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
        parts.append(_WORD(number, shared // _UNIT_BYTES, (len(units) - shared) // _UNIT_BYTES))
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
