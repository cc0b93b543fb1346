"""Worker for the data structures beside the map, and its rows.

Run as ``python -m hzbench.structures CONTENDER HOST:PORT``. The same code works for every client with the documented
``hazelcast`` package: the interpreter decides which one is measured.
"""

import asyncio
import importlib
import queue
import sys
import time
from collections.abc import Callable
from typing import Any

from hzbench.channel import Channel, serve
from hzbench.executor_task import make_task
from hzbench.task import Outcome, Task

# Either client may be imported here, so there is no common type to check.
hazelcast: Any = importlib.import_module("hazelcast")

WARM_UP = 0.2
"""Seconds of unmeasured work before each task."""

TEXT = "0123456789" * 10
BATCH = 100
ENTRIES = 100_000
WAIT = 30.0

EXECUTOR = "executor, execute on key owner"
"""Needs a task's class on the member."""

ROWS = {
    "queue offer and poll": "latency",
    "list add": "latency",
    "set add": "latency",
    "multimap put and get": "latency",
    "PNCounter add_and_get": "latency",
    "transaction of four puts": "latency",
    EXECUTOR: "latency",
    "topic, publish to receive": "latency",
    "topic, messages": "rate",
    "reliable topic, messages": "rate",
    "FlakeIdGenerator new_id": "rate",
    f"ringbuffer add_all and read_many of {BATCH}": "bulk",
    f"iteration over {ENTRIES:,} entries": "bulk",
    "near cache hit, OBJECT": "hit of an object",
    "near cache hit, BINARY": "hit of bytes",
    "near cache hit, asyncio": "hit of bytes",
    "near cache miss": "latency",
}
"""The rows by name: whether a round trip, the messages per second, the number of entries, or a hit counts."""

CP_ROWS = {
    "AtomicLong increment_and_get": "latency",
    "FencedLock lock and unlock": "latency",
    "Semaphore acquire and release": "latency",
}
"""The rows for members with the CP Subsystem."""

RECORDED_ROWS = (
    "queue offer and poll",
    "list add",
    "set add",
    "multimap put and get",
    "PNCounter add_and_get",
    "transaction of four puts",
    EXECUTOR,
    "topic, publish to receive",
    "AtomicLong increment_and_get",
    "FencedLock lock and unlock",
    "Semaphore acquire and release",
)
"""The rows whose requests can be sent again: in a transaction with its new id, those of a topic until the message comes
back."""

Step = Callable[[], int]
"""One call, or a few; returns how many operations it was."""


class StructuresWorker:
    """A connected client that runs tasks; each row prepares its structure on first use."""

    def __init__(self, contender: str, address: str, options: dict[str, Any] | None = None) -> None:
        self._suffix = f"-{contender}"
        self._options: dict[str, Any] = {
            "cluster_members": [address],
            "near_caches": self._near_caches(),
            **(options or {}),
        }
        self._client = hazelcast.HazelcastClient(**self._options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asyncio_client: Any = None
        self._steps: dict[str, Step] = {}

    def work(self, task: Task, seconds: float) -> Outcome:
        """Run the row that the task names for ``seconds``."""
        step = self.step(task.action)
        _run(step, WARM_UP)
        cpu, began = time.process_time(), time.perf_counter()
        ops = _run(step, seconds)
        return Outcome(ops, time.perf_counter() - began, time.process_time() - cpu)

    def step(self, row: str) -> Step:
        """Return the step of a row, which is prepared on first use."""
        step = self._steps.get(row)
        if step is None:
            step = self._steps[row] = getattr(self, _method(row))()
        return step

    def close(self) -> None:
        """Disconnect."""
        if self._loop is not None:
            self._loop.run_until_complete(self._asyncio_client.shutdown())
            self._loop.close()
        self._client.shutdown()

    def _near_caches(self) -> dict[str, dict[str, Any]]:
        options: dict[str, dict[str, Any]] = {
            "object": {"in_memory_format": "OBJECT"},
            "binary": {"in_memory_format": "BINARY"},
            "miss": {"in_memory_format": "BINARY", "eviction_policy": "NONE"},
        }
        return {f"bench-near-{name}{self._suffix}": of for name, of in options.items()}

    def _object(self, kind: str) -> Any:
        return getattr(self._client, f"get_{kind}")(f"bench-{kind}{self._suffix}").blocking()

    def queue_offer_and_poll(self) -> Step:
        """Add an item and take it."""
        q = self._object("queue")

        def step() -> int:
            q.offer(TEXT)
            q.poll()
            return 1

        return step

    def list_add(self) -> Step:
        """Append the same item; the list is emptied from time to time."""
        return _emptied(self._object("list"), lambda items, number: items.add(TEXT))

    def set_add(self) -> Step:
        """Add another item each time; the set is emptied from time to time."""
        return _emptied(self._object("set"), lambda items, number: items.add(number))

    def multimap_put_and_get(self) -> Step:
        """Add one of ten values of a key, and read all of them."""
        m = self._object("multi_map")
        numbers = iter(range(1 << 62))

        def step() -> int:
            number = next(numbers)
            m.put(number % 100, number % 10)
            m.get(number % 100)
            return 1

        return step

    def pncounter_add_and_get(self) -> Step:
        """Add one."""
        counter = self._object("pn_counter")
        return lambda: counter.add_and_get(1) and 1

    def atomiclong_increment_and_get(self) -> Step:
        """Add one."""
        number = self._client.cp_subsystem.get_atomic_long(f"bench-number{self._suffix}").blocking()
        return lambda: number.increment_and_get() and 1

    def fencedlock_lock_and_unlock(self) -> Step:
        """Take a free lock, and release it."""
        lock = self._client.cp_subsystem.get_lock(f"bench-lock{self._suffix}").blocking()

        def step() -> int:
            lock.lock()
            lock.unlock()
            return 1

        return step

    def semaphore_acquire_and_release(self) -> Step:
        """Take a permit, and release it."""
        permits = self._client.cp_subsystem.get_semaphore(f"bench-permits{self._suffix}").blocking()
        permits.init(1)

        def step() -> int:
            permits.acquire()
            permits.release()
            return 1

        return step

    def transaction_of_four_puts(self) -> Step:
        """Begin a transaction, change four entries, commit it."""
        name = f"bench-transaction{self._suffix}"

        def step() -> int:
            with self._client.new_transaction() as transaction:
                entries = transaction.get_map(name)
                for key in range(4):
                    entries.put(key, TEXT)
            return 1

        return step

    def executor__execute_on_key_owner(self) -> Step:
        """Run a task that returns its text."""
        executor, task = self._object("executor"), make_task(TEXT)

        def step() -> int:
            assert executor.execute_on_key_owner(TEXT, task) == TEXT
            return 1

        return step

    def topic__publish_to_receive(self) -> Step:
        """Publish one message, and wait for it."""
        topic, received = self._object("topic"), queue.SimpleQueue[Any]()
        topic.add_listener(received.put)

        def step() -> int:
            topic.publish(TEXT)
            received.get(timeout=WAIT)
            return 1

        return step

    def topic__messages(self) -> Step:
        """Publish messages without waiting for each, and wait for all of them."""
        return self._messages("topic")

    def reliable_topic__messages(self) -> Step:
        """Publish messages without waiting for each, and wait for all of them."""
        return self._messages("reliable_topic")

    def _messages(self, kind: str) -> Step:
        topic = getattr(self._client, f"get_{kind}")(f"bench-many-{kind}{self._suffix}")
        received = queue.SimpleQueue[Any]()
        added = topic.add_listener(received.put)
        added.result()

        def step() -> int:
            published = [topic.publish(TEXT) for _ in range(BATCH)]
            for one in published:
                one.result()
            for _ in range(BATCH):
                received.get(timeout=WAIT)
            return BATCH

        return step

    def flakeidgenerator_new_id(self) -> Step:
        """Return a new identifier."""
        generator = self._object("flake_id_generator")

        def step() -> int:
            for _ in range(BATCH):
                generator.new_id()
            return BATCH

        return step

    def ringbuffer_add_all_and_read_many_of_100(self) -> Step:
        """Add a batch of items, and read it."""
        ring = self._object("ringbuffer")
        items = [TEXT] * BATCH

        def step() -> int:
            last = ring.add_all(items, 0)
            assert len(ring.read_many(last - BATCH + 1, BATCH, BATCH)) == BATCH
            return BATCH

        return step

    def iteration_over_100_000_entries(self) -> Step:
        """Go through the entries of a map."""
        entries = self._object("map")
        for start in range(0, ENTRIES, 1000):
            entries.put_all(dict.fromkeys(range(start, start + 1000), TEXT))

        def step() -> int:
            count = 0
            for _ in entries.entry_set():
                count += 1
            assert count == ENTRIES
            return count

        return step

    def near_cache_hit__object(self) -> Step:
        """Read a value that is kept as an object."""
        return self._hits("object")

    def near_cache_hit__binary(self) -> Step:
        """Read a value that is kept as bytes."""
        return self._hits("binary")

    def _hits(self, name: str) -> Step:
        near = self._client.get_map(f"bench-near-{name}{self._suffix}").blocking()
        near.put("key", TEXT)
        assert near.get("key") == TEXT

        def step() -> int:
            for _ in range(BATCH):
                near.get("key")
            return BATCH

        return step

    def near_cache_hit__asyncio(self) -> Step:
        """Read a value that is kept as an object, on an event loop."""
        from hazelcast.asyncio import HazelcastClient

        loop = self._loop = asyncio.new_event_loop()
        self._asyncio_client = loop.run_until_complete(HazelcastClient.create_and_start(**self._options))
        near = loop.run_until_complete(self._asyncio_client.get_map(f"bench-near-object{self._suffix}"))

        async def hits() -> int:
            for _ in range(1000):
                await near.get("key")
            return 1000

        loop.run_until_complete(near.put("key", TEXT))
        return lambda: loop.run_until_complete(hits())

    def near_cache_miss(self) -> Step:
        """Read another key each time."""
        near = self._client.get_map(f"bench-near-miss{self._suffix}").blocking()
        numbers = iter(range(1 << 31))

        def step() -> int:
            near.get(next(numbers))
            return 1

        return step


def _method(row: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in row.lower())


def _emptied(items: Any, add: Callable[[Any, int], object]) -> Step:
    numbers = iter(range(1 << 62))

    def step() -> int:
        number = next(numbers)
        if number % 10_000 == 0:
            items.clear()
        add(items, number)
        return 1

    return step


def _run(step: Step, seconds: float) -> int:
    ops, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        ops += step()
    return ops


def main() -> None:
    """Serve the driver."""
    contender, address = sys.argv[1:]
    worker = StructuresWorker(contender, address)
    try:
        serve(Channel(), getattr(hazelcast, "__version__", "unknown"), worker.work)
    finally:
        worker.close()


if __name__ == "__main__":
    main()
