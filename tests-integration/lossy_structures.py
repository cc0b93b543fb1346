"""What structures should be, for the machine of `lossy_models`."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

from hypothesis import strategies as st

from hz_core.errors import StaleSequenceError
from hz_proxies import LIST, MAP, MULTI_MAP, QUEUE, REPLICATED_MAP, RINGBUFFER, SET
from hz_proxies.ringbuffer import OVERFLOW_POLICY_FAIL, OVERFLOW_POLICY_OVERWRITE
from lossy_models import Model, Operations
from member_side import SMALL

ITEMS = st.integers(0, 3) | st.sampled_from(["a", ""]) | st.just(2.5)
MANY = st.lists(ITEMS, min_size=1, max_size=4)
SOME = st.lists(ITEMS, max_size=3)
KEYS = st.integers(0, 4) | st.just("a")
POLICIES = st.sampled_from([OVERFLOW_POLICY_OVERWRITE, OVERFLOW_POLICY_FAIL])
NOTHING: st.SearchStrategy[tuple[Any, ...]] = st.just(())

Args = tuple[Any, ...]


class Entries(Model):
    """What maps and replicated maps have in common."""

    def __init__(self) -> None:
        self.entries: dict[Any, Any] = {}

    @staticmethod
    def look(target: Any) -> object:
        return dict(target.entry_set()), target.size()

    def parts(self, operation: str, args: Args) -> list[tuple[str, Args]]:
        if operation == "put_all" and args[0]:
            return [("put", entry) for entry in args[0].items()]
        return [(operation, args)]

    def entry_set(self) -> list[tuple[Any, Any]]:
        return list(self.entries.items())

    def size(self) -> int:
        return len(self.entries)

    def get(self, key: Any) -> Any:
        return self.entries.get(key)

    def contains_key(self, key: Any) -> bool:
        return key in self.entries

    def contains_value(self, value: Any) -> bool:
        return value in self.entries.values()

    def put(self, key: Any, value: Any) -> Any:
        before = self.entries.get(key)
        self.entries[key] = value
        return before

    def put_all(self, entries: dict[Any, Any]) -> None:
        self.entries.update(entries)

    def remove(self, key: Any) -> Any:
        return self.entries.pop(key, None)

    def clear(self) -> None:
        self.entries.clear()


ENTRY_OPERATIONS: Operations = {
    "get": st.tuples(KEYS),
    "contains_key": st.tuples(KEYS),
    "contains_value": st.tuples(ITEMS),
    "put": st.tuples(KEYS, ITEMS),
    "put_all": st.tuples(st.dictionaries(KEYS, ITEMS, max_size=3)),
    "remove": st.tuples(KEYS),
    "clear": NOTHING,
}


class MapModel(Entries):
    """A map."""

    kind = MAP
    operations: ClassVar[Operations] = {
        **ENTRY_OPERATIONS,
        "set": st.tuples(KEYS, ITEMS),
        "put_if_absent": st.tuples(KEYS, ITEMS),
        "replace": st.tuples(KEYS, ITEMS),
        "replace_if_same": st.tuples(KEYS, ITEMS, ITEMS),
        "remove_if_same": st.tuples(KEYS, ITEMS),
        "delete": st.tuples(KEYS),
        "get_all": st.tuples(st.lists(KEYS, max_size=4)),
    }

    def set(self, key: Any, value: Any) -> None:
        self.entries[key] = value

    def put_if_absent(self, key: Any, value: Any) -> Any:
        before = self.entries.get(key)
        self.entries.setdefault(key, value)
        return before

    def replace(self, key: Any, value: Any) -> Any:
        return self.put(key, value) if key in self.entries else None

    def replace_if_same(self, key: Any, old: Any, new: Any) -> bool:
        same = key in self.entries and self.entries[key] == old
        if same:
            self.entries[key] = new
        return same

    def remove_if_same(self, key: Any, value: Any) -> bool:
        same = key in self.entries and self.entries[key] == value
        if same:
            del self.entries[key]
        return same

    def delete(self, key: Any) -> None:
        self.entries.pop(key, None)

    def get_all(self, keys: list[Any]) -> dict[Any, Any]:
        return {key: self.entries[key] for key in keys if key in self.entries}


class ReplicatedMapModel(Entries):
    """A replicated map."""

    kind = REPLICATED_MAP
    operations: ClassVar[Operations] = ENTRY_OPERATIONS


class MultiMapModel(Model):
    """A multimap of sets."""

    kind = MULTI_MAP
    duplicates: ClassVar[bool] = False
    unordered = frozenset({"get", "remove_all"})
    operations: ClassVar[Operations] = {
        "get": st.tuples(KEYS),
        "value_count": st.tuples(KEYS),
        "contains_key": st.tuples(KEYS),
        "contains_value": st.tuples(ITEMS),
        "contains_entry": st.tuples(KEYS, ITEMS),
        "put": st.tuples(KEYS, ITEMS),
        "put_all": st.tuples(st.dictionaries(KEYS, MANY, max_size=3)),
        "remove": st.tuples(KEYS, ITEMS),
        "remove_all": st.tuples(KEYS),
        "delete": st.tuples(KEYS),
        "clear": NOTHING,
    }

    def __init__(self) -> None:
        self.entries: dict[Any, Counter[Any]] = {}

    @staticmethod
    def look(target: Any) -> object:
        # Members give equal pairs of a list once only.
        return set(target.entry_set()), Counter(target.key_set()), Counter(target.values()), target.size()

    def parts(self, operation: str, args: Args) -> list[tuple[str, Args]]:
        if operation == "put_all" and args[0]:
            return [("put_values", entry) for entry in args[0].items()]
        return [(operation, args)]

    def entry_set(self) -> list[tuple[Any, Any]]:
        return [(key, value) for key, values in self.entries.items() for value in values]

    def key_set(self) -> list[Any]:
        return list(self.entries)

    def values(self) -> list[Any]:
        return [value for values in self.entries.values() for value in values.elements()]

    def size(self) -> int:
        return len(self.values())

    def get(self, key: Any) -> Counter[Any]:
        return self.entries.get(key, Counter())

    def value_count(self, key: Any) -> int:
        return self.get(key).total()

    def contains_key(self, key: Any) -> bool:
        return key in self.entries

    def contains_value(self, value: Any) -> bool:
        return value in self.values()

    def contains_entry(self, key: Any, value: Any) -> bool:
        return value in self.get(key)

    def put(self, key: Any, value: Any) -> bool:
        if value in self.get(key) and not self.duplicates:
            return False
        self.entries.setdefault(key, Counter())[value] += 1
        return True

    def put_values(self, key: Any, values: list[Any]) -> None:
        for value in values:
            self.put(key, value)

    def put_all(self, entries: dict[Any, list[Any]]) -> None:
        for key, values in entries.items():
            self.put_values(key, values)

    def remove(self, key: Any, value: Any) -> bool:
        if value not in self.get(key):
            return False
        left = self.entries[key] - Counter([value])
        self.entries[key] = left
        if not left:
            del self.entries[key]
        return True

    def remove_all(self, key: Any) -> Counter[Any]:
        return self.entries.pop(key, Counter())

    def delete(self, key: Any) -> None:
        self.entries.pop(key, None)

    def clear(self) -> None:
        self.entries.clear()


class ListMultiMapModel(MultiMapModel):
    """A multimap of lists."""

    prefix = "listed"
    duplicates = True


class RingbufferModel(Model):
    """A ringbuffer with room for a few items, which do not expire in time; then it can be full."""

    kind = RINGBUFFER
    prefix = "expiring"
    errors = (StaleSequenceError,)
    operations: ClassVar[Operations] = {
        "add": st.tuples(ITEMS, POLICIES),
        "add_all": st.tuples(st.lists(ITEMS, min_size=1, max_size=7), POLICIES),
        "read_many": st.tuples(st.integers(0, 30), st.just(0), st.integers(1, 7)),
    }

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.tail = -1

    @staticmethod
    def look(target: Any) -> object:
        head = target.head_sequence()
        return (
            head,
            target.tail_sequence(),
            target.size(),
            target.remaining_capacity(),
            items_of(target, head),
        )

    def add(self, item: Any, policy: int) -> int:
        return self.add_all([item], policy)

    def add_all(self, items: list[Any], policy: int) -> int:
        if policy == OVERFLOW_POLICY_FAIL and len(items) > self.remaining_capacity():
            return -1
        self.tail += len(items)
        self.items = [*self.items, *items][-SMALL:]
        return self.tail

    def head_sequence(self) -> int:
        return self.tail + 1 - len(self.items)

    def tail_sequence(self) -> int:
        return self.tail

    def size(self) -> int:
        return len(self.items)

    def remaining_capacity(self) -> int:
        return SMALL - len(self.items)

    def read_many(self, start: int, least: int, most: int) -> list[Any]:
        first = max(start - self.head_sequence(), 0)
        return self.items[first : first + most]


def items_of(ringbuffer: Any, head: int) -> list[Any]:
    """Return the items from a sequence on."""
    return list(ringbuffer.read_many(head, 0, 10))


class Collection(Model):
    """What lists, sets and queues have in common."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def size(self) -> int:
        return len(self.items)

    def contains(self, item: Any) -> bool:
        return item in self.items

    def contains_all(self, items: list[Any]) -> bool:
        return all(item in self.items for item in items)

    def add(self, item: Any) -> bool:
        self.items.append(item)
        return True

    def add_all(self, items: list[Any]) -> bool:
        self.items += items
        return bool(items)

    def remove(self, item: Any) -> bool:
        there = item in self.items
        if there:
            self.items.remove(item)
        return there

    def remove_all(self, items: list[Any]) -> bool:
        return self._keep([item for item in self.items if item not in items])

    def retain_all(self, items: list[Any]) -> bool:
        return self._keep([item for item in self.items if item in items])

    def clear(self) -> None:
        self.items = []

    def _keep(self, items: list[Any]) -> bool:
        changed = items != self.items
        self.items = items
        return changed


COLLECTION_OPERATIONS: Operations = {
    "contains": st.tuples(ITEMS),
    "contains_all": st.tuples(SOME),
    "add": st.tuples(ITEMS),
    "add_all": st.tuples(MANY),
    "remove": st.tuples(ITEMS),
    "remove_all": st.tuples(SOME),
    "retain_all": st.tuples(MANY),
    "clear": NOTHING,
}


class ListModel(Collection):
    """A list."""

    kind = LIST
    errors = (IndexError,)
    operations: ClassVar[Operations] = {
        **COLLECTION_OPERATIONS,
        "get": st.tuples(st.integers(0, 5)),
        "add_at": st.tuples(st.integers(0, 5), ITEMS),
        "set_at": st.tuples(st.integers(0, 5), ITEMS),
        "remove_at": st.tuples(st.integers(0, 5)),
        "index_of": st.tuples(ITEMS),
    }

    @staticmethod
    def look(target: Any) -> object:
        return target.get_all()

    def get_all(self) -> list[Any]:
        return self.items

    def get(self, index: int) -> Any:
        return self.items[index]

    def add_at(self, index: int, item: Any) -> None:
        if index > len(self.items):
            raise IndexError
        self.items.insert(index, item)

    def set_at(self, index: int, item: Any) -> Any:
        before = self.items[index]
        self.items[index] = item
        return before

    def remove_at(self, index: int) -> Any:
        return self.items.pop(index)

    def index_of(self, item: Any) -> int:
        return self.items.index(item) if item in self.items else -1


class SetModel(Collection):
    """A set."""

    kind = SET
    operations: ClassVar[Operations] = COLLECTION_OPERATIONS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SetModel) and set(self.items) == set(other.items)

    __hash__ = None  # type: ignore[assignment] # they change

    @staticmethod
    def look(target: Any) -> object:
        return Counter(target.get_all())

    def get_all(self) -> list[Any]:
        return self.items

    def add(self, item: Any) -> bool:
        return item not in self.items and super().add(item)

    def add_all(self, items: list[Any]) -> bool:
        return super().add_all([item for item in dict.fromkeys(items) if item not in self.items])


class QueueModel(Collection):
    """A queue."""

    kind = QUEUE
    operations: ClassVar[Operations] = {
        **COLLECTION_OPERATIONS,
        "offer": st.tuples(ITEMS),
        "put": st.tuples(ITEMS),
        "poll": NOTHING,
        "peek": NOTHING,
    }

    @staticmethod
    def look(target: Any) -> object:
        return target.iterator(), target.size()

    def iterator(self) -> list[Any]:
        return self.items

    def offer(self, item: Any) -> bool:
        return self.add(item)

    def put(self, item: Any) -> None:
        self.add(item)

    def poll(self) -> Any:
        return self.items.pop(0) if self.items else None

    def peek(self) -> Any:
        return self.items[0] if self.items else None


STRUCTURES: list[type[Model]] = [
    MapModel,
    MultiMapModel,
    ListMultiMapModel,
    ReplicatedMapModel,
    RingbufferModel,
    ListModel,
    SetModel,
    QueueModel,
]
