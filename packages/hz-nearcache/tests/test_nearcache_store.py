"""The store: look-ups, expiry, eviction, limits, reservations, against a simple model."""

import itertools
import random
import threading
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hz_core.config import EvictionPolicy
from hz_nearcache import Cache
from hz_nearcache.compiled import MISSING
from hz_nearcache.eviction import Record, Sampler
from hz_nearcache.store import ENTRY_COST, Store


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def store(clock: Clock | None = None, seed: int = 0, **options: Any) -> Store:
    return Store(now=clock or Clock(), random=random.Random(seed).random, mutex=nullcontext(), **options)


def check(kept: Store) -> None:
    """Check that the tables of a store agree with each other."""
    records = kept._all
    assert len(kept) == len(records) == len(kept._records)
    assert [record.place for record in records] == list(range(len(records)))
    assert all(kept._records[record.key] is record for record in records)
    assert kept.bytes == sum(record.cost for record in records)
    shortcuts = [record for table in kept._shortcuts.values() for record in table.values()]
    assert {id(record) for record in shortcuts} == {id(r) for r in records if r.table is not None}


def test_a_value_is_found_by_either_key() -> None:
    kept = store()
    kept.put(b"data", None, shortcut="k")
    assert kept.look_up("k") is None
    assert kept.find(b"data") is None
    assert (kept.look_up("other"), kept.look_up(1.5), kept.find(b"other")) == (MISSING,) * 3
    assert (kept.statistics.hits, kept.statistics.misses) == (2, 1)
    assert kept.statistics.hit_ratio == pytest.approx(2 / 3)
    check(kept)


def test_the_first_slow_hit_makes_the_next_ones_fast() -> None:
    kept = store()
    kept.put(b"data", "v")
    assert kept.look_up("k") is MISSING
    assert kept.find(b"data", "k") == "v"
    assert kept.look_up("k") == "v"
    kept.put(b"float", "v")
    assert kept.find(b"float", 1.5) == "v"
    assert kept.look_up(1.5) is MISSING  # 0.0 and -0.0 are equal, and have other bytes
    assert kept.forget(b"data")
    assert kept.look_up("k") is MISSING
    check(kept)


@pytest.mark.parametrize("key", ["1", 1, True, b"1", UUID(int=1)], ids=repr)
def test_equal_keys_of_other_types_are_others(key: Any) -> None:
    kept = store()
    kept.put(b"data", "v", shortcut=key)
    others = [other for other in ("1", 1, True, 1.0, b"1", bytearray(b"1"), UUID(int=1)) if other is not key]
    others = [other for other in others if type(other) is not type(key)]
    assert [kept.look_up(other) for other in others] == [MISSING] * len(others)
    assert kept.look_up(key) == "v"


def test_time_to_live_and_max_idle() -> None:
    clock = Clock()
    kept = store(clock, time_to_live=10, max_idle=4)
    kept.put(b"a", 1, shortcut="a")
    kept.put(b"b", 2, shortcut="b")
    for now in (3, 6, 9):
        clock.now = now
        assert kept.look_up("a") == 1
    assert kept.look_up("b") is MISSING
    assert kept.statistics.expirations == 1
    clock.now = 10
    assert kept.find(b"a") is MISSING
    assert (len(kept), kept.statistics.expirations) == (0, 2)
    check(kept)


@pytest.mark.parametrize(
    "limits", [{}, {"time_to_live": None, "max_idle": None}, {"time_to_live": 0, "max_idle": 0}]
)
def test_without_limits_nothing_expires(limits: dict[str, Any]) -> None:
    clock = Clock()
    kept = store(clock, **limits)
    kept.put(b"a", 1, shortcut="a")
    clock.now = 1e9
    assert kept.look_up("a") == kept.find(b"a") == 1


def test_lru_evicts_what_was_used_longest_ago() -> None:
    kept = store(max_size=3)
    for key in (b"a", b"b", b"c"):
        kept.put(key, key)
    kept.find(b"a")
    kept.find(b"c")
    kept.put(b"d", b"d")
    assert sorted(kept.keys()) == [b"a", b"c", b"d"]
    kept.put(b"e", b"e")
    assert kept.keys() == [b"c", b"d", b"e"]
    assert kept.statistics.evictions == 2
    check(kept)


def test_lfu_evicts_what_was_used_least_often() -> None:
    kept = store(max_size=3, policy=EvictionPolicy.LFU)
    for key, hits in ((b"a", 2), (b"b", 1), (b"c", 3)):
        kept.put(key, key)
        for _ in range(hits):
            kept.find(key)
    kept.put(b"d", b"d")
    assert sorted(kept.keys()) == [b"a", b"c", b"d"]


def test_random_evicts_anything() -> None:
    kept = store(max_size=50, policy=EvictionPolicy.RANDOM)
    for n in range(300):
        kept.put(n, n)
    check(kept)
    assert len(kept) == 50
    assert set(kept.keys()) != set(range(250, 300))
    assert kept.statistics.evictions == 250


def test_none_evicts_nothing() -> None:
    kept = store(max_size=3, policy=EvictionPolicy.NONE)
    for n in range(300):
        assert kept.put(n, n)
    assert len(kept) == 300


def test_expired_entries_go_first() -> None:
    clock = Clock()
    kept = store(clock, max_size=3, time_to_live=10)
    kept.put("old", 1)
    clock.now = 9
    kept.put("a", 1)
    kept.put("b", 1)
    kept.find("old")
    clock.now = 10
    kept.put("c", 1)
    assert sorted(kept.keys()) == ["a", "b", "c"]
    assert (kept.statistics.expirations, kept.statistics.evictions) == (1, 0)


@pytest.mark.parametrize("policy", [EvictionPolicy.LRU, EvictionPolicy.LFU])
def test_samples_find_what_is_rarely_used(policy: EvictionPolicy) -> None:
    kept = store(max_size=1000, policy=policy)
    for n in range(1000):
        kept.put(n, n)
    hot = set(range(0, 1000, 2))
    for n in hot:
        kept.find(n)
    for n in range(1000, 1250):
        kept.put(n, n)
        for one in (n, n - 1):
            kept.find(one)
    assert len(hot & set(kept.keys())) >= 450  # a random choice would leave 375


def test_the_pool_remembers_candidates() -> None:
    def evicted_cold(pool: int) -> int:
        kept = store(max_size=1000, sampling_count=4, sampling_pool_size=pool)
        for n in range(1000):
            kept.put(n, n)
        for n in range(200, 1000):
            kept.find(n)
        for n in range(1000, 1100):
            kept.put(n, n)
        return 200 - len(set(range(200)) & set(kept.keys()))

    assert evicted_cold(64) > evicted_cold(1)


class Full:
    """A full store of 64 entries, so that all are compared for its next 8 evictions."""

    def __init__(self) -> None:
        self.kept = store(max_size=64)
        self.added = iter(range(10_000))
        self.add(64)

    def add(self, count: int) -> list[int]:
        """Store new entries; return the keys that are gone then."""
        before = set(self.kept.keys())
        for n in itertools.islice(self.added, count):
            self.kept.put(n, n)
        check(self.kept)
        return sorted(before - set(self.kept.keys()))


def test_candidates_are_evicted_in_their_order() -> None:
    full = Full()
    assert [full.add(1) for _ in range(40)] == [[n] for n in range(40)]
    assert full.kept.statistics.evictions == 40


def test_what_was_used_since_it_was_compared_stays() -> None:
    full = Full()
    assert full.add(1) == [0]
    for n in (1, 2, 3):
        full.kept.find(n)
    assert [full.add(1) for _ in range(3)] == [[4], [5], [6]]


def test_candidates_that_were_removed_are_none() -> None:
    full = Full()
    assert full.add(1) == [0]
    for n in (1, *range(8, 16)):
        full.kept.forget(n)
    assert full.add(9) == []
    assert [full.add(1) for _ in range(8)] == [[2], [3], [4], [5], [6], [7], [16], [17]]
    assert full.kept.statistics.evictions == 9


def test_all_of_a_few_entries_are_compared_each_time() -> None:
    kept = store(max_size=5, policy=EvictionPolicy.LFU, sampling_pool_size=4)
    for n in range(5):
        kept.put(n, n)
        kept.find(n)
    for n in (5, 6):  # 5 is the next to go, since nobody has read it
        kept.put(n, n)
    assert sorted(kept.keys()) == [1, 2, 3, 4, 6]


def test_every_entry_comes_into_samples() -> None:
    sampler = Sampler(EvictionPolicy.LRU, 8, 16, random.Random(1).random)
    for size in (1, 8, 9, 100):
        records = [Record(n, n, 0, 0, 0.0, 0.0) for n in range(size)]
        samples = [sampler._sample(records, 8) for _ in range(1000)]
        assert {record.key for sample in samples for record in sample} == set(range(size))
        assert min(map(len, samples)) >= min(size, 8)


def test_bytes_are_limited() -> None:
    kept = store(max_bytes=3 * ENTRY_COST + 100)
    assert kept.put("a", 1, 50)
    assert kept.put("b", 1, 50)
    assert not kept.put("c", 1, 4 * ENTRY_COST)
    assert kept.keys() == ["a", "b"]
    assert kept.put("c", 1, ENTRY_COST + 100)
    assert kept.keys() == ["c"]
    check(kept)
    full = store(max_bytes=2 * ENTRY_COST, policy=EvictionPolicy.NONE)
    assert [full.put(n, n) for n in range(4)] == [True, True, False, False]
    assert full.put(0, "new")
    assert full.find(0) == "new"


@pytest.mark.parametrize("forget", ["forget", "forget_many", "forget_groups", "clear"])
def test_a_reservation_ends_when_its_key_is_forgotten(forget: str) -> None:
    kept = store()
    reservation = kept.reserve("k")
    {
        "forget": lambda: kept.forget("k"),
        "forget_many": lambda: kept.forget_many(["j", "k"]),
        "forget_groups": lambda: kept.forget_groups([7]),
        "clear": kept.clear,
    }[forget]()
    assert not kept.put("k", "old", reservation=reservation)
    assert kept.find("k") is MISSING
    assert kept.put("k", "new", reservation=kept.reserve("k"))


def test_a_group_is_forgotten() -> None:
    kept = store()
    for n in range(10):
        kept.put(n, n, group=n % 3)
    assert kept.forget_groups({0, 2}) == 7
    assert sorted(kept.keys()) == [1, 4, 7]
    check(kept)


class StoreModel(RuleBasedStateMachine):
    """A store of five entries against a dict that knows the exact order of uses."""

    keys = st.integers(0, 9)

    @initialize(
        policy=st.sampled_from(list(EvictionPolicy)),
        ttl=st.none() | st.integers(1, 20),
        idle=st.none() | st.integers(1, 10),
        seed=st.integers(0, 9),
    )
    def begin(self, policy: EvictionPolicy, ttl: int | None, idle: int | None, seed: int) -> None:
        self.clock = Clock()
        self.policy = policy
        self.ttl, self.idle = ttl or 1e9, idle or 1e9
        self.store = store(
            self.clock, seed, policy=policy, max_size=5, time_to_live=ttl, max_idle=idle, sampling_pool_size=4
        )
        self.model: dict[int, list[Any]] = {}  # value, stored, touched, used, hits
        self.uses = 0
        self.values = 0
        self.reservations: dict[int, int] = {}
        self.forgotten: set[int] = set()

    def alive(self, key: int) -> bool:
        entry = self.model.get(key)
        now = self.clock.now
        return entry is not None and now < entry[1] + self.ttl and now - entry[2] < self.idle

    def use(self, key: int) -> Any:
        if not self.alive(key):
            self.model.pop(key, None)
            return MISSING
        entry = self.model[key]
        self.uses += 1
        entry[2:] = [self.clock.now, self.uses, entry[4] + 1]
        return entry[0]

    @rule(key=keys)
    def look_up(self, key: int) -> None:
        assert self.store.look_up(key) == self.use(key)

    @rule(key=keys)
    def find(self, key: int) -> None:
        assert self.store.find(b"%d" % key, key) == self.use(key)

    @rule(key=keys)
    def reserve(self, key: int) -> None:
        self.reservations[key] = self.store.reserve(b"%d" % key)
        self.forgotten.discard(key)

    @rule(key=keys, reserved=st.booleans())
    def put(self, key: int, reserved: bool) -> None:
        reservation = self.reservations.get(key) if reserved else None
        refused = reservation is not None and key in self.forgotten
        self.values += 1
        assert (
            self.store.put(b"%d" % key, self.values, group=key % 2, reservation=reservation, shortcut=key)
            is not refused
        )
        if refused:
            return
        self.model.pop(key, None)
        if self.policy is not EvictionPolicy.NONE and len(self.model) >= 5:
            there = set(map(int, self.store.keys())) - {key}
            gone = self.model.keys() - there
            expired = {k for k in self.model if not self.alive(k)}
            if expired:
                assert gone == expired
            else:
                (victim,) = gone
                order = {
                    EvictionPolicy.LRU: lambda k: self.model[k][3],
                    EvictionPolicy.LFU: lambda k: (self.model[k][4], self.model[k][3]),
                }
                if self.policy in order:
                    assert victim == min(self.model, key=order[self.policy])
            for k in gone:
                del self.model[k]
        self.uses += 1
        self.model[key] = [self.values, self.clock.now, self.clock.now, self.uses, 0]

    @rule(key=keys)
    def forget(self, key: int) -> None:
        assert self.store.forget(b"%d" % key) is (self.model.pop(key, None) is not None)
        self.forgotten.add(key)

    @rule(group=st.integers(0, 1))
    def forget_group(self, group: int) -> None:
        self.store.forget_groups([group])
        self.model = {k: v for k, v in self.model.items() if k % 2 != group}
        self.forgotten.update(range(10))

    @rule(seconds=st.integers(1, 6))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @invariant()
    def whole(self) -> None:
        if hasattr(self, "store"):
            check(self.store)
            assert set(map(int, self.store.keys())) == self.model.keys()


TestStoreModel = StoreModel.TestCase
TestStoreModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_many_threads_find_the_store_whole() -> None:
    kept = Store(
        now=Clock(), random=random.Random(1).random, mutex=threading.RLock(), max_size=50, time_to_live=100
    )
    wrong: list[Any] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(3000):
            key = rng.randrange(100)
            value = kept.look_up(key)
            if value is MISSING:
                value = kept.find(b"%d" % key, key)
            if value is not MISSING and value != key:
                wrong.append((key, value))
            chance = rng.random()
            if chance < 0.3:
                kept.put(b"%d" % key, key, group=key % 3, shortcut=key)
            elif chance < 0.4:
                kept.forget(b"%d" % key)
            elif chance < 0.401:
                kept.forget_groups([key % 3])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    check(kept)
    assert len(kept) <= 50


class Hostile:
    """A value whose finalizer changes the store that it was in."""

    def __init__(self, kept: Store, key: Any) -> None:
        self.kept, self.key = kept, key

    def __del__(self) -> None:
        self.kept.put(self.key, None, shortcut=self.key)
        self.kept.forget((self.key, "other"))


def test_finalizers_of_values_may_use_the_store() -> None:
    kept = store(max_size=5)
    for n in range(200):
        kept.put(n % 9, Hostile(kept, n % 7), shortcut=n % 9)
        check(kept)
    kept.clear()
    check(kept)


# --- alone -------------------------------------------------------------------------------------------------------


def test_a_cache_alone() -> None:
    clock = Clock()
    cache: Cache[Any, Any] = Cache(2, time_to_live=5, clock=clock)
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return "made"

    assert [cache.get_or_make(("a", 1), make) for _ in range(3)] == ["made"] * 3
    assert made == [1]
    cache.put(1, None)
    assert cache.get(1, "default") is None
    assert cache.get(True, "default") == "default"
    assert 1 in cache
    assert True not in cache
    cache.put(2, "two")
    assert len(cache) == 2
    assert ("a", 1) not in cache
    assert cache.remove(2)
    assert not cache.remove(2)
    clock.now = 5
    assert 1 not in cache
    cache.put(3, 3)
    cache.clear()
    assert (len(cache), cache.get(3)) == (0, None)
    assert cache.statistics.evictions == 1


def test_what_is_removed_while_it_is_made_is_not_kept() -> None:
    cache: Cache[str, str] = Cache()

    def make() -> str:
        cache.remove("k")
        return "old"

    assert cache.get_or_make("k", make) == "old"
    assert "k" not in cache


@pytest.mark.parametrize(
    "options",
    [
        {"max_size": 0},
        {"sampling_count": 0},
        {"sampling_pool_size": -1},
        {"max_idle": -1},
        {"time_to_live": -1},
    ],
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(options))} must"):
        Cache(**options)
