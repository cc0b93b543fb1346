"""Rate and peak memory of one loop of puts, with and without a pipeline.

    python benchmarks/pipeline_bench.py                 # 50,000 puts in each way
    python benchmarks/pipeline_bench.py --puts 200000 --depth 64

Rates are measured first, and the peak of Python's memory (tracemalloc) in a second run, because tracing slows the loop.
"""

import argparse
import sys
import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import Any

import hazelcast
from hz_proxies.map import Map
from hzbench.member import member_at

Loop = Callable[[Map[Any, Any], int, int], None]


def one_by_one(numbers: Map[Any, Any], puts: int, depth: int) -> None:
    """Wait for each put."""
    blocking = numbers.blocking()
    for n in range(puts):
        blocking.set(n, n)


def all_futures(numbers: Map[Any, Any], puts: int, depth: int) -> None:
    """Begin all puts, then wait for all."""
    futures = [numbers.set(n, n) for n in range(puts)]
    for future in futures:
        future.result()


def pipelined(numbers: Map[Any, Any], puts: int, depth: int) -> None:
    """Have at most ``depth`` puts in progress."""
    with numbers.blocking().pipeline(depth) as p:
        for n in range(puts):
            p.set(n, n)


LOOPS: dict[str, Loop] = {"one by one": one_by_one, "all futures": all_futures, "pipeline": pipelined}


def measure(loop: Loop, numbers: Map[Any, Any], puts: int, depth: int) -> tuple[float, float]:
    """Return the puts per second, and the peak of memory in MiB."""
    loop(numbers, min(puts, 2000), depth)
    began = perf_counter()
    loop(numbers, puts, depth)
    rate = puts / (perf_counter() - began)
    tracemalloc.start()
    loop(numbers, puts, depth)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return rate, peak / 2**20


def main(given: list[str]) -> int:
    """Measure all loops and print a table."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="benchmarks/pipeline_bench.py", description=about)
    parser.add_argument("--puts", type=int, default=50_000, help="puts of each loop (default %(default)s)")
    parser.add_argument("--depth", type=int, default=256, help="depth of the pipeline (default %(default)s)")
    parser.add_argument("--member", metavar="HOST:PORT", help="use this member instead of starting one")
    chosen = parser.parse_args(given)
    with member_at(chosen.member) as address:
        client = hazelcast.HazelcastClient(cluster_members=[address])
        try:
            numbers = client.get_map("pipeline-bench")
            print("| loop | puts/s | peak MiB |\n|---|---:|---:|")
            for name, loop in LOOPS.items():
                rate, peak = measure(loop, numbers, chosen.puts, chosen.depth)
                print(f"| {name} | {rate:,.0f} | {peak:.1f} |", flush=True)
            numbers.destroy()
        finally:
            client.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
