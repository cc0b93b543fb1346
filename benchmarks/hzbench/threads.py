"""Worker for the blocking and futures surfaces of a contender.

Run as ``python -m hzbench.threads CONTENDER HOST:PORT``. The same code works for every client with the documented
``hazelcast`` package: the interpreter decides which one is measured.
"""

import importlib
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

from hzbench.channel import Channel, serve
from hzbench.flight import in_callbacks, in_window
from hzbench.task import Outcome, Task

# Either client may be imported here, so there is no common type to check.
hazelcast: Any = importlib.import_module("hazelcast")

_WARM_UP = 0.15
"""Seconds of unmeasured work before each task."""


class ThreadsWorker:
    """A connected client that runs tasks."""

    def __init__(self, contender: str, address: str) -> None:
        self._contender = contender
        self._address = address
        self._client = self._connect()
        self._prepared: set[str] = set()

    def work(self, task: Task, seconds: float) -> Outcome:
        """Fill the map, then run ``task`` for ``seconds``."""
        name = f"bench-{self._contender}-{task.map_suffix}"
        self._prepare(task, name)
        with self._client_for(task) as client:
            proxy = client.get_map(name)
            if task.entries:
                proxy.blocking().size()  # one call warms up the connection; a large one takes seconds
            else:
                measure(proxy, task, _WARM_UP)
            return measure(proxy, task, seconds)

    def close(self) -> None:
        """Disconnect."""
        self._client.shutdown()

    def _connect(self) -> Any:
        return hazelcast.HazelcastClient(cluster_members=[self._address])

    @contextmanager
    def _client_for(self, task: Task) -> Iterator[Any]:
        if not task.fresh:
            yield self._client
            return
        client = self._connect()
        try:
            yield client
        finally:
            client.shutdown()

    def _prepare(self, task: Task, name: str) -> None:
        if name in self._prepared:
            return
        blocking = self._client.get_map(name).blocking()
        keys, value = task.key_names(), task.value()
        if task.entries:
            blocking.put_all(dict.fromkeys(keys, value))
        else:
            for key in keys:
                blocking.set(key, value)
        if blocking.get(keys[-1]) != value or blocking.size() != len(keys):
            raise RuntimeError(
                f"Map {name!r} does not hold what was stored in it: figures would mean nothing."
            )
        self._prepared.add(name)


def measure(proxy: Any, task: Task, seconds: float) -> Outcome:
    """Run ``task`` on a map for ``seconds``."""
    if task.surface == "blocking":
        return _blocking(_call(proxy.blocking(), task), task, seconds)
    call = _call(proxy, task)
    run = in_callbacks if task.surface == "futures" else in_window
    cpu, start = time.process_time(), time.perf_counter()
    ops = run(call, task, seconds)
    return Outcome(ops, time.perf_counter() - start, time.process_time() - cpu)


def _call(proxy: Any, task: Task) -> Callable[[str], Any]:
    """Return the call for a key. Calls for a whole map ignore the key."""
    if task.action == "get":
        get: Callable[[str], Any] = proxy.get
        return get
    value = task.value()
    if task.action == "set":
        return lambda key: proxy.set(key, value)
    if task.action == "put_all":
        entries = dict.fromkeys(task.key_names(), value)
        return lambda _key: proxy.put_all(entries)

    def values(_key: str) -> None:
        # Counted one by one, because a client may decode during the iteration.
        seen = sum(1 for _ in proxy.values())
        if seen != task.entries:
            raise RuntimeError(f"values() gave {seen} values where the map holds {task.entries}.")

    return values


def _blocking(call: Callable[[str], Any], task: Task, seconds: float) -> Outcome:
    """Run blocking calls in the threads of the task; in this thread if there is only one."""
    samples = [array("q") for _ in range(task.concurrency)]
    keys = task.key_names()
    cpu, start = time.process_time(), time.perf_counter_ns()
    deadline = start + int(seconds * 1e9)
    if task.concurrency == 1:
        _calls(call, keys, deadline, samples[0])
    else:
        _threads(call, keys, deadline, samples)
    elapsed, cpu = (time.perf_counter_ns() - start) / 1e9, time.process_time() - cpu
    return Outcome.of_samples([sample for each in samples for sample in each], elapsed, cpu)


def _calls(call: Callable[[str], Any], keys: list[str], deadline: int, samples: "array[int]") -> None:
    clock, note = time.perf_counter_ns, samples.append
    before = clock()
    for key in cycle(keys):
        call(key)
        after = clock()
        note(after - before)
        if after >= deadline:
            return
        before = after


def _threads(call: Callable[[str], Any], keys: list[str], deadline: int, samples: "list[array[int]]") -> None:
    failures: list[Exception] = []

    def run(mine: "array[int]", first: int) -> None:
        try:
            _calls(call, keys[first:] + keys[:first], deadline, mine)
        except Exception as failure:
            failures.append(failure)

    step = max(1, len(keys) // len(samples))
    threads = [threading.Thread(target=run, args=(mine, i * step)) for i, mine in enumerate(samples)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def main(contender: str, address: str) -> None:
    """Connect, then process requests of the driver."""
    channel = Channel()
    worker = ThreadsWorker(contender, address)
    try:
        serve(channel, str(hazelcast.__version__), worker.work)
    finally:
        worker.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
