"""Many texts at once are written and read as one by one; damage is found in the same way."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hz_serialization import SerializationConfig, SerializationService, texts


def service(big_endian: bool) -> SerializationService:
    """Return a service without compiled functions for texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_calls", None)
        return SerializationService(SerializationConfig(is_big_endian=big_endian))


SERVICES = {big_endian: service(big_endian) for big_endian in (True, False)}


def outcome(function: Any, value: Any) -> str:
    """Return the value that a function returns, or its error."""
    try:
        return repr(function(value))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def one_by_one(function: Any, value: Any) -> str:
    """Return the same, with the loop over items alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_FEW", 1 << 40)
        return outcome(function, value)


SOME = st.one_of(
    st.text(max_size=6),
    st.text(max_size=300),
    st.none(),
    st.integers(),
    st.just("\ud800"),
    st.text("é", max_size=3),
)
ITEMS = st.one_of(
    st.lists(st.text(max_size=5), min_size=9, max_size=60),
    st.lists(SOME, max_size=40),
    st.lists(st.text("a", min_size=240, max_size=270), min_size=9, max_size=20),
)


@given(ITEMS, st.booleans(), st.data())
@example([""] * 50, True, None)
@example(["\xff\xff\xff\xf5"] * 50, True, None)
@example(["a" * 300, "b" * 31] * 20, False, None)
def test_many_texts_are_as_single_ones(
    items: list[Any], big_endian: bool, data: st.DataObject | None
) -> None:
    made = SERVICES[big_endian]
    for value in (items, tuple(items), [items, "x", items], dict.fromkeys(map(str, range(9)), items)):
        assert outcome(made.to_data, value) == one_by_one(made.to_data, value)
    try:
        whole = made.to_data([items, items])
    except Exception:
        return
    damaged = bytearray(whole)
    if data is not None:
        damaged[data.draw(st.integers(8, len(whole) - 1))] = data.draw(st.integers(0, 255))
        del damaged[data.draw(st.integers(9, len(whole))) :]
    for each in (whole, bytes(damaged)):
        assert outcome(made.to_object, each) == one_by_one(made.to_object, each)


@pytest.mark.parametrize("big_endian", [True, False])
def test_the_fast_way_is_taken(big_endian: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[int] = []
    layout = SERVICES[big_endian]._registry.layout
    monkeypatch.setattr(texts, "_calls", None)
    read = texts.texts_reader(layout)
    write = texts.texts_writer(layout, {})
    for items in (
        ["some text"] * 100,
        [f"item-{n}" for n in range(100)],
        ["é" * (n % 7) for n in range(100)],
    ):
        out = bytearray()
        assert write(out, items) == 100
        assert bytes(out) == SERVICES[big_endian].to_data(items)[12:]
        taken, end = read(bytes(out), 0, 100)
        assert taken == items[: len(taken)]
        assert end == sum(8 + len(text.encode()) for text in taken)
        found.append(len(taken))
    assert min(found) >= 90
    out = bytearray()
    assert [write(out, items) for items in (["a"] * 7, ["a"] * 8 + [1], [1] * 9, ["\ud800"] * 9, "text")] == [
        0
    ] * 5
    assert out == b""


def test_an_item_of_another_class_ends_the_texts() -> None:
    class Text(str):
        """A class of the user's."""

        __slots__ = ()

    made = SERVICES[True]
    for items in (["a"] * 20 + [Text("b")], [Text("b")] + ["a"] * 20):
        assert outcome(made.to_data, items) == one_by_one(made.to_data, items)
