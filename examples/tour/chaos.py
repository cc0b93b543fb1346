"""Members are killed one after the other under load; the latency is drawn over time."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from rich.live import Live
from rich.text import Text

from hazelcast import HazelcastClient
from hazelcast.errors import HazelcastError
from hazelcast.proxy.map import BlockingMap
from hz_embedded import Cluster
from tour import DemoError
from tour.screen import console, heading, remark, table

THREADS = 4
BUCKET = 0.2
"""Seconds of one column of the drawing."""
KILLS = (0.2, 0.6)
"""When members are killed, as parts of the duration."""
PATIENCE = 60
"""Longest wait in seconds for the backups after a kill."""
BLOCKS = " ▁▂▃▄▅▆▇█"
STEPS = (0.0005, 0.001, 0.002, 0.005, 0.02, 0.1, 0.5)
"""The longest call in seconds for each height of a column but the last one."""


class Load:
    """Threads that write and read their own keys, and check what they read."""

    def __init__(self, entries: BlockingMap[int, int], seconds: float) -> None:
        self._entries = entries
        self.seconds = seconds
        self.enough = threading.Event()
        self.began = time.perf_counter()
        self.longest: dict[int, float] = {}
        self.calls = 0
        self.failed = 0
        self.wrong = 0
        self._lock = threading.Lock()

    def run(self, thread: int) -> None:
        """Write and read until it is enough."""
        number = 0
        while not self.enough.is_set():
            start = time.perf_counter() - self.began
            key = thread * 1000 + number % 1000
            try:
                self._entries.set(key, number)
                found = self._entries.get(key)
            except HazelcastError:
                with self._lock:
                    self.failed += 1
                continue
            end = time.perf_counter() - self.began
            with self._lock:
                self.calls += 2
                self.wrong += found != number
                # A call that waits fills each column that it crosses.
                for bucket in range(int(start / BUCKET), int(end / BUCKET) + 1):
                    self.longest[bucket] = max(self.longest.get(bucket, 0.0), end - start)
            number += 1

    def drawing(self, killed: list[float]) -> Text:
        """Return the columns until now; those in which a member was killed are red."""
        with self._lock:
            longest = dict(self.longest)
        text = Text()
        red = {int(at / BUCKET) for at in killed}
        for bucket in range(int((time.perf_counter() - self.began) / BUCKET)):
            height = 1 + sum(longest.get(bucket, self.seconds) > step for step in STEPS)
            text.append(BLOCKS[height], style="bold red" if bucket in red else "green")
        return text


def run(seconds: float) -> None:
    """Start three members, and kill two of them while threads write for so many seconds.

    Raises:
        DemoError: A value was read that is not the last one that was written.
    """
    heading("Three members, each in a process of its own")
    with (
        Cluster(members=3, jvm="own") as cluster,
        HazelcastClient(cluster_members=cluster.addresses, redo_operation=True) as client,
    ):
        load = Load(client.get_map("chaos", key=int, value=int).blocking(), seconds)
        heading(f"{THREADS} threads write and read, while two members are killed")
        killed = _watch(load, cluster)
        alive = len(client.cluster_service.get_members())
    rows = [
        ("calls", load.calls),
        ("failed", load.failed),
        ("wrong values", load.wrong),
        ("longest write and read", f"{max(load.longest.values()):.2f} s"),
        ("members killed", len(killed)),
        ("members at the end", alive),
    ]
    table("In all", ("", ">count"), rows)
    if load.wrong:
        raise DemoError(f"{load.wrong} values were not the ones that were written")


def _replace(cluster: Cluster) -> None:
    """Start a member for one that was killed, and wait until each partition has its backup again."""
    cluster.add_member(jvm="own")
    services = [member.instance.getPartitionService() for member in cluster.members if member.running]
    end = time.monotonic() + PATIENCE
    while not all(service.isClusterSafe() for service in services):
        if time.monotonic() > end:
            raise DemoError(f"the cluster has not made its backups within {PATIENCE} s")
        time.sleep(BUCKET / 4)


def _watch(load: Load, cluster: Cluster) -> list[float]:
    """Kill members at their times, and draw; return when they were killed."""
    killed: list[float] = []
    with ThreadPoolExecutor(THREADS + 1) as pool, Live(console=console, refresh_per_second=5) as live:
        try:
            work = [pool.submit(load.run, thread) for thread in range(THREADS)]
            replaced: Future[object] = pool.submit(lambda: None)  # nothing to replace yet
            while len(killed) < len(KILLS) or time.perf_counter() - load.began < load.seconds:
                now = time.perf_counter() - load.began
                due = len(killed) < len(KILLS) and now > KILLS[len(killed)] * load.seconds
                # What was on a killed member is on one other until a third one has come, and has its backups.
                if due and replaced.done():
                    replaced.result()
                    killed.append(now)
                    next(member for member in cluster.members if member.running).kill()
                    replaced = pool.submit(_replace, cluster)
                live.update(load.drawing(killed))
                time.sleep(BUCKET / 2)
        finally:
            load.enough.set()
        replaced.result()
        for one in work:
            one.result()
    remark(
        f"\nThe longest write and read, each {BUCKET} s; the highest block is more than half a second. Red: a kill."
    )
    return killed
