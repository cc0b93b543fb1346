"""Records of numbers and short texts are written and read in fewer steps; the results are those of the general way."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hz_serialization import SerializationConfig, SerializationService
from hz_serialization.api import CompactReader, CompactSerializer, CompactWriter, FieldKind
from hz_serialization.compact.format import CompactFormat
from hz_serialization.compact.layout import RecordLayout


class Thing:
    """A record of numbers, one boolean and texts."""

    def __init__(self, *values: Any) -> None:
        self.values = values

    def __repr__(self) -> str:
        return f"Thing{self.values}"


class ThingSerializer(CompactSerializer[Thing]):
    """Reads every field, and some in other ways."""

    def read(self, reader: CompactReader) -> Thing:
        """From the fields."""
        return Thing(
            reader.read_int32("i"),
            reader.read_nullable_int32("i"),
            reader.read_boolean("b"),
            reader.read_string("t"),
            reader.read_string("s"),
            reader.read_string("t"),
            reader.read_string_or_default("no", "default"),
            reader.get_field_kind("s") is FieldKind.STRING,
        )

    def write(self, writer: CompactWriter, obj: Thing) -> None:
        """To the fields, and to others if there are more values."""
        number, flag, one, two, *more = obj.values
        writer.write_string("t", one)
        writer.write_int32("i", number)
        writer.write_boolean("b", flag)
        writer.write_string("s", two)
        for index, value in enumerate(more):
            writer.write_string(f"x{index}", value)

    def get_class(self) -> type[Thing]:
        """The class."""
        return Thing

    def get_type_name(self) -> str:
        """Its name."""
        return "thing"


def services(big_endian: bool) -> tuple[SerializationService, SerializationService]:
    """Return a service with the fewer steps, and one without them; neither is compiled."""
    made = []
    for tailored in (True, False):
        with pytest.MonkeyPatch.context() as patch, nullcontext() if tailored else no_plain_layouts():
            patch.setattr("hz_serialization.further.compact_format", CompactFormat)
            service = SerializationService(
                SerializationConfig(compact_serializers=[ThingSerializer()], is_big_endian=big_endian)
            )
            data = service.to_data(Thing(1, True, "a", "b"))
            assert service.to_data(Thing(1, True, "a", "b")) == data
            service.to_object(data)
        made.append(service)
    return made[0], made[1]


@contextmanager
def no_plain_layouts() -> Iterator[None]:
    """No layout that is made meanwhile is plain."""
    init = RecordLayout.__init__

    def made(self: RecordLayout, *args: Any) -> None:
        init(self, *args)
        self.is_plain = False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RecordLayout, "__init__", made)
        yield


SERVICES = {big_endian: services(big_endian) for big_endian in (True, False)}
TEXT = st.one_of(st.none(), st.text(max_size=8), st.text(max_size=300), st.just("\ud800"), st.integers())


def outcomes(method: str, value: Any, big_endian: bool) -> tuple[str, str]:
    """Return the outcomes of the fewer steps and of the general way, which makes layouts of its own for new schemas."""
    tailored, general = SERVICES[big_endian]
    fewer = outcome(getattr(tailored, method), value)
    with no_plain_layouts():
        return fewer, outcome(getattr(general, method), value)


def outcome(function: Any, value: Any) -> str:
    """Return the value, or the error."""
    try:
        return repr(function(value))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@given(
    st.one_of(st.integers(-5, 5), st.integers(), st.just("no")),
    st.one_of(st.booleans(), st.sampled_from([0, 1, 2, "x", None])),
    st.lists(TEXT, min_size=2, max_size=4),
    st.booleans(),
    st.data(),
)
@example(1, True, ["", "x" * 237], True, None)
@example(1, True, ["", "x" * 238], True, None)
@example(1, True, ["", "x" * 239], False, None)
def test_the_general_way_gives_the_same(
    number: Any, flag: Any, some: list[Any], big_endian: bool, data: st.DataObject | None
) -> None:
    fewer, general = outcomes("to_data", Thing(number, flag, *some), big_endian)
    assert fewer == general
    try:
        whole = SERVICES[big_endian][0].to_data(Thing(1, True, *some[:2]))
    except Exception:
        return
    damaged = bytearray(whole)
    if data is not None:
        damaged[data.draw(st.integers(16, len(whole) - 1))] = data.draw(st.integers(0, 255))
        del damaged[data.draw(st.integers(17, len(whole))) :]
    for each in (whole, bytes(damaged)):
        fewer, general = outcomes("to_object", each, big_endian)
        assert fewer == general


def test_the_fewer_steps_are_taken() -> None:
    for service, is_plain in zip(services(True), (True, False), strict=True):
        compact: Any = service._further().compact
        assert compact._by_class[Thing]._current.is_plain is is_plain
        (reader,) = compact._top_readers.values()
        assert reader.__name__ == ("read_plain" if is_plain else "read_any")
