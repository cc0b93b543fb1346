"""Latency of reads while 100,000 entries of a near cache become invalid, against the latency without that.

    python benchmarks/invalidations_bench.py                     # members collect 100 invalidations, as by default
    python benchmarks/invalidations_bench.py --batch 100000      # and as many as there are

Another process writes the entries. Rounds with and without writes alternate.
"""

import argparse
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import hazelcast
from hz_nearcache import near_cache
from hzbench.member import member_at

COUNT = 100_000
NAME = "bench-invalidated"
GOAL = 2.0
LIMIT = 30.0

WRITER = f"""
import sys, hazelcast
with hazelcast.HazelcastClient(cluster_members=[sys.argv[1]]) as client:
    entries = client.get_map({NAME!r}).blocking()
    for line in sys.stdin:
        for start in range(0, {COUNT}, 2000):
            entries.put_all({{n: int(line) for n in range(start, start + 2000)}})
        print(flush=True)
"""


def latencies(read: Callable[[], object], until: Callable[[], bool]) -> list[float]:
    """Call ``read`` again and again; return how long each call took, in microseconds."""
    found = []
    clock = time.perf_counter
    while not until():
        begun = clock()
        read()
        found.append((clock() - begun) * 1e6)
    return found


def round_of(
    read: Callable[[], object], writer: Any, number: int, told: Callable[[], int]
) -> tuple[list[float], list[float]]:
    """Return the latencies of a second without writes, and of the time until all invalidations are there."""
    end = time.perf_counter() + 1.0
    idle = latencies(read, lambda: time.perf_counter() > end)
    wanted, limit = told() + COUNT, end + LIMIT
    done = threading.Event()

    def write() -> None:
        writer.stdin.write(f"{number}\n")
        writer.stdin.flush()
        writer.stdout.readline()
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    busy = latencies(read, lambda: done.is_set() and (told() >= wanted or time.perf_counter() > limit))
    thread.join()
    assert told() >= wanted, "not all invalidations have come"
    return idle, busy


def main(given: list[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=100, help="most invalidations that a member collects")
    chosen = parser.parse_args(given)
    properties = {
        "hazelcast.map.invalidation.batch.size": str(chosen.batch),
        "hazelcast.map.invalidation.batchfrequency.seconds": "1",
    }
    near = {NAME: {"in_memory_format": "OBJECT", "eviction_max_size": 2 * COUNT}}
    with (
        member_at(None, config={"properties": properties}) as address,
        hazelcast.HazelcastClient(cluster_members=[address], near_caches=near) as client,
    ):
        kept, plain = client.get_map(NAME).blocking(), client.get_map("bench-plain").blocking()
        cache = near_cache(kept)
        assert cache is not None
        plain.set("key", "value")
        kept.set("hot", "value")
        command = [sys.executable, "-c", WRITER, address]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            print("| reads | idle | while entries become invalid | ratio of the medians | goal |")
            print("|---|--:|--:|--:|--:|")
            for title, read in (
                ("near cache hit", lambda: kept.get("hot")),
                ("get from a member", lambda: plain.get("key")),
            ):
                _row(title, read, kept, cache, writer, chosen.rounds)
            assert writer.stdin is not None
            writer.stdin.close()


def _row(title: str, read: Callable[[], object], kept: Any, cache: Any, writer: Any, rounds: int) -> None:
    ratios, medians = [], []
    for number in range(rounds):
        kept.get_all(range(COUNT))
        read()
        idle, busy = round_of(read, writer, number, lambda: cache.statistics.invalidation_requests)
        medians.append((statistics.median(idle), statistics.median(busy)))
        ratios.append(medians[-1][1] / medians[-1][0])
    idle_median, busy_median = (statistics.median(one[side] for one in medians) for side in (0, 1))
    ratio = statistics.median(ratios)
    print(
        f"| {title} | {idle_median:.2f} µs | {busy_median:.2f} µs | **{ratio:.2f}** | {GOAL:g} |", flush=True
    )


if __name__ == "__main__":
    main(sys.argv[1:])
