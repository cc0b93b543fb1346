"""Random operations of two clients on a set, a list and a queue, and on Python's: all results are the same."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import hazelcast
from hz_core.kinds import ObjectKind
from hz_embedded import Cluster
from hz_proxies import LIST, QUEUE, SET
from map_harness import fresh_name

EXAMPLES = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

ITEMS = st.integers(0, 5) | st.sampled_from(["a", "b", ""]) | st.just(2.5)
MANY = st.lists(ITEMS, max_size=6)
PLACES = st.integers(-8, 8)
SLICES = st.builds(slice, st.none() | PLACES, st.none() | PLACES, st.none() | st.sampled_from([1, 2, -1, -3]))
WHO = st.integers(0, 1)

# What empties a structure is done when there is much in it, or else the others would find little.
if_full = precondition(lambda machine: len(machine.model) > 7)


@pytest.fixture(scope="module")
def clients(
    cluster: Cluster, client: hazelcast.HazelcastClient
) -> Iterator[tuple[hazelcast.HazelcastClient, ...]]:
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as second:
        yield client, second


class Machine(RuleBasedStateMachine):
    """A structure of both clients and a model of it.

    Attributes:
        kind: The kind of the structure.
        clients: The clients.
    """

    kind: ClassVar[ObjectKind[Any, Any]]
    clients: ClassVar[tuple[Any, ...]]
    model: Any

    def __init__(self) -> None:
        super().__init__()
        name = fresh_name("model")
        self.found = [client.get_object(self.kind, name).blocking() for client in self.clients]

    @initialize(items=st.lists(ITEMS, min_size=4, max_size=9))
    def fill(self, items: list[Any]) -> None:
        self.found[0].add_all(items)
        self.model = type(self.model)(items)

    def teardown(self) -> None:
        self.found[0].destroy()

    def same(self, who: int, operation: Any, *ours: Any, errors: tuple[type[Exception], ...] = ()) -> None:
        """Do the same with the structure and with the model; both return the same or raise the same."""
        outcomes = []
        for target in (self.found[who], self.model):
            try:
                outcomes.append(operation(target))
            except errors as e:
                outcomes.append(next(kind for kind in errors if isinstance(e, kind)))
        assert outcomes[0] == outcomes[1]

    @if_full
    @rule(who=WHO)
    def clear(self, who: int) -> None:
        self.found[who].clear()
        self.model.clear()

    @rule(who=WHO, item=ITEMS)
    def contains(self, who: int, item: Any) -> None:
        assert self.found[who].contains(item) is (item in self.model)

    @rule(who=WHO, items=MANY)
    def contains_all(self, who: int, items: list[Any]) -> None:
        assert self.found[who].contains_all(items) is all(item in self.model for item in items)

    @rule(who=WHO)
    def size(self, who: int) -> None:
        assert self.found[who].size() == len(self.model)
        assert self.found[who].is_empty() is (not self.model)


class SetMachine(Machine):
    """A set and a Python set."""

    kind = SET

    def __init__(self) -> None:
        super().__init__()
        self.model: set[Any] = set()

    @rule(who=WHO, item=ITEMS)
    def add(self, who: int, item: Any) -> None:
        assert self.found[who].add(item) is (item not in self.model)
        self.model.add(item)

    @rule(who=WHO, item=ITEMS)
    def remove(self, who: int, item: Any) -> None:
        assert self.found[who].remove(item) is (item in self.model)
        self.model.discard(item)

    @rule(who=WHO, items=MANY)
    def add_all(self, who: int, items: list[Any]) -> None:
        before = set(self.model)
        self.model |= set(items)
        assert self.found[who].add_all(items) is (self.model != before)

    @rule(who=WHO, items=MANY)
    def remove_all(self, who: int, items: list[Any]) -> None:
        before = set(self.model)
        self.model -= set(items)
        assert self.found[who].remove_all(items) is (self.model != before)

    @if_full
    @rule(who=WHO, items=MANY)
    def retain_all(self, who: int, items: list[Any]) -> None:
        before = set(self.model)
        self.model &= set(items)
        assert self.found[who].retain_all(items) is (self.model != before)

    @rule(who=WHO)
    def pop(self, who: int) -> None:
        if self.model:
            self.model.remove(self.found[who].pop())
        else:
            with pytest.raises(KeyError):
                self.found[who].pop()

    @rule(who=WHO, items=MANY)
    def operators(self, who: int, items: list[Any]) -> None:
        other = set(items)
        for operation in (
            lambda s: s | other, lambda s: s & other, lambda s: s - other, lambda s: s ^ other,
            lambda s: other - s, lambda s: s <= other, lambda s: s < other, lambda s: s >= other,
            lambda s: s > other, lambda s: s == other, lambda s: s.isdisjoint(other), bool,
        ):  # fmt: skip
            self.same(who, operation)

    @rule(who=WHO, items=MANY)
    def exclusive(self, who: int, items: list[Any]) -> None:
        self.found[who] ^= set(items)
        self.model ^= set(items)

    @invariant()
    def same_items(self) -> None:
        for found in self.found:
            assert Counter(found) == Counter(self.model)


class ListMachine(Machine):
    """A list and a Python list."""

    kind = LIST

    def __init__(self) -> None:
        super().__init__()
        self.model: list[Any] = []

    @rule(who=WHO, item=ITEMS)
    def append(self, who: int, item: Any) -> None:
        self.same(who, lambda items: items.append(item))

    @rule(who=WHO, items=MANY)
    def extend(self, who: int, items: list[Any]) -> None:
        assert self.found[who].add_all(items) is bool(items)
        self.model.extend(items)

    @rule(who=WHO, place=PLACES, item=ITEMS)
    def insert(self, who: int, place: int, item: Any) -> None:
        self.same(who, lambda items: items.insert(place, item))

    @rule(who=WHO, place=PLACES)
    def get_at(self, who: int, place: int) -> None:
        self.same(who, lambda items: items[place], errors=(IndexError,))

    @rule(who=WHO, place=PLACES, item=ITEMS)
    def set_at(self, who: int, place: int, item: Any) -> None:
        self.same(who, lambda items: items.__setitem__(place, item), errors=(IndexError,))

    @rule(who=WHO, place=PLACES)
    def pop(self, who: int, place: int) -> None:
        self.same(who, lambda items: items.pop(place), errors=(IndexError,))

    @rule(who=WHO, places=SLICES)
    def slice(self, who: int, places: Any) -> None:
        self.same(who, lambda items: items[places])

    @rule(who=WHO, places=SLICES, items=MANY)
    def set_slice(self, who: int, places: Any, items: list[Any]) -> None:
        self.same(who, lambda found: found.__setitem__(places, items), errors=(ValueError,))

    @if_full
    @rule(who=WHO, places=SLICES)
    def delete_slice(self, who: int, places: Any) -> None:
        self.same(who, lambda items: items.__delitem__(places))

    @rule(who=WHO, item=ITEMS, start=PLACES, stop=PLACES)
    def index(self, who: int, item: Any, start: int, stop: int) -> None:
        self.same(who, lambda items: items.index(item, start, stop), errors=(ValueError,))
        self.same(who, lambda items: items.index(item), errors=(ValueError,))
        self.same(who, lambda items: items.count(item))
        places = [place for place, found in enumerate(self.model) if found == item]
        assert self.found[who].last_index_of(item) == (places[-1] if places else -1)

    @rule(who=WHO, item=ITEMS)
    def remove(self, who: int, item: Any) -> None:
        assert self.found[who].remove(item) is (item in self.model)
        if item in self.model:
            self.model.remove(item)

    @if_full
    @rule(who=WHO, items=MANY, keep=st.booleans())
    def remove_or_retain_all(self, who: int, items: list[Any], keep: bool) -> None:
        left = [item for item in self.model if (item in items) is keep]
        changed = (self.found[who].retain_all if keep else self.found[who].remove_all)(items)
        assert changed is (left != self.model)
        self.model = left

    @rule(who=WHO)
    def reverse(self, who: int) -> None:
        self.same(who, lambda items: items.reverse())

    @invariant()
    def same_items(self) -> None:
        for found in self.found:
            assert list(found) == self.model
            assert list(reversed(found)) == self.model[::-1]


class QueueMachine(Machine):
    """A queue and a Python list."""

    kind = QUEUE

    def __init__(self) -> None:
        super().__init__()
        self.model: list[Any] = []

    @rule(who=WHO, item=ITEMS, how=st.sampled_from(["add", "offer", "put", "put_nowait"]))
    def add(self, who: int, item: Any, how: str) -> None:
        assert getattr(self.found[who], how)(item) is (None if how.startswith("put") else True)
        self.model.append(item)

    @rule(who=WHO, items=MANY)
    def add_all(self, who: int, items: list[Any]) -> None:
        assert self.found[who].add_all(items) is True
        self.model.extend(items)

    @rule(who=WHO)
    def poll(self, who: int) -> None:
        assert self.found[who].peek() == (self.model[0] if self.model else None)
        assert self.found[who].poll() == (self.model.pop(0) if self.model else None)

    @rule(who=WHO)
    def take(self, who: int) -> None:
        if self.model:
            assert self.found[who].take() == self.model.pop(0)

    @if_full
    @rule(who=WHO, most=st.integers(-1, 4))
    def drain(self, who: int, most: int) -> None:
        drained: list[Any] = []
        count = len(self.model) if most < 0 else min(most, len(self.model))
        assert self.found[who].drain_to(drained, most) == count
        assert drained == self.model[:count]
        del self.model[:count]

    @rule(who=WHO, item=ITEMS)
    def remove(self, who: int, item: Any) -> None:
        assert self.found[who].remove(item) is (item in self.model)
        if item in self.model:
            self.model.remove(item)

    @if_full
    @rule(who=WHO, items=MANY, keep=st.booleans())
    def remove_or_retain_all(self, who: int, items: list[Any], keep: bool) -> None:
        left = [item for item in self.model if (item in items) is keep]
        changed = (self.found[who].retain_all if keep else self.found[who].remove_all)(items)
        assert changed is (left != self.model)
        self.model = left

    @invariant()
    def same_items(self) -> None:
        for found in self.found:
            assert found.iterator() == self.model
            assert found.qsize() == len(self.model)


MACHINES = [SetMachine, ListMachine, QueueMachine]


@pytest.mark.parametrize("machine", MACHINES)
def test_it_behaves_as_its_model(clients: tuple[Any, ...], machine: type[Machine]) -> None:
    class WithClients(machine):  # type: ignore[misc,valid-type] # the base is a variable
        pass

    WithClients.clients = clients
    run_state_machine_as_test(WithClients, settings=EXAMPLES)
