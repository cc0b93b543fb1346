"""Random operations of two clients on a multimap and a replicated map, and on dicts: all results are the same."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

import hazelcast
from hz_embedded import Cluster
from map_harness import fresh_name

EXAMPLES = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

KEYS = st.integers(0, 3) | st.sampled_from(["a", ""])
VALUES = st.integers(0, 3) | st.sampled_from(["v", ""]) | st.just(2.5)
WHO = st.integers(0, 1)


@pytest.fixture(scope="module")
def clients(
    cluster: Cluster, client: hazelcast.HazelcastClient
) -> Iterator[tuple[hazelcast.HazelcastClient, ...]]:
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as second:
        yield client, second


class Machine(RuleBasedStateMachine):
    """A structure of both clients.

    Attributes:
        get: Name of the client's method that returns the structure.
        prefix: Prefix of the structure's name.
        clients: The clients.
    """

    get: ClassVar[str]
    prefix: ClassVar[str] = "model"
    clients: ClassVar[tuple[Any, ...]]

    def __init__(self) -> None:
        super().__init__()
        name = fresh_name(self.prefix)
        self.found = [getattr(client, self.get)(name).blocking() for client in self.clients]

    def teardown(self) -> None:
        self.found[0].destroy()


class MultiMapMachine(Machine):
    """A multimap of sets, and a dict of lists without duplicates."""

    get = "get_multi_map"
    duplicates: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[Any, list[Any]] = {}

    def add(self, key: Any, value: Any) -> bool:
        """Add a value to the model; return whether it was added."""
        if value in self.model.get(key, ()) and not self.duplicates:
            return False
        self.model.setdefault(key, []).append(value)
        return True

    def discard(self, key: Any, value: Any) -> bool:
        """Remove a value from the model; return whether it was there."""
        values = self.model.get(key, [])
        if value not in values:
            return False
        values.remove(value)
        if not values:
            del self.model[key]
        return True

    @rule(who=WHO, key=KEYS, value=VALUES)
    def put(self, who: int, key: Any, value: Any) -> None:
        assert self.found[who].put(key, value) is self.add(key, value)

    @rule(who=WHO, entries=st.dictionaries(KEYS, st.lists(VALUES, max_size=4), max_size=4))
    def put_all(self, who: int, entries: dict[Any, list[Any]]) -> None:
        self.found[who].put_all(entries)
        for key, values in entries.items():
            for value in values:
                self.add(key, value)

    @rule(who=WHO, key=KEYS, value=VALUES)
    def remove(self, who: int, key: Any, value: Any) -> None:
        assert self.found[who].remove(key, value) is self.discard(key, value)

    @rule(who=WHO, key=KEYS)
    def remove_all(self, who: int, key: Any) -> None:
        assert Counter(self.found[who].remove_all(key)) == Counter(self.model.pop(key, []))

    @rule(who=WHO, key=KEYS)
    def delete(self, who: int, key: Any) -> None:
        self.found[who].delete(key)
        self.model.pop(key, None)

    @rule(who=WHO)
    def clear(self, who: int) -> None:
        self.found[who].clear()
        self.model.clear()

    @rule(who=WHO, key=KEYS, value=VALUES)
    def look(self, who: int, key: Any, value: Any) -> None:
        mm, values = self.found[who], self.model.get(key, [])
        assert Counter(mm.get(key)) == Counter(mm[key]) == Counter(values)
        assert mm.value_count(key) == len(mm[key]) == len(values)
        assert mm.contains_key(key) is (key in mm) is (key in self.model)
        assert mm.contains_entry(key, value) is (value in mm[key]) is (value in values)
        assert mm.contains_value(value) is any(value in found for found in self.model.values())

    @rule(who=WHO, key=KEYS, value=VALUES, commit=st.booleans())
    def transaction(self, who: int, key: Any, value: Any, commit: bool) -> None:
        before = {key: list(values) for key, values in self.model.items()}
        tx = self.clients[who].new_transaction()
        tx.begin()
        changes = tx.get_multi_map(self.found[who].name)
        assert changes.put(key, value) is self.add(key, value)
        assert Counter(changes.get(key)) == Counter(self.model[key])
        assert changes.value_count(key) == len(self.model[key])
        if commit:
            tx.commit()
        else:
            tx.rollback()
            self.model = before

    @invariant()
    def same(self) -> None:
        pairs = Counter((key, value) for key, values in self.model.items() for value in values)
        for mm in self.found:
            # Members give equal pairs of a list once only.
            assert Counter(mm.items()) == Counter(set(pairs))
            assert mm.size() == len(mm) == pairs.total()
            assert Counter(mm) == Counter(mm.keys()) == Counter(list(self.model))
            assert Counter(mm.values()) == Counter(value for _, value in pairs.elements())


class ListMultiMapMachine(MultiMapMachine):
    """A multimap of lists, and a dict of lists."""

    prefix = "listed"
    duplicates = True

    @rule(who=WHO, key=KEYS)
    def order(self, who: int, key: Any) -> None:
        assert self.found[who].get(key) == self.model.get(key, [])


class ReplicatedMapMachine(Machine):
    """A replicated map and a dict."""

    get = "get_replicated_map"

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[Any, Any] = {}

    @rule(who=WHO, key=KEYS, value=VALUES, ttl=st.sampled_from([0, None, 1000]))
    def put(self, who: int, key: Any, value: Any, ttl: int | None) -> None:
        assert self.found[who].put(key, value, ttl) == self.model.get(key)
        self.model[key] = value

    @rule(who=WHO, entries=st.dictionaries(KEYS, VALUES, max_size=5))
    def put_all(self, who: int, entries: dict[Any, Any]) -> None:
        self.found[who].put_all(entries)
        self.model.update(entries)

    @rule(who=WHO, key=KEYS)
    def remove(self, who: int, key: Any) -> None:
        assert self.found[who].remove(key) == self.model.pop(key, None)

    @rule(who=WHO, key=KEYS, value=VALUES)
    def set_default(self, who: int, key: Any, value: Any) -> None:
        assert self.found[who].setdefault(key, value) == self.model.setdefault(key, value)

    @rule(who=WHO, key=KEYS)
    def pop(self, who: int, key: Any) -> None:
        assert self.found[who].pop(key, "none") == self.model.pop(key, "none")

    @rule(who=WHO)
    def pop_item(self, who: int) -> None:
        if self.model:
            key, value = self.found[who].popitem()
            assert self.model.pop(key) == value
        else:
            with pytest.raises(KeyError):
                self.found[who].popitem()

    @rule(who=WHO)
    def clear(self, who: int) -> None:
        self.found[who].clear()
        self.model.clear()

    @rule(who=WHO, key=KEYS, value=VALUES)
    def look(self, who: int, key: Any, value: Any) -> None:
        r = self.found[who]
        assert r.get(key) == self.model.get(key)
        assert r.contains_key(key) is (key in r) is (key in self.model)
        assert r.contains_value(value) is (value in self.model.values())

    @rule(who=WHO)
    def in_pages(self, who: int) -> None:
        assert {view.key: view.value for view in self.found[who].iter_entry_views()} == self.model
        assert dict(self.found[who].iter_items(1)) == self.model

    @invariant()
    def same(self) -> None:
        for r in self.found:
            assert dict(r.items()) == dict(r) == dict(r.entry_set()) == self.model
            assert Counter(r.values()) == Counter(self.model.values())
            assert (len(r), r.is_empty()) == (len(self.model), not self.model)


@pytest.mark.parametrize("machine", [MultiMapMachine, ListMultiMapMachine, ReplicatedMapMachine])
def test_it_behaves_as_its_model(clients: tuple[Any, ...], machine: type[Machine]) -> None:
    class WithClients(machine):  # type: ignore[misc,valid-type] # the base is a variable
        pass

    WithClients.clients = clients
    run_state_machine_as_test(WithClients, settings=EXAMPLES)
