"""Duration of a read that misses a near cache, against that of the same read without one.

    python benchmarks/near_cache_bench.py

The reads go over 50,000 keys in turn. A small near cache evicts an entry for each value that it keeps; one that is
cleared after each round has room. All three maps are read in each round, in a different order.
"""

import argparse
import statistics
import sys
import time
from itertools import cycle
from typing import Any

import psutil

import hazelcast
from hz_nearcache import near_cache
from hzbench.machine import place
from hzbench.member import member_at

KEYS = 50_000
GOAL = 1.1
NEAR_CACHES: dict[str, dict[str, Any]] = {
    "bench-evicts": {"eviction_max_size": 1_000},
    "bench-room": {"eviction_policy": "NONE"},
}
TITLES = {"bench-evicts": "miss that evicts an entry", "bench-room": "miss with room for its value"}


def duration(entries: Any, keys: Any, seconds: float) -> float:
    """Return the average duration of a read, in microseconds."""
    get, clock, count = entries.get, time.perf_counter, 0
    begun = clock()
    while (passed := clock() - begun) < seconds:
        for _ in range(100):
            get(next(keys))
        count += 100
    return passed / count * 1e6


def main(given: list[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=0.5)
    chosen = parser.parse_args(given)
    with (
        member_at(None) as address,
        hazelcast.HazelcastClient(cluster_members=[address], near_caches=NEAR_CACHES) as client,
    ):
        [member] = [p for p in psutil.Process().children(recursive=True) if "java" in p.name()]
        place("different cores", member.pid, psutil.Process().pid)
        maps = {name: client.get_map(name).blocking() for name in ("bench-plain", *NEAR_CACHES)}
        keys = {name: cycle(range(KEYS)) for name in maps}
        for entries in maps.values():
            entries.put_all({n: n for n in range(KEYS)})
        names, found = list(maps), {name: list[float]() for name in maps}
        for number in range(chosen.rounds + 1):
            order = names[number % 3 :] + names[: number % 3]
            for name in order:
                cache = near_cache(maps[name])
                if cache is not None:
                    cache.store.clear()
                took = duration(maps[name], keys[name], chosen.seconds)
                if number:  # the first one warms up
                    found[name].append(took)
        print("| read | median | ratio to a plain get | quartiles | goal |")
        print("|---|--:|--:|--:|--:|")
        print(f"| plain get | {statistics.median(found['bench-plain']):.1f} µs | | | |")
        for name, title in TITLES.items():
            ratios = [one / plain for one, plain in zip(found[name], found["bench-plain"], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            median = statistics.median(found[name])
            print(f"| {title} | {median:.1f} µs | **{middle:.2f}** | {low:.2f} to {high:.2f} | {GOAL:g} |")


if __name__ == "__main__":
    main(sys.argv[1:])
