"""Values that cannot be written: what, where, why, and what to do."""

from __future__ import annotations

import pickle
from array import array
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any

import pytest

from hz_serialization import (
    Byte,
    Char,
    HazelcastError,
    HazelcastJsonValue,
    HazelcastSerializationError,
    IntType,
    MapEntry,
    ObjectArray,
    SerializationConfig,
    SerializationService,
    StringArray,
)

SERVICE = SerializationService()


class Opaque:
    """Nothing knows how to write this."""

    def __repr__(self) -> str:
        return "Opaque()"


def _refusal(value: Any, service: SerializationService = SERVICE) -> str:
    with pytest.raises(HazelcastSerializationError) as caught:
        service.to_data(value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (Opaque(), "$"),
        ([1, 2, 3, {"a": Opaque()}], "$[3]['a']"),
        ((1, [Opaque()]), "$[1][0]"),
        ({"k": {"l": {Opaque()}}}, "$['k']['l']{0}"),
        ({(1, Opaque()): 1}, "$[(1, Opaque())].key[1]"),
        (ObjectArray([None, MapEntry("k", Opaque())]), "$[1].value"),
    ],
)
def test_type_and_path_are_named(value: Any, path: str) -> None:
    message = _refusal(value)
    assert f"Opaque at {path}: no serializer takes this type" in message
    assert "custom_serializers" in message


@pytest.mark.parametrize(
    ("kind", "bits"), [("BYTE", 8), ("SHORT", 16), ("INT", 32), ("LONG", 64), (IntType.INT, 32), (4, 64)]
)
def test_an_int_that_does_not_fit_names_the_option(kind: Any, bits: int) -> None:
    service = SerializationService(SerializationConfig(default_int_type=kind))
    edge = 2 ** (bits - 1)
    assert service.to_object(service.to_data([edge - 1, -edge])) == [edge - 1, -edge]
    for value, path in ((edge, "$"), (-edge - 1, "$"), ([[edge]], "$[0][0]")):
        message = _refusal(value, service)
        assert message.startswith(f"Cannot serialize int at {path}: the number needs {bits + 1} bits")
        assert "default_int_type" in message


@pytest.mark.parametrize("kind", ["SMALL", 6, -1, True, None, 2.5])
def test_an_unknown_int_type_is_refused(kind: Any) -> None:
    with pytest.raises(TypeError, match=r"default_int_type must be one of VAR \(0\), BYTE \(1\)"):
        SerializationConfig(default_int_type=kind)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("ab\ud800", r"lone surrogate \(U\+D800 at index 2\)"),
        (StringArray(["", "\udfff"]), r"at \$\[1\]: the text holds a lone surrogate"),
        (Byte(128), "128 is out of the range of Java's Byte"),
        (Char("ab"), "is not one UTF-16 unit"),
        (Decimal("NaN"), "BigDecimal has no NaN"),
        (Decimal("1E+9999999999"), "beyond the 32-bit scale"),
        (Decimal("1" * 100_000), "100000 digits are more than fit"),
        (time(1, tzinfo=UTC), "no time of day with a zone"),
        (datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=19))), "end at 18 hours"),
        (datetime(2020, 1, 1, tzinfo=timezone(timedelta(microseconds=1))), "whole seconds"),
        (array("H", [1]), "no array of item type 'H'; .*numbers are signed"),
        (memoryview(bytes(4)).cast("B", (2, 2)), "of item type 'B' in 2 dimensions"),
    ],
)
def test_values_that_java_cannot_hold_say_why(value: Any, reason: str) -> None:
    with pytest.raises(HazelcastSerializationError, match=reason):
        SERVICE.to_data(value)


class _Nowhere(tzinfo):
    def utcoffset(self, dt: datetime | None) -> None:
        return None

    dst = tzname = utcoffset


def test_a_zone_without_offset_is_refused() -> None:
    assert "gives no UTC offset" in _refusal(datetime(2020, 1, 1, tzinfo=_Nowhere()))


def test_a_container_that_holds_itself_is_refused() -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    message = _refusal(endless)
    assert "deeper than 128 levels" in message
    assert len(message) < 500
    mapping: dict[str, Any] = {}
    mapping["self"] = mapping
    assert "$['self']['self']" in _refusal(mapping)


def test_nesting_near_the_callers_own_recursion_limit_is_no_crash() -> None:
    value: Any = 1
    for _ in range(100):
        value = [value]

    def deeper(levels: int) -> Any:
        return deeper(levels - 1) if levels else SERVICE.to_object(SERVICE.to_data(value))

    assert deeper(100) == value
    seen = set()
    for levels in range(500, 950, 10):
        try:
            deeper(levels)
        except HazelcastSerializationError as error:
            seen.add("nests too deeply" in str(error))
        except RecursionError:
            break  # the caller's own calls reached the limit
    assert seen <= {True}


class _Shrinking(list[Any]):
    def __iter__(self) -> Any:
        yield from list.__iter__(self)
        self.pop()


def test_a_container_that_changes_meanwhile_is_refused() -> None:
    assert "changed while it was written" in _refusal(_Shrinking([1, 2]))


def test_errors_survive_pickling_and_carry_their_cause() -> None:
    with pytest.raises(HazelcastSerializationError) as caught:
        SERVICE.to_data([Opaque()])
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    cause = ValueError("why")
    error = HazelcastError("what", cause)
    assert (str(error), error.cause, error.__cause__) == ("what", cause, cause)
    assert str(HazelcastError()) == ""


def test_json_value_keeps_text_and_turns_objects_into_it() -> None:
    assert HazelcastJsonValue("{broken").to_string() == "{broken"
    assert HazelcastJsonValue({"a": [1, None]}).loads() == {"a": [1, None]}
    assert HazelcastJsonValue("1") == HazelcastJsonValue(1)
    assert hash(HazelcastJsonValue("1")) == hash(HazelcastJsonValue(1))
    assert HazelcastJsonValue("1") != "1"
    assert repr(HazelcastJsonValue(1)) == "HazelcastJsonValue('1')"
    with pytest.raises(AssertionError, match="not None"):
        HazelcastJsonValue(None)
    with pytest.raises(TypeError, match="not JSON serializable"):
        HazelcastJsonValue(Opaque())
