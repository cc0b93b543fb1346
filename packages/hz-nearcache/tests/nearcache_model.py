"""Random operations of two clients, of which one has a near cache, and what its reads may return."""

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hz_core.errors import HazelcastError
from hz_proxies.transaction.blocking import BlockingTransaction
from hz_proxies.transaction.operations import TransactionOperations
from nearcache_harness import Setting

KEYS = 8
INTERVAL = 20.0
BOUND = INTERVAL + 1.0
"""So old may a value be: the interval of the reconciliation, and the time that members need to answer."""


class Truth:
    """All values that each key has had, and from which one on the client must see them."""

    def __init__(self) -> None:
        self.versions: dict[int, list[tuple[float, Any]]] = defaultdict(lambda: [(-1e9, None)])
        self.seen: dict[int, int] = defaultdict(int)

    def written(self, key: int, value: Any, now: float) -> int:
        """Note a change; return its number."""
        self.versions[key].append((now, value))
        return len(self.versions[key]) - 1

    def own(self, key: int, version: int) -> None:
        """Note that the client has completed a change itself."""
        self.seen[key] = max(self.seen[key], version)

    def allowed(self, key: int, began: float, seen: int) -> list[Any]:
        """Return what a read may return that began at a time, and after the client had completed a change."""
        versions = self.versions[key]
        oldest = max(i for i, (since, _) in enumerate(versions) if since <= began - BOUND)
        return [value for _, value in versions[max(oldest, seen) :]]


class Run:
    """One run of random operations.

    Args:
        seed: Chooses the operations.
        dropped: The part of the invalidations that gets lost.
        **options: Options of the near cache.

    Attributes:
        wrong: What reads have returned that they must not.
    """

    def __init__(self, seed: int, dropped: float, **options: Any) -> None:
        self.random = random.Random(seed)
        self.wrong: list[str] = []
        self.truth = Truth()
        self.late: list[tuple[Callable[[], None], Any, Callable[[Any], None]]] = []
        self.values = 0
        self.setting = Setting(seed=seed, reconciliation_interval=INTERVAL, **options)
        self.setting.lost = lambda: self.random.random() < dropped

    def run(self, steps: int) -> "Run":
        """Do random operations."""
        actions = {
            self.get: 10,
            self.get_all: 3,
            self.write: 2,
            self.write_elsewhere: 4,
            self.read_slowly: 4,
            self.write_slowly: 1,
            self.commit: 1,
            self.answer: 3,
            self.wait: 4,
            self.disturb: 0.3,
        }
        with self.setting:
            for _ in range(steps):
                (action,) = self.random.choices(list(actions), list(actions.values()))
                action()
            while self.late:
                self.answer()
            self.setting.pass_time(BOUND)
            for key in range(KEYS):
                self.get(key)
            self.statistics = self.setting.cache.statistics
        return self

    def now(self) -> float:
        """Return the virtual time."""
        return self.setting.simulation.driver.now()

    def key(self) -> int:
        """Return a random key."""
        return self.random.randrange(KEYS)

    def value(self) -> int:
        """Return a value that there was never before."""
        self.values += 1
        return self.values

    def check(self, key: int, value: Any, began: float, seen: int) -> None:
        """Note a value that a read must not return."""
        allowed = self.truth.allowed(key, began, seen)
        if value not in allowed:
            self.wrong.append(f"{self.now():g}: {key} is {value}, not one of {allowed}")

    # --- actions of the client with the near cache

    def get(self, key: int | None = None) -> None:
        key = self.key() if key is None else key
        began, seen = self.now(), self.truth.seen[key]
        self.check(key, self.setting.own.get(key), began, seen)

    def get_all(self) -> None:
        began, seen = self.now(), dict(self.truth.seen)
        found = self.setting.own.get_all(range(KEYS))
        for key in range(KEYS):
            self.check(key, found.get(key), began, seen.get(key, 0))

    def write(self) -> None:
        own, key, value = self.setting.own, self.key(), self.value()
        kind = self.random.choice(["set", "put", "put_all", "remove", "clear", "evict_all"])
        changes: dict[int, Any] = {key: value}
        if kind in ("set", "put"):
            getattr(own, kind)(key, value)
        elif kind == "put_all":
            changes[self.key()] = self.value()
            own.put_all(changes)
        elif kind == "remove":
            changes = {key: None}
            own.remove(key)
        else:
            changes = dict.fromkeys(range(KEYS))
            getattr(own, kind)()
        for changed, to in changes.items():
            self.truth.own(changed, self.truth.written(changed, to, self.now()))

    def commit(self) -> None:
        key, value = self.key(), self.value()
        client = self.setting.simulation.client
        with BlockingTransaction(client.blocking, TransactionOperations(client.engine)) as tx:
            tx.get_map("m").set(key, value)
        self.truth.own(key, self.truth.written(key, value, self.now()))

    def read_slowly(self) -> None:
        """Begin a read that is executed now and answered later, unless the near cache has the value."""
        key, began = self.key(), self.now()
        seen = self.truth.seen[key]
        answers = self.setting.late("Map.get")
        future = self.setting.m.get(key)
        self.setting.pass_time()
        self._later(answers, future, lambda value: self.check(key, value, began, seen))

    def write_slowly(self) -> None:
        """Begin a write that is executed now and answered later."""
        key, value = self.key(), self.value()
        answers = self.setting.late("Map.set")
        future = self.setting.m.set(key, value)
        self.setting.pass_time()
        version = self.truth.written(key, value, self.now())
        self._later(answers, future, lambda _: self.truth.own(key, version))

    def _later(self, answers: list[Callable[[], None]], future: Any, then: Callable[[Any], None]) -> None:
        for member in self.setting.cluster.members:
            member.rules.clear()
        if answers and not future.done():
            self.late.append((answers[0], future, then))
        else:
            then(future.result())

    def answer(self) -> None:
        """Deliver the answer of a slow read or write."""
        if not self.late:
            return
        answer, future, then = self.late.pop(self.random.randrange(len(self.late)))
        if not future.done():
            answer()
        self.setting.pass_time()
        with suppress(HazelcastError):
            then(future.result())

    # --- everything else

    def write_elsewhere(self) -> None:
        other, key, value = self.setting.other, self.key(), self.value()
        kind = self.random.choice(["set", "set", "put_all", "delete", "clear"])
        changes: dict[int, Any] = {key: value}
        if kind == "set":
            other.set(key, value)
        elif kind == "put_all":
            changes[self.key()] = self.value()
            other.put_all(changes)
        elif kind == "delete":
            changes = {key: None}
            other.delete(key)
        elif self.random.random() < 0.2:
            changes = dict.fromkeys(range(KEYS))
            other.clear()
        else:
            return
        for changed, to in changes.items():
            self.truth.written(changed, to, self.now())

    def wait(self) -> None:
        self.setting.pass_time(self.random.choice([0, 0.5, 5, 15]))

    def disturb(self) -> None:
        """Cut connections, or move partitions."""
        while self.late:
            self.answer()
        cluster = self.setting.cluster
        if self.random.random() < 0.5:
            self.random.choice(cluster.members).cut_all()
        else:
            self.setting.move(self.random.sample(sorted(cluster.owners), len(cluster.owners) // 3))
        self.setting.pass_time(self.random.choice([0, 2]))
