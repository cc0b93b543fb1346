"""Compare the data structures beside the map with those of the official Python client, on one real member.

    python benchmarks/structures_bench.py [--rounds 5] [--seconds 1] [--only queue] [--out docs/benchmarks]

Ratios are computed within a round; the table has their median, minimum and maximum. Member and client are on
different cores, where processes can be pinned. The official client is installed in a separate environment on first
use. The floor of a row is a bare socket that sends the same requests and decodes no reply; what is in several steps,
or waits for events, has none. With --out, a page is written.
"""

import argparse
import importlib.util
import os
import shlex
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import psutil

from hzbench import machine
from hzbench.cases import Contender
from hzbench.executor_task import FACTORIES, compile_classes
from hzbench.fleet import Worker
from hzbench.member import CP_VERSION, MEMBER_VERSION, member_at
from hzbench.structures import CP_ROWS, EXECUTOR, RECORDED_ROWS, ROWS
from hzbench.task import WARM_UP, Outcome, Task

GOALS: Final = {
    "latency": 1.8,
    "rate": 1.5,
    "bulk": 3.0,
    "hit of an object": 5.0,
    "hit of bytes": 4.0,
}
MEMBER: Final[dict[str, Any]] = {
    "properties": {"hazelcast.metrics.enabled": False},
    "flake-id-generator": {"default": {"allowed-future-millis": 10 * 365 * 24 * 3600 * 1000}},
}
"""A member's configuration. By default it gives out the flake ids of the next 15 seconds, a million, and then delays
its replies, so that there are 64 per millisecond. That would be measured, and for the faster client first."""

CONTENDERS: Final[tuple[Contender, ...]] = ("ours", "official", "floor")
Figures = dict[Contender, list[float]]


def measure(rows: list[str], rounds: int, seconds: float) -> dict[str, Figures]:
    """Return the operations per second of each round, by row and contender."""
    with TemporaryDirectory() as folder:
        options: dict[str, Any] = {"config": MEMBER}
        if EXECUTOR in rows:
            if compile_classes(Path(folder), MEMBER_VERSION):
                options = {"classpath": [folder], "config": {**MEMBER, "serialization": FACTORIES}}
            else:
                rows = [row for row in rows if row != EXECUTOR]
                print(f"| {EXECUTOR} | left out: this machine's Java has no compiler for the task |")
        plain, agreed = ([row for row in rows if (row in CP_ROWS) is cp] for cp in (False, True))
        figures = _measure(plain, rounds, seconds, options) if plain else {}
        if agreed:
            figures |= _measure(agreed, rounds, seconds, {"version": CP_VERSION})
        return figures


def _measure(rows: list[str], rounds: int, seconds: float, options: dict[str, Any]) -> dict[str, Figures]:
    with member_at(None, **options) as address:
        modules: dict[Contender, str] = dict.fromkeys(CONTENDERS, "structures") | {"floor": "replay"}
        workers = {one: Worker(one, module, address) for one, module in modules.items()}
        try:
            member = machine.listener_pid(address)
            own = [psutil.Process(member), *(worker.process for worker in workers.values())]
            found = {}
            for row in rows:
                measured = {one: workers[one] for one in CONTENDERS if one != "floor" or row in RECORDED_ROWS}
                for placement in ("unpinned", "different cores"):
                    for worker in measured.values():
                        if machine.can_place(placement):
                            machine.place(placement, member, worker.process.pid)
                        if placement == "unpinned":
                            worker.ask(Task(row, "blocking"), WARM_UP)
                found[row] = _row(row, measured, own, rounds, seconds)
            return found
        finally:
            for worker in workers.values():
                worker.close()


def _row(
    row: str, workers: dict[Contender, Worker], own: list[psutil.Process], rounds: int, seconds: float
) -> Figures:
    figures: Figures = {one: [] for one in workers}
    for number in range(rounds):
        for one in list(workers)[:: 1 if number % 2 else -1]:

            def ask(one: Contender = one) -> Outcome:
                return workers[one].ask(Task(row, "blocking"), seconds)

            outcome = machine.undisturbed(ask, own, 2).result
            figures[one].append(outcome.ops / outcome.elapsed)
    print(line(row, figures), flush=True)
    return figures


def line(row: str, figures: Figures) -> str:
    """Return a line of the table."""
    ratios = _ratios(figures, "ours")
    ours, official = (statistics.median(figures[one]) for one in CONTENDERS[:2])
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    floor = f"{statistics.median(_ratios(figures, 'floor')):.2f}" if "floor" in figures else "-"
    goal = GOALS[(ROWS | CP_ROWS)[row]]
    return (
        f"| {row} | {ours:,.0f} | {official:,.0f} | **{statistics.median(ratios):.2f}** | {spread} "
        f"| {floor} | {goal} |"
    )


def _ratios(figures: Figures, one: Contender) -> list[float]:
    return [rate / official for rate, official in zip(figures[one], figures["official"], strict=True)]


def _variant() -> str:
    if os.environ.get("HZ_PURE_PYTHON", "0") in ("", "0") and importlib.util.find_spec("hz_speedups"):
        return "with hz-speedups"
    return "pure Python"


def page(figures: dict[str, Figures], command: str) -> str:
    """Return the page."""
    facts = machine.facts()
    return "\n".join(
        [
            "# Data structures",
            "",
            f"Operations per second on one member (Hazelcast {MEMBER_VERSION}; {CP_VERSION} for the CP Subsystem),",
            f"blocking surface, {_variant()}; the official Python client in the same run. The floor is a bare socket",
            "that sends the same requests and decodes no reply: no client can be faster. Generated by:",
            "",
            "```sh",
            command,
            "```",
            "",
            *(f"- {name}: {value}" for name, value in facts.items()),
            "",
            "| work | ours | official | ratio | of the rounds | floor's ratio | goal |",
            "|---|--:|--:|--:|---|--:|--:|",
            *(line(row, found) for row, found in figures.items()),
            "",
        ]
    )


def main(given: list[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--only", default="", help="parts of the names of the rows, with commas between them")
    parser.add_argument("--out", type=Path, help="folder for the page structures.md")
    chosen = parser.parse_args(given)
    rows = [row for row in ROWS | CP_ROWS if any(part in row for part in chosen.only.split(","))]
    figures = measure(rows, chosen.rounds, chosen.seconds)
    if chosen.out is not None:
        text = page(figures, shlex.join(["python", "benchmarks/structures_bench.py", *given]))
        (chosen.out / "structures.md").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
