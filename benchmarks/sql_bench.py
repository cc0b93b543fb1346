"""Compare reading results of SQL with the official Python client, on one real member, in one interleaved run.

    python benchmarks/sql_bench.py [--rounds 5] [--seconds 2] [--only arrow]

Rows of a query of 100,000 rows x 5 columns (int, bigint, double, varchar, timestamp), from a map of Compact values
and from a series of numbers; a row by its key; and loading of such rows, from an Arrow table as Compact values,
against the official client's put_all of dictionaries. "pages" are fetched and not decoded, which nothing can be faster
than. Ratios are computed within a round; the table has their medians. Set HZ_PURE_PYTHON=1 to measure without
hz-speedups. The official client is installed in a separate environment on first use.
"""

import argparse
import statistics
import sys
from typing import Final

import psutil

from hzbench import machine
from hzbench.cases import Contender
from hzbench.fleet import Worker
from hzbench.member import member_at
from hzbench.task import WARM_UP, Outcome, Task

WAYS: Final[tuple[tuple[Contender, str], ...]] = (
    ("official", "rows"),
    ("ours", "pages"),
    ("ours", "rows"),
    ("ours", "columns"),
    ("ours", "arrow"),
    ("ours", "batches"),
)
ALONE: Final = ("by key", "load")
"""Rows without a query of many rows: of a single key, and the loading of 100,000 rows."""

Figures = dict[tuple[Contender, str], list[Outcome]]


def measure(source: str, ways: tuple[tuple[Contender, str], ...], rounds: int, seconds: float) -> Figures:
    """Return the outcome of each round, by contender and way to read."""
    figures: Figures = {way: [] for way in ways}
    with member_at(None, sql=True) as address:
        workers = {one: Worker(one, "sql", address) for one in ("official", "ours")}
        try:
            member = machine.listener_pid(address)
            own = [psutil.Process(member), *(worker.process for worker in workers.values())]
            tasks = {
                how: Task(how if source in ALONE else f"{how} of {source}", "blocking") for _, how in ways
            }
            for contender, how in ways:
                workers[contender].ask(tasks[how], WARM_UP)
            for worker in workers.values():
                if machine.can_place("different cores"):
                    machine.place("different cores", member, worker.process.pid)
            for number in range(rounds):
                for contender, how in ways if number % 2 else ways[::-1]:

                    def ask(contender: Contender = contender, task: Task = tasks[how]) -> Outcome:
                        return workers[contender].ask(task, seconds)

                    figures[contender, how].append(machine.undisturbed(ask, own, 2).result)
        finally:
            for worker in workers.values():
                worker.close()
    return figures


def lines(source: str, figures: Figures) -> list[str]:
    """Return the lines of the table."""
    found = []
    for (contender, how), outcomes in figures.items():
        rates = [outcome.ops / outcome.elapsed for outcome in outcomes]
        cpu = statistics.median(outcome.cpu / outcome.ops * 100_000 for outcome in outcomes)
        parts = [f"{how}, {contender}", f"{statistics.median(rates):,.0f}", f"{cpu:.3f}"]
        for other in (("official", next(h for c, h in figures if c == "official")), ("ours", "pages")):
            if other in figures:
                compared = [
                    rate / (base.ops / base.elapsed) for rate, base in zip(rates, figures[other], strict=True)
                ]
                parts.append(f"{statistics.median(compared):.2f}")
            else:
                parts.append("")
        found.append(f"| {source} | {' | '.join(parts)} |")
    return found


def main(given: list[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", default="", help="part of the names of the ways to read; bases are kept")
    chosen = parser.parse_args(given)
    print("| source | read as | rows/s | CPU s per 100,000 | of official | of pages |")
    print("|---|---|--:|--:|--:|--:|")
    for source in ("map", "series"):
        ways = tuple(way for way in WAYS if chosen.only in way[1] or way in WAYS[:2])
        if any(chosen.only in how for _, how in WAYS):
            print("\n".join(lines(source, measure(source, ways, chosen.rounds, chosen.seconds))), flush=True)
    for row in ALONE:
        if chosen.only in row:
            alone: tuple[tuple[Contender, str], ...] = (("official", row), ("ours", row))
            print("\n".join(lines(row, measure(row, alone, chosen.rounds, chosen.seconds))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
