"""A member is killed during writes, and no acknowledged write is lost."""

import threading
import time
from collections.abc import Callable

from hazelcast import HazelcastClient
from hazelcast.errors import HazelcastError
from hazelcast.proxy.map import BlockingMap
from hz_embedded import Member
from tour import DemoError
from tour.screen import heading, progress, table

WRITERS = 4
BEFORE = 2000
"""Number of acknowledged writes before the member is killed."""

AFTER = 4000
"""Number of acknowledged writes afterwards, some of them to partitions that the member owned."""

PAUSE = 0.1
"""Seconds until a failed write is retried."""

STALL = 30.0
"""Seconds without an acknowledged write after which the demo fails."""


class WriteLoad:
    """Threads that write entries, and store which ones the cluster has acknowledged."""

    def __init__(self, ledger: BlockingMap[int, str]) -> None:
        self._ledger = ledger
        self._enough = threading.Event()
        self._progress = threading.Condition()
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        self.acknowledged: dict[int, str] = {}
        self.failed: list[HazelcastError] = []
        self.longest = 0.0
        for thread in self._threads:
            thread.start()

    def _write(self, writer: int) -> None:
        number = writer
        while not self._enough.is_set():
            value = f"entry {number} of writer {writer}"
            began = time.perf_counter()
            try:
                self._ledger.set(number, value)
            except HazelcastError as error:
                self.failed.append(error)
                self._enough.wait(PAUSE)
                continue  # not acknowledged: retry it
            taken = time.perf_counter() - began
            with self._progress:
                self.acknowledged[number] = value
                self.longest = max(self.longest, taken)
                self._progress.notify()
            number += WRITERS

    def wait(self, count: int, show: Callable[[int], None]) -> None:
        """Wait until ``count`` writes are acknowledged."""
        with self._progress:
            while (done := len(self.acknowledged)) < count:
                show(done)
                if not self._progress.wait_for(lambda: len(self.acknowledged) > done, STALL):
                    last = f"; the last error: {self.failed[-1]}" if self.failed else ""
                    raise DemoError(f"no write was acknowledged for {STALL:g} s{last}")
            show(count)

    def stop(self) -> None:
        """Stop the threads."""
        self._enough.set()
        for thread in self._threads:
            thread.join()


def kill_under_load(client: HazelcastClient, victim: Member) -> None:
    """Kill ``victim`` while threads write, continue to write, and read all entries back.

    Raises:
        DemoError: An acknowledged write was lost.
    """
    heading("A member is killed during writes")
    ledger = client.get_map("ledger", key=int, value=str).blocking()
    load = WriteLoad(ledger)
    try:
        with progress() as bar:
            task = bar.add_task("Writing", total=BEFORE + AFTER)
            load.wait(BEFORE, lambda done: bar.update(task, completed=done))
            victim.kill()
            at_kill = len(load.acknowledged)
            bar.update(task, description=f"Killed {victim.address}, continuing to write")
            load.wait(at_kill + AFTER, lambda done: bar.update(task, completed=done, total=at_kill + AFTER))
    finally:
        load.stop()
    found = ledger.get_all(load.acknowledged)
    lost = [number for number, value in load.acknowledged.items() if found.get(number) != value]
    rows: list[tuple[str, object]] = [
        ("acknowledged before the kill", at_kill),
        ("acknowledged in total", len(load.acknowledged)),
        ("read back, with the correct value", len(load.acknowledged) - len(lost)),
        ("lost", len(lost)),
        ("failed and retried", len(load.failed)),
        ("longest write", f"{load.longest:.2f} s"),
        ("members left", len(client.cluster_service.get_members())),
    ]
    table(
        f"{WRITERS} threads wrote while the process of {victim.address} was killed",
        ("writes", ">count"),
        rows,
    )
    if lost:
        raise DemoError(f"{len(lost)} acknowledged writes were lost, the first one is entry {lost[0]}")
