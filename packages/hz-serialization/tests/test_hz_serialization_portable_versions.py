"""Portables that another version of their class wrote, or that do not look as those before them."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from hz_serialization import HazelcastSerializationError
from hz_serialization_portables import Inner, Record, record, service_of
from test_hz_serialization_portable import EACH

WIDER = {
    "byte": ["short", "int", "long", "float", "double"],
    "short": ["int", "long", "float", "double"],
    "char": ["int", "long", "float", "double"],
    "int": ["long", "float", "double"],
    "long": ["double"],
    "float": ["double"],
}
VALUES: dict[str, Any] = {"byte": -5, "short": -500, "char": "x", "int": 70000, "long": 2**40, "float": 1.5}
PRIMITIVES = ("byte", "boolean", "char", "short", "int", "long", "float", "double")
DEFAULTS = {"boolean": False, "char": "\0", "float": 0.0, "double": 0.0}


def written(*fields: tuple[str, str, Any], version: int = 0) -> bytes:
    return service_of().to_data(record(version=version)(list(fields)))


@pytest.mark.parametrize(
    ("narrow", "wide"), [(narrow, wide) for narrow, all_wide in WIDER.items() for wide in all_wide]
)
def test_numbers_widen_as_in_java(narrow: str, wide: str) -> None:
    service = service_of(record(("it", wide), version=2))
    data = written(("it", narrow, VALUES[narrow]), version=1)
    for _ in range(2):  # as a class never seen, and as one that is known
        value = service.to_object(data).values["it"]
        assert value == (ord("x") if narrow == "char" else VALUES[narrow])
        assert type(value) is (float if wide in ("float", "double") else int)


def test_an_int_read_as_float_is_rounded_as_in_java() -> None:
    service = service_of(record(("it", "float"), version=2))
    assert service.to_object(written(("it", "int", 16777217), version=1)).values == {"it": 16777216.0}


@pytest.mark.parametrize("wanted", list(EACH))
@pytest.mark.parametrize(
    "found", ["string", "int", "long", "double", "boolean", "char", "int_array", "portable"]
)
def test_other_types_cannot_be_read(wanted: str, found: str) -> None:
    same = {"utf": "string", "utf_array": "string_array"}.get(wanted, wanted)
    if found == same or same in WIDER.get(found, ()):
        return
    service = service_of(record(("it", wanted), version=2))
    data = written(("it", found, EACH[found][0]), version=1)
    message = f"'it' of factory id 1, class id 1, version 1 is {found.upper()}, which cannot be read as {same.upper()}"
    for _ in range(2):
        with pytest.raises(HazelcastSerializationError, match=message) as caught:
            service.to_object(data)
        assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.parametrize("kind", list(EACH))
def test_fields_that_another_version_has_not(kind: str) -> None:
    data = written(("other", "int", 1), version=1)
    expected = DEFAULTS.get(kind, 0) if kind in PRIMITIVES else None
    service = service_of(record(("it", kind), ("other", "int"), version=2))
    for _ in range(2):
        values = service.to_object(data).values
        assert values == {"it": expected, "other": 1}
        assert type(values["it"]) is type(expected)


def test_the_configured_version_counts_where_a_class_has_none() -> None:
    data = written(("a", "int", 1), version=1)
    cls = record(("a", "int"), ("b", "string"))
    assert service_of(cls, portable_version=2).to_object(data).values == {"a": 1, "b": None}
    with pytest.raises(
        HazelcastSerializationError, match=r"field 'b': the object of .*version 1 has a; .*get_class_version"
    ):
        service_of(cls, portable_version=1).to_object(data)


def test_a_field_of_the_same_version_must_be_there() -> None:
    service = service_of(record(("b", "int"), version=1))
    for _ in range(2):
        with pytest.raises(
            HazelcastSerializationError, match=r"'b': the object of .* version 1 has no fields"
        ):
            service.to_object(written(version=1))


def test_versions_of_one_class_side_by_side() -> None:
    cls = record(("a", "long"), ("b", "string"), version=2)
    service = service_of(cls)
    old, new = written(("a", "int", 1), version=1), written(("b", "string", "x"), ("a", "long", 2), version=2)
    for _ in range(2):
        assert service.to_object(old).values == {"a": 1, "b": None}
        assert service.to_object(new).values == {"a": 2, "b": "x"}


def test_writing_versions_of_one_class_side_by_side() -> None:
    service = service_of(record(("a", "int"), ("p", "portable")), record(("x", "int"), ids=(1, 2)))
    inner_old, inner_new = record(ids=(1, 2), version=1), record(ids=(1, 2), version=2)
    for inner in (inner_old([("x", "int", 1)]), inner_new([("y", "int", 2), ("x", "int", 1)])):
        fields = [("a", "int", 7), ("p", "portable", inner)]
        assert service.to_object(service.to_data(Record(fields))).values["p"].values == {"x": 1}


LOOKS: list[list[tuple[str, str, Any]]] = [
    [("a", "int", 1), ("b", "string", "x"), ("c", "portable", Inner(1, 0.5))],
    [("b", "string", "x"), ("a", "int", 1), ("c", "portable", Inner(1, 0.5))],
    [("a", "byte", 1), ("b", "string", "x"), ("c", "portable", Inner(1, 0.5))],
    [("b", "string", "x"), ("c", "portable", Inner(1, 0.5)), ("extra", "int_array", [1]), ("a", "short", 1)],
    [
        ("z", "int", 9),
        ("yy", "int", 9),
        ("a", "char", "\1"),
        ("c", "portable", Inner(1, 0.5)),
        ("b", "utf", "x"),
    ],
]


@pytest.mark.parametrize("first", range(len(LOOKS)))
def test_what_stands_in_the_bytes_counts_and_not_what_was_seen_before(first: int) -> None:
    service = service_of(
        record(("a", "int"), ("b", "string"), ("c", "portable")), record(("i", "int"), ids=(1, 2))
    )
    for look in LOOKS[first:] + LOOKS[:first]:
        values = service.to_object(written(*look)).values
        assert (values["a"], values["b"], values["c"].values) == (1, "x", {"i": 1})


class Asks(Record):
    """Asks for names before it reads."""

    def read_portable(self, reader: Any) -> None:
        self.values["names"] = reader.get_field_names()
        self.values["has"] = [reader.has_field(name) for name in "ab"]


def test_names_are_those_in_the_bytes() -> None:
    service = service_of(Asks)
    for name, has in (("a", [True, False]), ("b", [False, True]), ("a", [True, False])):
        assert service.to_object(written((name, "int", 1))).values == {"names": {name}, "has": has}


def test_field_names_of_one_byte_for_each_character_are_read() -> None:
    data = written(("cafe", "int", 5)).replace(b"cafe", "café".encode("latin-1"))
    assert service_of(record(("café", "int"))).to_object(data).values == {"café": 5}


def test_bytes_claim_any_number_of_versions() -> None:
    cls = record(("a", "int"), version=-1)
    service = service_of(cls)
    data = bytearray(written(("a", "int", 5), *((f"f{number}", "byte", 0) for number in range(999))))
    for version in range(55):
        struct.pack_into(">i", data, 16, version)
        assert service.to_object(bytes(data)).values == {"a": 5}
