"""Compiled and pure Python give the same bytes, values and errors for any input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hz_serialization import HazelcastJsonValue, SerializationConfig, SerializationService, further, top_level
from hz_serialization.api import (
    CompactReader,
    CompactSerializer,
    CompactWriter,
    Portable,
    PortableReader,
    PortableWriter,
)
from hz_serialization.compact.compiled import CompiledCompactFormat
from hz_serialization.compact.format import CompactFormat
from hz_serialization.portable.format import PortableFormat
from hz_serialization_records import SAMPLES

PORTABLE_KINDS: Final = (
    "int",
    "long",
    "byte",
    "short",
    "float",
    "double",
    "boolean",
    "char",
    "string",
    "date",
)
NAMES: Final = [f"f{number}" for number in range(6)]
NUMBERS = st.one_of(
    st.integers(-(2**65), 2**65),
    st.integers(-200, 200),
    st.floats(),
    st.booleans(),
    st.none(),
    st.just(Ellipsis),
)
TEXTS = st.text(st.characters(), max_size=20) | st.just("x" * 300) | st.just("ß" * 33_000)
VALUES = NUMBERS | TEXTS


class Thing(SimpleNamespace):
    """Writes and reads the fields that ``script`` names, in that order."""


@dataclass
class Typed:
    """A class whose record follows from its annotations."""

    number: int
    text: str | None
    flag: bool
    ratio: float


class ThingSerializer(CompactSerializer[Thing]):
    """Writes the fields of the object, and reads those of ``script``."""

    script: list[tuple[str, str]]

    def __init__(self) -> None:
        self.script = []

    def write(self, writer: CompactWriter, obj: Thing) -> None:
        for kind, name, value in obj.fields:
            getattr(writer, f"write_{kind}")(name, value)

    def read(self, reader: CompactReader) -> Any:
        return [
            (name, reader.get_field_kind(name), outcome(lambda: getattr(reader, f"read_{kind}")(name)))  # noqa: B023
            for kind, name in self.script
        ]

    def get_class(self) -> type[Thing]:
        return Thing

    def get_type_name(self) -> str:
        return "thing"


class PortableThing(Portable):
    """Like ``Thing``, in another format."""

    script: list[tuple[str, str]] = []  # noqa: RUF012 (the tests set it)

    def __init__(self, fields: list[tuple[str, str, Any]] | None = None) -> None:
        self.fields = fields or []
        self.found: Any = None

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 300

    def write_portable(self, writer: PortableWriter) -> None:
        for kind, name, value in self.fields:
            getattr(writer, f"write_{kind}")(name, value)

    def read_portable(self, reader: PortableReader) -> None:
        self.found = [
            outcome(lambda: getattr(reader, f"read_{kind}")(name))  # noqa: B023
            for kind, name in self.script
        ]

    def __repr__(self) -> str:
        return f"PortableThing({self.found!r})"


def outcome(call: Callable[[], Any]) -> str:
    """Return the value, or the error with its causes."""
    try:
        return repr(call())
    except Exception as error:
        found = []
        cause: BaseException | None = error
        while cause is not None:
            found.append(f"{type(cause).__name__}: {cause}")
            cause = cause.__cause__
        return " from ".join(found)


def pair(big_endian: bool) -> tuple[SerializationService, SerializationService, ThingSerializer]:
    """Return a service in pure Python, the service of this environment, and the serializer of both."""
    serializer = ThingSerializer()
    config = SerializationConfig(
        compact_serializers=[serializer, Typed],
        portable_factories={1: {300: PortableThing}},
        is_big_endian=big_endian,
    )
    with (
        mock.patch.object(further, "compact_format", CompactFormat),
        mock.patch.object(further, "portable_format", PortableFormat),
        mock.patch.object(top_level, "_compiled", None),
    ):
        pure = SerializationService(config)
    return pure, SerializationService(config), serializer


PAIRS: Final = {big_endian: pair(big_endian) for big_endian in (True, False)}


def test_this_environment_is_compiled() -> None:
    pure, compiled, _ = PAIRS[True]
    assert {PortableFormat, CompactFormat} <= {type(format_) for format_ in pure._registry.formats}
    assert CompiledCompactFormat in {type(format_) for format_ in compiled._registry.formats}


@given(
    st.booleans(),
    st.lists(
        st.tuples(st.sampled_from([*SAMPLES, "string", "int32", "boolean"]), st.sampled_from(NAMES), VALUES),
        max_size=6,
    ),
)
def test_compact_objects_of_odd_values(big_endian: bool, fields: list[tuple[str, str, Any]]) -> None:
    pure, compiled, _ = PAIRS[big_endian]
    for _ in range(2):  # the first one makes the schema
        assert outcome(lambda: compiled.to_data(Thing(fields=fields))) == outcome(
            lambda: pure.to_data(Thing(fields=fields))
        )


COMPACT = st.lists(
    st.sampled_from(
        [(kind, value) for kind in (*SAMPLES, *("string", "int32", "boolean") * 5) for value in SAMPLES[kind]]
    ),
    max_size=6,
)


@given(st.booleans(), COMPACT, st.data())
@settings(max_examples=300)
def test_damaged_compact_bytes(big_endian: bool, chosen: list[tuple[str, Any]], data: st.DataObject) -> None:
    pure, compiled, serializer = PAIRS[big_endian]
    fields = [(kind, NAMES[index], value) for index, (kind, value) in enumerate(chosen)]
    whole = pure.to_data(Thing(fields=fields))
    for _ in range(2):
        assert compiled.to_data(Thing(fields=fields)) == whole
    names = st.tuples(st.sampled_from([*SAMPLES]), st.sampled_from(NAMES))
    serializer.script = [(kind, name) for kind, name, _ in fields] + data.draw(st.lists(names, max_size=2))
    serializer.script += serializer.script[:2]
    assert outcome(lambda: compiled.to_object(whole)) == outcome(lambda: pure.to_object(whole))
    bad = damage(whole, data)
    assert outcome(lambda: compiled.to_object(bad)) == outcome(lambda: pure.to_object(bad))
    around = b"abc" + bad + b"def"
    assert outcome(lambda: compiled.read(around, 3, 3 + len(bad))) == outcome(
        lambda: pure.read(around, 3, 3 + len(bad))
    )


@given(st.booleans(), VALUES, VALUES, VALUES, VALUES, st.data())
def test_typed_classes(
    big_endian: bool, number: Any, text: Any, flag: Any, ratio: Any, data: st.DataObject
) -> None:
    pure, compiled, _ = PAIRS[big_endian]
    odd = Typed(number, text, flag, ratio)
    for _ in range(2):
        assert outcome(lambda: compiled.to_data(odd)) == outcome(lambda: pure.to_data(odd))
    whole = pure.to_data(Typed(7, text if isinstance(text, str) and text.isascii() else None, True, 1.5))
    bad = damage(whole, data)
    for each in (whole, bad):
        assert outcome(lambda: compiled.to_object(each)) == outcome(lambda: pure.to_object(each))  # noqa: B023


@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(PORTABLE_KINDS), st.sampled_from(NAMES), VALUES), max_size=6),
)
def test_portable_objects_of_odd_values(big_endian: bool, fields: list[tuple[str, str, Any]]) -> None:
    pure, compiled, _ = pair(big_endian)
    for _ in range(2):
        assert outcome(lambda: compiled.to_data(PortableThing(fields))) == outcome(
            lambda: pure.to_data(PortableThing(fields))
        )


PORTABLE_SAMPLES: Final[dict[str, list[Any]]] = {
    "int": [7, -(2**31)],
    "long": [2**63 - 1],
    "byte": [-128],
    "short": [-2, 300],
    "float": [1.5],
    "double": [-2.25],
    "boolean": [True, False],
    "char": ["x"],
    "string": [None, "", "text", "hé€", "y" * 600],
    "int_array": [None, [1, 2]],
    "string_array": [["a", None]],
}


@given(st.booleans(), st.lists(st.sampled_from(sorted(PORTABLE_SAMPLES)), max_size=6), st.data())
@settings(max_examples=300)
def test_damaged_portable_bytes(big_endian: bool, kinds: list[str], data: st.DataObject) -> None:
    pure, compiled, _ = pair(big_endian)
    fields = [
        (kind, NAMES[index], data.draw(st.sampled_from(PORTABLE_SAMPLES[kind])))
        for index, kind in enumerate(kinds)
    ]
    whole = pure.to_data(PortableThing(fields))
    for _ in range(2):
        assert compiled.to_data(PortableThing(fields)) == whole
    names = st.tuples(st.sampled_from(sorted(PORTABLE_SAMPLES)), st.sampled_from(NAMES))
    script = [(kind, name) for kind, name, _ in fields] + data.draw(st.lists(names, max_size=2))
    with mock.patch.object(PortableThing, "script", script):
        for each in (whole, whole, damage(whole, data), whole):
            assert outcome(lambda: compiled.to_object(each)) == outcome(lambda: pure.to_object(each))  # noqa: B023


@given(st.booleans(), TEXTS.filter(lambda text: text.isprintable()), st.booleans(), st.data())
def test_damaged_texts(big_endian: bool, text: str, is_json: bool, data: st.DataObject) -> None:
    pure, compiled, _ = PAIRS[big_endian]
    whole = pure.to_data(HazelcastJsonValue(text) if is_json else text)
    for each in (whole, damage(whole, data)):
        assert outcome(lambda: compiled.to_object(each)) == outcome(lambda: pure.to_object(each))  # noqa: B023


def damage(whole: bytes, data: st.DataObject) -> bytes:
    """Return the bytes with some changed or cut off."""
    bad = bytearray(whole)
    places = st.integers(8, max(8, len(whole) - 1))
    for place, value in data.draw(
        st.lists(st.tuples(places, st.sampled_from([0, 1, 127, 128, 255])), max_size=3)
    ):
        if place < len(bad):
            bad[place] = value
    return bytes(
        bad[: data.draw(st.sampled_from([len(bad), len(bad), len(bad), len(bad) - 1, len(bad) // 2]))]
    )


@pytest.mark.parametrize("module", ["_compact", "_portable"])
def test_readers_and_writers_cannot_be_made_by_hand(module: str) -> None:
    from hz_serialization.speedups import compiled

    found = compiled(module)
    assert found is not None
    makers = [
        getattr(found, name)
        for name in ("FieldsReader", "FieldsWriter", "FieldReader", "FieldWriter")
        if hasattr(found, name)
    ]
    assert len(makers) == 2
    for make in makers:
        with pytest.raises(TypeError, match="is handed one"):
            make()
