"""Stores, listeners and code for entries in Python, on real members."""

import queue
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from py4j.protocol import Py4JJavaError

from hz_embedded import Cluster, interfaces
from hz_embedded.interfaces import (
    Comparator,
    EntryEvent,
    EntryListener,
    EntryProcessor,
    ItemEvent,
    ItemListener,
    LifecycleEvent,
    LifecycleListener,
    MapEntry,
    MapEvent,
    MapInterceptor,
    MapLoader,
    MapStore,
    MapStoreFactory,
    MembershipEvent,
    MembershipListener,
    Message,
    MessageListener,
    MigrationListener,
    MigrationState,
    Predicate,
    Projection,
    QueueStore,
    ReplicaMigrationEvent,
    python_exception,
    store_behind,
)

Factory = Callable[..., Cluster]
WAIT = 30


class Rows(MapStore[int, str]):
    """A store over sqlite; members call it from several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("CREATE TABLE rows (key INTEGER PRIMARY KEY, value TEXT)")
        self.batches: queue.SimpleQueue[list[int]] = queue.SimpleQueue()
        self.broken = False

    def _do(self, statement: str, *values: object) -> list[Any]:
        if self.broken:
            raise sqlite3.OperationalError("disk I/O error")
        with self._lock, self._database:
            return self._database.execute(statement, values).fetchall()

    def rows(self) -> dict[int, str]:
        return dict(self._do("SELECT key, value FROM rows"))

    def load(self, key: int) -> str | None:
        found = self._do("SELECT value FROM rows WHERE key = ?", key)
        return found[0][0] if found else None

    def load_all_keys(self) -> list[int]:
        return [key for (key,) in self._do("SELECT key FROM rows")]

    def store(self, key: int, value: str) -> None:
        self.store_all({key: value})

    def store_all(self, entries: dict[int, str]) -> None:
        for key, value in entries.items():
            self._do("REPLACE INTO rows VALUES (?, ?)", key, value)
        self.batches.put(sorted(entries))

    def delete(self, key: int) -> None:
        self._do("DELETE FROM rows WHERE key = ?", key)

    def close(self) -> None:
        self._database.close()


class Stores(MapStoreFactory[str, str]):
    """Creates a store with a dict for each map."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, str]] = {}

    def new_map_store(self, name: str, properties: dict[str, str]) -> MapLoader[str, str]:
        rows = self.made.setdefault(name, {"loaded": name})

        class Loader(MapLoader[str, str]):
            def load(self, key: str) -> str | None:
                return rows.get(key)

        return Loader()


class Items(QueueStore[str]):
    """A queue's store over a dict."""

    def __init__(self) -> None:
        self.items: dict[int, str] = {}

    def load(self, key: int) -> str | None:
        return self.items.get(key)

    def load_all_keys(self) -> list[int]:
        return [interfaces.Long(key) for key in self.items]

    def store(self, key: int, value: str) -> None:
        self.items[key] = value

    def delete(self, key: int) -> None:
        self.items.pop(key, None)


class Side:
    """The stores of this module's members."""

    def __init__(self, folder: Path) -> None:
        self.through = Rows(folder / "through.db")
        self.behind = Rows(folder / "behind.db")
        self.stores = Stores()
        self.items = Items()
        self.items.items.update({7: "kept"})

    def configure(self, config: Any) -> None:
        store_behind(config, "through", self.through)
        store_behind(config, "behind", self.behind, write_delay=3, batch_size=100)
        store_behind(config, "made-*", self.stores)
        settings = config.getQueueConfig("stored").getQueueStoreConfig()
        if settings is None:
            settings = jvm_class(config, "com.hazelcast.config.QueueStoreConfig")()
        settings.setEnabled(True)
        settings.setStoreImplementation(self.items)
        config.getQueueConfig("stored").setQueueStoreConfig(settings)


def jvm_class(java: Any, name: str) -> Any:
    from py4j.java_gateway import JavaClass

    return JavaClass(name, java._gateway_client)


@pytest.fixture(scope="module")
def side(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    made = Side(tmp_path_factory.mktemp("stores"))
    yield made
    made.through.close()
    made.behind.close()


@pytest.fixture(scope="module")
def pair(side: Side) -> Iterator[Cluster]:
    """Two members in one JVM."""
    with Cluster(members=2, configure=side.configure) as cluster:
        yield cluster


def java_map(cluster: Cluster, name: str) -> Any:
    return cluster.members[0].instance.getMap(name)


class Adder(EntryProcessor[int, int, int]):
    """Adds to the value and returns the old value."""

    def __init__(self, number: int) -> None:
        self.number = number

    def process(self, entry: MapEntry[int, int]) -> int:
        old = entry.value or 0
        entry.value = old + self.number
        return old


class Above(Predicate[int, int]):
    """Values above a limit."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def apply(self, entry: MapEntry[int, int]) -> bool:
        return (entry.value or 0) > self.limit


class Backwards(Comparator[Any]):
    """Greater keys first; pages compare entries."""

    def compare(self, left: Any, right: Any) -> int:
        return int(right.getKey()) - int(left.getKey())


class Value(Projection[Any, int]):
    """Ten times the value."""

    def transform(self, entry: Any) -> int:
        return int(entry.getValue()) * 10


def test_row_16_map_store_writes_through(pair: Cluster, side: Side) -> None:
    rows = java_map(pair, "through")
    store = side.through
    rows.put(1, "one")
    assert store.rows() == {1: "one"}
    rows.putAll(pair.members[0].jvm.to_java({2: "two", 3: "three"}))
    assert store.rows() == {1: "one", 2: "two", 3: "three"}
    rows.remove(1)
    assert store.rows() == {2: "two", 3: "three"}
    rows.evictAll()
    assert rows.get(3) == "three"
    assert rows.get(1) is None
    rows.evictAll()
    rows.loadAll(True)
    assert dict(rows) == {2: "two", 3: "three"}
    store.broken = True
    try:
        with pytest.raises(Py4JJavaError, match="disk I/O error") as caught:
            rows.put(4, "four")
    finally:
        store.broken = False
    assert isinstance(python_exception(caught.value), sqlite3.OperationalError)
    rows.put(4, "four")
    rows.clear()
    assert store.rows() == {}


def test_row_16_map_store_writes_behind(pair: Cluster, side: Side) -> None:
    rows = java_map(pair, "behind")
    wanted = dict.fromkeys(range(10), "new")
    for value in ("old", "new"):  # the old values are never written
        rows.putAll(pair.members[0].jvm.to_java(dict.fromkeys(wanted, value)))
    batches: list[list[int]] = []
    while sum(map(len, batches)) < len(wanted):
        batches.append(side.behind.batches.get(timeout=WAIT))
    assert sorted(key for batch in batches for key in batch) == list(wanted)
    assert side.behind.batches.empty()
    assert max(map(len, batches)) > 1
    assert side.behind.rows() == wanted


def test_row_16_map_loader_from_a_factory(pair: Cluster, side: Side) -> None:
    assert java_map(pair, "made-a").get("loaded") == "made-a"
    assert java_map(pair, "made-b").get("loaded") == "made-b"
    assert java_map(pair, "made-a").get("missing") is None
    assert set(side.stores.made) >= {"made-a", "made-b"}


def test_row_16_queue_store(pair: Cluster, side: Side) -> None:
    items = pair.members[0].instance.getQueue("stored")
    assert items.poll() == "kept"
    assert side.items.items == {}
    items.offer("new")
    assert list(side.items.items.values()) == ["new"]
    items.clear()
    assert side.items.items == {}


class Events(EntryListener[str, int]):
    """Records events."""

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[tuple[object, ...]] = queue.SimpleQueue()

    def entry_added(self, event: EntryEvent[str, int]) -> None:
        self.heard.put((event.event_type, event.name, event.key, event.value))

    def entry_updated(self, event: EntryEvent[str, int]) -> None:
        self.heard.put((event.event_type, event.key, event.old_value, event.value))

    def entry_removed(self, event: EntryEvent[str, int]) -> None:
        self.heard.put((event.event_type, event.key, event.old_value))

    def entry_evicted(self, event: EntryEvent[str, int]) -> None:
        self.heard.put((event.event_type, event.key))

    def entry_expired(self, event: EntryEvent[str, int]) -> None:
        self.heard.put((event.event_type, event.key))

    def map_cleared(self, event: MapEvent) -> None:
        self.heard.put((event.event_type, event.name, event.entries_affected))

    def map_evicted(self, event: MapEvent) -> None:
        self.heard.put((event.event_type, event.name, event.entries_affected))


def test_row_16_entry_listener(pair: Cluster) -> None:
    events = Events()
    heard = java_map(pair, "heard")
    registration = heard.addEntryListener(events, True)
    heard.put("k", 1)
    assert events.heard.get(timeout=WAIT) == ("ADDED", "heard", "k", 1)
    heard.put("k", 2)
    assert events.heard.get(timeout=WAIT) == ("UPDATED", "k", 1, 2)
    heard.evict("k")
    assert events.heard.get(timeout=WAIT) == ("EVICTED", "k")
    heard.put("gone", 1)
    events.heard.get(timeout=WAIT)
    heard.remove("gone")
    assert events.heard.get(timeout=WAIT) == ("REMOVED", "gone", 1)
    heard.put("all", 1)
    events.heard.get(timeout=WAIT)
    heard.evictAll()
    assert events.heard.get(timeout=WAIT)[:2] == ("EVICT_ALL", "heard")
    heard.put("all", 1)
    events.heard.get(timeout=WAIT)
    heard.clear()
    assert events.heard.get(timeout=WAIT)[:2] == ("CLEAR_ALL", "heard")
    assert heard.removeEntryListener(registration)


def test_row_17_listeners_of_single_events(pair: Cluster) -> None:
    heard: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()

    class Some(interfaces.EntryLoadedListener[int, str], interfaces.EntryRemovedListener[int, str]):
        def entry_loaded(self, event: EntryEvent[int, str]) -> None:
            heard.put(("loaded", event.key))

        def entry_removed(self, event: EntryEvent[int, str]) -> None:
            heard.put(("removed", event.key))

    rows = java_map(pair, "through")
    rows.addEntryListener(Some(), True)
    rows.put(50, "fifty")
    rows.evict(50)
    assert rows.get(50) == "fifty"
    rows.remove(50)
    assert heard.get(timeout=WAIT) == ("loaded", 50)
    assert heard.get(timeout=WAIT) == ("removed", 50)


def test_row_16_item_and_message_listeners(pair: Cluster) -> None:
    heard: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()

    class Item(ItemListener[str]):
        def item_added(self, event: ItemEvent[str]) -> None:
            heard.put((event.event_type, event.item))

        def item_removed(self, event: ItemEvent[str]) -> None:
            heard.put((event.event_type, event.item))

    class Mail(MessageListener[dict[str, list[int]]]):
        def on_message(self, message: Message[dict[str, list[int]]]) -> None:
            assert message.publish_time > 1_000_000_000
            heard.put(("MESSAGE", message.value))

    instance = pair.members[0].instance
    items = instance.getQueue("items")
    items.addItemListener(Item(), True)
    items.offer("first")
    assert heard.get(timeout=WAIT) == ("ADDED", "first")
    items.poll()
    assert heard.get(timeout=WAIT) == ("REMOVED", "first")
    topic = instance.getTopic("mail")
    topic.addMessageListener(Mail())
    topic.publish(pair.members[0].jvm.to_java({"numbers": [1, 2]}))
    assert heard.get(timeout=WAIT) == ("MESSAGE", {"numbers": [1, 2]})


def test_row_16_entry_processor_on_keys_and_on_entries(pair: Cluster) -> None:
    numbers = java_map(pair, "numbers")
    for key in range(20):
        numbers.put(key, key)
    # Some keys belong to the other member, and each has a backup.
    assert [numbers.executeOnKey(key, Adder(100)) for key in range(20)] == list(range(20))
    assert dict(numbers.executeOnEntries(Adder(1))) == {key: key + 100 for key in range(20)}
    assert dict(numbers) == {key: key + 101 for key in range(20)}
    chosen = numbers.executeOnEntries(Adder(1000), Above(115))
    assert sorted(chosen) == [15, 16, 17, 18, 19]


def test_row_16_predicate_comparator_and_projection(pair: Cluster) -> None:
    numbers = java_map(pair, "queried")
    for key in range(20):
        numbers.put(key, key)
    assert sorted(numbers.keySet(Above(16))) == [17, 18, 19]
    predicates = jvm_class(numbers, "com.hazelcast.query.Predicates")
    page = predicates.pagingPredicate(Above(9), Backwards(), 3)
    assert sorted(numbers.keySet(page)) == [17, 18, 19]
    assert sorted(numbers.project(Value(), Above(17))) == [180, 190]


def test_row_16_callables_and_runnables_run_on_members(pair: Cluster) -> None:
    executor = pair.members[0].instance.getExecutorService("default")
    made = threading.Event()

    class Task(interfaces.Callable[list[int]]):
        def call(self) -> list[int]:
            made.set()
            return [1, 2, 3]

    assert list(executor.submit(Task()).get()) == [1, 2, 3]
    assert made.is_set()
    ran = threading.Event()

    class Run(interfaces.Runnable):
        def run(self) -> None:
            ran.set()

    for member in pair.members[0].instance.getCluster().getMembers():
        ran.clear()
        executor.executeOnMember(Run(), member)
        assert ran.wait(WAIT)


def test_row_16_map_interceptor(pair: Cluster) -> None:
    class Shouter(MapInterceptor):
        def __init__(self) -> None:
            self.seen: list[str] = []

        def intercept_put(self, old_value: str | None, new_value: str) -> str:
            return new_value.upper()

        def intercept_get(self, value: str | None) -> str | None:
            return None if value is None else value + "!"

        def after_put(self, value: str) -> None:
            self.seen.append(value)

    shouter = Shouter()
    words = java_map(pair, "words")
    registration = words.addInterceptor(shouter)
    for key in range(20):
        words.put(key, "word")
    assert {words.get(key) for key in range(20)} == {"WORD!"}
    assert shouter.seen[:1] == ["WORD"]
    assert words.remove(0) == "WORD"
    assert words.removeInterceptor(registration)
    assert words.get(1) == "WORD"


def test_row_19_79_a_listener_that_calls_the_member(pair: Cluster) -> None:
    source, target = java_map(pair, "source"), java_map(pair, "target")
    copied = threading.Event()

    class Copy(EntryListener[str, int]):
        def entry_added(self, event: EntryEvent[str, int]) -> None:
            target.put(event.key, event.value)
            copied.set()

    source.addEntryListener(Copy(), True)
    source.put("k", 1)
    assert copied.wait(WAIT)
    assert target.get("k") == 1


def test_functions_as_listeners(pair: Cluster) -> None:
    heard: queue.SimpleQueue[object] = queue.SimpleQueue()
    listener = interfaces.java_function(
        lambda message: heard.put(message.value), "com.hazelcast.topic.MessageListener"
    )
    topic = pair.members[0].instance.getTopic("functions")
    topic.addMessageListener(listener)
    topic.publish("hello")
    assert heard.get(timeout=WAIT) == "hello"
    numbers = java_map(pair, "functions")
    numbers.put("a", 1)
    assert numbers.compute("a", interfaces.java_function(lambda key, value: value + 1)) == 2


def test_row_16_listeners_to_the_cluster(hazelcast_cluster_factory: Factory) -> None:
    heard: queue.SimpleQueue[tuple[object, ...]] = queue.SimpleQueue()

    class Members(MembershipListener):
        def member_added(self, event: MembershipEvent) -> None:
            heard.put(("added", event.address, len(event.members)))

        def member_removed(self, event: MembershipEvent) -> None:
            heard.put(("removed", event.address, event.member))

    class States(LifecycleListener):
        def state_changed(self, event: LifecycleEvent) -> None:
            heard.put((event.state,))

    class Moves(MigrationListener):
        def __init__(self) -> None:
            self.finished = threading.Event()
            self.moved: list[tuple[int, int, bool]] = []

        def migration_finished(self, state: MigrationState) -> None:
            assert state.completed + state.remaining == state.planned
            self.finished.set()

        def replica_migration_completed(self, event: ReplicaMigrationEvent) -> None:
            self.moved.append((event.partition_id, event.replica_index, event.succeeded))

    cluster = hazelcast_cluster_factory()
    instance = cluster.members[0].instance
    instance.getMap("some").put("k", 1)
    moves = Moves()
    instance.getCluster().addMembershipListener(Members())
    instance.getPartitionService().addMigrationListener(moves)
    other = cluster.add_member()
    other_uuid = other.uuid
    assert heard.get(timeout=WAIT) == ("added", other.address, 2)
    assert moves.finished.wait(WAIT)
    assert moves.moved
    assert all(succeeded for _, _, succeeded in moves.moved)
    other.instance.getLifecycleService().addLifecycleListener(States())
    other.shutdown()
    told = {heard.get(timeout=WAIT) for _ in range(3)}
    assert told == {("SHUTTING_DOWN",), ("SHUTDOWN",), ("removed", other.address, other_uuid)}


class EachEvent(
    interfaces.EntryAddedListener[str, int],
    interfaces.EntryUpdatedListener[str, int],
    interfaces.EntryRemovedListener[str, int],
    interfaces.EntryEvictedListener[str, int],
    interfaces.EntryExpiredListener[str, int],
    interfaces.MapClearedListener,
    interfaces.MapEvictedListener,
):
    """Records events with the interfaces for single events."""

    def __init__(self) -> None:
        self.heard: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()

    def entry_added(self, event: EntryEvent[str, int]) -> None:
        self.heard.put(("added", event.key))

    def entry_updated(self, event: EntryEvent[str, int]) -> None:
        self.heard.put(("updated", event.key))

    def entry_removed(self, event: EntryEvent[str, int]) -> None:
        self.heard.put(("removed", event.key))

    def entry_evicted(self, event: EntryEvent[str, int]) -> None:
        self.heard.put(("evicted", event.key))

    def entry_expired(self, event: EntryEvent[str, int]) -> None:
        self.heard.put(("expired", event.key))

    def map_cleared(self, event: MapEvent) -> None:
        self.heard.put(("cleared", event.name))

    def map_evicted(self, event: MapEvent) -> None:
        self.heard.put(("all evicted", event.name))


def test_row_17_each_event_of_a_map(hazelcast_cluster_factory: Factory) -> None:
    cluster = hazelcast_cluster_factory(clock_offset=0.0)
    each = EachEvent()
    rows = java_map(cluster, "each")
    rows.addEntryListener(each, False)
    rows.put("k", 1)
    rows.put("k", 2)
    rows.remove("k")
    rows.put("k", 1)
    rows.evict("k")
    told = [each.heard.get(timeout=WAIT) for _ in range(5)]
    assert [kind for kind, _ in told] == ["added", "updated", "removed", "added", "evicted"]
    rows.put("short", 1, 1, cluster.jvm.java.util.concurrent.TimeUnit.SECONDS)
    assert each.heard.get(timeout=WAIT) == ("added", "short")
    cluster.advance_clock(3)
    assert rows.get("short") is None
    assert each.heard.get(timeout=WAIT) == ("expired", "short")
    for end, kind in ((rows.evictAll, "all evicted"), (rows.clear, "cleared")):
        rows.put("last", 1)
        assert each.heard.get(timeout=WAIT) == ("added", "last")
        end()
        assert each.heard.get(timeout=WAIT) == (kind, "each")


def test_row_16_partition_lost_listener(hazelcast_cluster_factory: Factory) -> None:
    lost: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()

    class Lost(interfaces.PartitionLostListener):
        def partition_lost(self, event: interfaces.PartitionLostEvent) -> None:
            lost.put((event.partition_id, event.lost_backups))

    cluster = hazelcast_cluster_factory(members=3)
    first, *others = cluster.members
    rows = first.instance.getMap("rows")
    for key in range(300):
        rows.put(key, key)
    first.instance.getPartitionService().addPartitionLostListener(Lost())
    ends = [threading.Thread(target=member.terminate) for member in others]
    for end in ends:
        end.start()
    for end in ends:
        end.join()
    partition, backups = lost.get(timeout=WAIT)
    assert 0 <= partition < 271
    assert 0 <= backups < 6


def test_the_example_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parent.parent / "packages" / "hz-embedded" / "README.md").read_text("utf-8")
    section = text.partition("## Python inside the member")[2]
    found = re.search(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found is not None
    exec(compile(found[1], "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out == "144\n"
