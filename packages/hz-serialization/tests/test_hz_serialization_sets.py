"""Equal sets have equal bytes, whatever Python's order of their items is: members compare keys and values by bytes."""

from __future__ import annotations

import itertools
from collections import Counter, OrderedDict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_serialization import (
    HazelcastSerializationError,
    PicklePolicy,
    SerializationConfig,
    SerializationService,
    Short,
    partition_hash,
)
from hz_serialization.api import Portable, PortableReader, PortableWriter, StreamSerializer

ITEMS = st.recursive(
    st.none() | st.integers(-(2**31), 2**31 - 1) | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=8,
)


class Shuffled(frozenset[Any]):
    """A set that yields its items in the order that it was given."""

    def __new__(cls, items: Any) -> Shuffled:
        made = super().__new__(cls, items)
        made.order = list(items)
        return made

    order: list[Any]

    def __iter__(self) -> Any:
        return iter(self.order)


class Point(Portable):
    """A Portable that can be an item of a set."""

    def __init__(self, x: int = 0, name: str | None = "") -> None:
        self.x, self.name = x, name

    def get_factory_id(self) -> int:
        return 1

    def get_class_id(self) -> int:
        return 1

    def write_portable(self, writer: PortableWriter) -> None:
        writer.write_int("x", self.x)
        writer.write_string("name", self.name)

    def read_portable(self, reader: PortableReader) -> None:
        self.x, self.name = reader.read_int("x"), reader.read_string("name")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.x)


class Box:
    """A class with a custom serializer, which holds any object."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)


class BoxSerializer(StreamSerializer):
    """Writes what is in a box."""

    def get_type_id(self) -> int:
        return 5

    def write(self, out: Any, obj: Box) -> None:
        out.write_object(obj.content)

    def read(self, inp: Any) -> Box:
        content = inp.read_object()
        return Box(frozenset(content) if isinstance(content, set) else content)

    def destroy(self) -> None:
        """Do nothing."""


def services() -> list[SerializationService]:
    return [
        SerializationService(
            SerializationConfig(
                is_big_endian=order,
                portable_factories={1: {1: Point}},
                custom_serializers={Box: BoxSerializer},
            )
        )
        for order in (True, False)
    ]


SERVICES = services()


@given(st.lists(ITEMS, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_any_order_gives_the_same_bytes(items: list[Any], random: Any) -> None:
    other = items[:]
    random.shuffle(other)
    for service in SERVICES:
        for wrap in (
            lambda made: made,
            lambda made: (1, made),
            lambda made: {"k": [made]},
            lambda made: {made},
        ):
            first, second = service.to_data(wrap(Shuffled(items))), service.to_data(wrap(Shuffled(other)))
            assert first == second
            assert partition_hash(first) == partition_hash(second)
        assert service.to_object(service.to_data(Shuffled(items))) == set(items)


def test_the_issue() -> None:
    for service in SERVICES:
        to_data = service.to_data
        assert to_data(frozenset([0, 8])) == to_data(frozenset([8, 0])) == to_data({8, 0}) == to_data({0, 8})
        assert to_data((frozenset([0, 8]), 1)) == to_data((frozenset([8, 0]), 1))


@pytest.mark.parametrize(
    "items",
    [
        [Point(1, "a"), Point(2, "bcd"), Point(3, None)],
        [Box(Point(1, "a")), Box(Point(2, "bcd")), "text", 7],
        [(Point(1, "abc"), 1), (Point(2, ""), 2), frozenset([Point(5, "x"), Point(6, "yz")])],
        [Box(frozenset([Point(1, "a"), Point(2, "bc")])), Box(frozenset([Point(3, "def"), Point(4, "g")]))],
    ],
    ids=["Portable", "in a custom serializer", "nested", "nested in a custom serializer"],
)
def test_portables_keep_the_positions_in_their_bytes(items: list[Any]) -> None:
    for service in services():
        for wrap in (lambda made: made, lambda made: ["before", made, "after"]):
            written = {service.to_data(wrap(Shuffled(order))) for order in itertools.permutations(items)}
            assert len(written) == 1
            assert service.to_object(written.pop()) == wrap(set(items))


def test_a_set_without_portables_after_one_was_written() -> None:
    for service in services():
        service.to_data(Point(1))
        items = [
            b"x",
            date(2020, 1, 1),
            Decimal("1.5"),
            UUID(int=5),
            Short(3),
            None,
            ("a", 1),
            Box("content"),
        ]
        written = {
            service.to_data(Shuffled(order)) for order in itertools.islice(itertools.permutations(items), 50)
        }
        assert len(written) == 1
        assert service.to_object(written.pop()) == set(items)


def test_many_levels_take_time_in_proportion() -> None:
    """Each level is written once; twice would be 2**100 times."""
    value: Any = frozenset([1])
    for level in range(100):
        value = frozenset([value, level])
    for service in services():
        service.to_data(Point(1))
        assert service.to_object(service.to_data(value)) == value


def test_an_item_that_cannot_be_written_is_named() -> None:
    with pytest.raises(HazelcastSerializationError, match=r"at \$\{0\}: no serializer takes this type"):
        SERVICES[0].to_data({object()})
    with pytest.raises(HazelcastSerializationError, match=r"at \$\['k'\]\{2\}\[1\]"):
        SERVICES[0].to_data({"k": Shuffled([1, 2, (3, object())])})


def test_a_set_that_changes_while_it_is_written() -> None:
    changing: set[Any] = set()

    class Growing(StreamSerializer):
        def get_type_id(self) -> int:
            return 6

        def write(self, out: Any, obj: Any) -> None:
            changing.add(len(changing))

        def read(self, inp: Any) -> Any: ...

        def destroy(self) -> None: ...

    class Grows:
        """Grows the set that it is in."""

    service = SerializationService(SerializationConfig(custom_serializers={Grows: Growing}))
    changing.add(Grows())
    with pytest.raises(HazelcastSerializationError, match=r"Set changed size|its size changed"):
        service.to_data(changing)


def test_mappings_keep_their_order() -> None:
    """It is a part of their value for programs, so equal dicts in different orders have different bytes."""
    service = SERVICES[0]
    for kind in (dict, OrderedDict, Counter):
        forth, back = kind({"a": 1, "b": 2}), kind({"b": 2, "a": 1})
        assert service.to_data(forth) != service.to_data(back)
        assert list(service.to_object(service.to_data(back))) == ["b", "a"]
        assert service.to_data(service.to_object(service.to_data(back))) == service.to_data(back)
    assert service.to_data({frozenset([0, 8]): {8, 0}}) == service.to_data({frozenset([8, 0]): {0, 8}})


def test_sets_of_pickled_objects() -> None:
    service = SerializationService(SerializationConfig(pickle_policy=PicklePolicy.ALLOW))
    items = [complex(1, 2), complex(3, 4), 5j]
    assert len({service.to_data(Shuffled(order)) for order in itertools.permutations(items)}) == 1
