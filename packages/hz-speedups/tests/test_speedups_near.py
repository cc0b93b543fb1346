"""The compiled parts of near caches do the same as the pure ones, on the same inputs."""

from contextlib import nullcontext
from random import Random
from typing import Any
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hz_core.compiled import IS_COMPILED
from hz_core.config import EvictionPolicy
from hz_core.wire import decode
from hz_nearcache.compiled import MISSING
from hz_nearcache.eviction import Record, Sampler
from hz_nearcache.reads import NearCachedOperations
from hz_nearcache.store import Store
from hz_serialization import HazelcastJsonValue, SerializationService

SERVICE = SerializationService()
KEY = b"the key"


class Value:
    """A value that can be referred to weakly."""


def store(**options: Any) -> Any:
    return Store(now=lambda: 0.0, random=Random(1).random, mutex=nullcontext(), **options)


def frame(flags: int, payload: bytes) -> bytes:
    """Return the bytes of one frame."""
    return (6 + len(payload)).to_bytes(4, "little") + flags.to_bytes(2, "little") + payload


def reply(data: bytes | None) -> bytes:
    """Return the reply of a read."""
    return frame(0xC000, bytes(13)) + (frame(0x2400, b"") if data is None else frame(0x2000, data))


def test_these_tests_compare_two_variants() -> None:
    assert IS_COMPILED
    assert {"_pure_put", "_pure_find", "_pure_keeping", "_pure_unlink", "_pure_forget"} <= vars(Store).keys()
    assert "_pure_choose" in vars(Sampler)
    assert "_pure_get" in vars(NearCachedOperations)
    assert "_contains" in vars(NearCachedOperations)


class Choosing:
    """Chooses what to evict of records that are used meanwhile."""

    def __init__(self, policy: EvictionPolicy, size: int, pool: int, seed: int, choose: str) -> None:
        self.records = [Record(n, n, 0, 0, 0.0, 0.0) for n in range(size)]
        uses = Random(seed)
        self.used = 0
        for place, record in enumerate(self.records):
            record.place = place
            record.hits = uses.randrange(3)
            self.use(record)
        uses.shuffle(self.records)
        sampler: Any = Sampler(policy, 8, pool, Random(seed).random)
        self.choose = getattr(sampler, choose)

    def use(self, record: Record) -> None:
        self.used += 1
        record.used = self.used
        record.hits += 1

    def evict(self) -> Any:
        record = self.choose(self.records)
        self.records.remove(record)
        record.place = -1
        return record.key


@given(
    policy=st.sampled_from([EvictionPolicy.LRU, EvictionPolicy.LFU, EvictionPolicy.RANDOM]),
    size=st.integers(1, 300),
    pool=st.integers(1, 20),
    seed=st.integers(0, 1000),
    used=st.lists(st.integers(0, 400), max_size=40),
)
def test_the_same_entries_are_evicted(
    policy: EvictionPolicy, size: int, pool: int, seed: int, used: list[int]
) -> None:
    one, other = (Choosing(policy, size, pool, seed, name) for name in ("choose", "_pure_choose"))
    for number in [*used, *range(5)]:
        if not one.records:
            break
        assert one.evict() == other.evict()
        if number < len(one.records):
            one.use(one.records[number])
            other.use(other.records[number])


@given(
    value=st.none() | st.integers(-9, 9) | st.text(max_size=30) | st.lists(st.integers(0, 9), max_size=3),
    binary=st.booleans(),
    copies=st.booleans(),
    end=st.integers(0, 70),
)
def test_replies_are_kept_as_by_the_pure_function(value: Any, binary: bool, copies: bool, end: int) -> None:
    message = reply(None if value is None else SERVICE.to_data(value))
    for given_message in (message, message[:-end] if end else message, bytearray(message)):
        outcomes = []
        for name in ("keeping", "_pure_keeping"):
            kept = store()
            reader = getattr(kept, name)(
                decode.data_response, KEY, 3, kept.reserve(KEY), "key", binary=binary, copies=copies
            )
            try:
                outcome = reader(given_message, SERVICE.read)
            except Exception as e:
                outcome = (type(e), str(e))
            outcomes.append(
                (outcome, kept.peek(KEY), kept.bytes, kept.look_up("key"), kept.forget_groups({3}))
            )
        assert outcomes[0] == outcomes[1]


def test_the_caller_gets_another_object_than_what_is_kept() -> None:
    message = reply(SERVICE.to_data([1, 2]))
    for copies in (False, True):
        kept = store()
        read = kept.keeping(
            decode.data_response, KEY, 0, kept.reserve(KEY), MISSING, binary=False, copies=copies
        )
        value = read(message, SERVICE.read)
        assert value == kept.peek(KEY) == [1, 2]
        assert (value is kept.peek(KEY)) is not copies


def test_what_is_not_reserved_any_more_is_not_kept() -> None:
    kept = store()
    for data in (SERVICE.to_data(5), None):
        read = kept.keeping(
            decode.data_response, KEY, 0, kept.reserve(KEY), "key", binary=False, copies=False
        )
        kept.forget(KEY)
        assert read(reply(data), SERVICE.read) == (None if data is None else 5)
        assert kept.find(KEY) is MISSING


def test_other_decoders_are_called() -> None:
    kept = store()
    read = kept.keeping(
        lambda message, read: read(b"abc", 1, 3), KEY, 0, kept.reserve(KEY), "key", binary=True, copies=False
    )
    assert read(b"", lambda buffer, start, end: buffer[start:end]) == b"bc"
    assert kept.peek(KEY) == b"bc"
    read = kept.keeping(decode.data_response, KEY, 0, kept.reserve(KEY), "key", binary=False, copies=False)
    data = SERVICE.to_data(HazelcastJsonValue("{}"))
    assert read(reply(data), lambda buffer, start, end: bytes(buffer[start:end])) == data
    assert kept.peek(KEY) == data


@pytest.mark.parametrize("policy", [EvictionPolicy.LRU, EvictionPolicy.LFU, EvictionPolicy.RANDOM])
def test_what_is_removed_is_freed(policy: EvictionPolicy) -> None:
    clock = [0.0]
    kept: Any = Store(
        now=lambda: clock[0],
        random=Random(1).random,
        mutex=nullcontext(),
        policy=policy,
        max_size=30,
        time_to_live=10,
    )
    known = []

    def put(key: int) -> None:
        value = Value()
        known.append(ref(value))
        kept.put(key, value, shortcut=key)

    def alive() -> int:
        return sum(one() is not None for one in known)

    for key in range(200):
        put(key)
        put(key)
    # Candidates to evict stay until they are chosen.
    candidates = 0 if policy is EvictionPolicy.RANDOM else 16
    assert len(kept) == 30
    assert alive() <= 30 + candidates
    keys = kept.keys()
    assert kept.forget(keys[0])
    clock[0] = 11.0
    assert kept.look_up(keys[1]) is kept.find(keys[2]) is MISSING
    assert len(kept) == 27
    assert alive() <= 27 + candidates
    kept.clear()
    assert alive() == 0
