"""Measure the bridge between Python and a member's JVM, compared with the client.

    hatch run python benchmarks/bridge_bench.py                          # print the table
    hatch run python benchmarks/bridge_bench.py --out docs/benchmarks    # also write bridge.md and bridge.svg

Each round measures every operation once, in turn; the table has the median, minimum and maximum of the rounds. Python
and the JVM share one core: waking up a thread on another core costs more than the bridge itself, and depends on the
machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure

import hazelcast
from hz_embedded import Cluster
from hzbench.machine import facts, place

ENTRIES = 100_000
MEGABYTE = 1_000_000
BATCH = 200


class Piece(NamedTuple):
    """A measured operation.

    Attributes:
        title: Description of the operation.
        unit: Unit of the rate.
        amount: Number of units per run.
        run: Runs the operation once.
    """

    title: str
    unit: str
    amount: int
    run: Callable[[], object]


class Same:
    """A ``java.util.function.UnaryOperator``, which Java calls for each item of a list."""

    class Java:
        """The declaration of the Java interface for py4j."""

        implements: ClassVar = ["java.util.function.UnaryOperator"]

    def apply(self, value: int) -> int:
        """Return the value for Java."""
        return value


def pieces(cluster: Cluster, client: hazelcast.HazelcastClient) -> list[Piece]:
    """Return all operations to measure."""
    member = cluster.members[0]
    java = member.jvm.gateway.jvm.java
    blocks = member.instance.getMap("bytes")
    block = bytes(range(250)) * (MEGABYTE // 250)
    blocks.put("block", block)
    numbers = java.util.ArrayList()
    for number in range(BATCH):
        numbers.append(number)
    same = Same()
    through_client = client.get_map("entries").blocking()
    through_client.put_all({f"key-{number}": f"value-{number}" for number in range(ENTRIES)})
    through_bridge = member.instance.getMap("entries")
    integer = java.lang.Integer

    def calls() -> None:
        for number in range(BATCH):
            integer.signum(number)

    def gets() -> None:
        for number in range(BATCH):
            through_bridge.get(f"key-{number}")

    def client_gets() -> None:
        for number in range(BATCH):
            through_client.get(f"key-{number}")

    def read_by_entry() -> None:
        found = sum(1 for key in through_bridge if through_bridge[key])
        assert found == ENTRIES

    def read_by_client() -> None:
        found = sum(1 for _, value in through_client.items() if value)
        assert found == ENTRIES

    return [
        Piece("a static Java method from Python", "calls", BATCH, calls),
        Piece("Java calls a Python function", "callbacks", BATCH, lambda: numbers.replaceAll(same)),
        Piece("IMap.get through the bridge", "gets", BATCH, gets),
        Piece("Map.get through the client", "gets", BATCH, client_gets),
        Piece("byte[] of 1 MB to Java", "MB", 1, lambda: java.util.Arrays.hashCode(block)),
        Piece("byte[] of 1 MB from Java", "MB", 1, lambda: blocks.get("block")),
        Piece("100,000 entries, key by key, bridge", "entries", ENTRIES, read_by_entry),
        Piece("100,000 entries, client", "entries", ENTRIES, read_by_client),
    ]


def rate(piece: Piece, seconds: float) -> float:
    """Return the units per second, measured for at least ``seconds`` and one run."""
    runs = 0
    begin = time.perf_counter()
    while True:
        piece.run()
        runs += 1
        elapsed = time.perf_counter() - begin
        if elapsed >= seconds:
            return runs * piece.amount / elapsed


def measure(rounds: int, seconds: float) -> dict[Piece, list[float]]:
    """Measure every operation in every round."""
    with Cluster() as cluster, hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client:
        rates: dict[Piece, list[float]] = {piece: [] for piece in pieces(cluster, client)}
        place("one core", cluster.members[0].jvm.pid, os.getpid())
        for piece in rates:
            if piece.amount <= BATCH:
                rate(piece, seconds)  # a warm-up; the long ones are their own
        for _ in range(rounds):
            for piece, found in rates.items():
                found.append(rate(piece, seconds))
    return rates


def table(rates: dict[Piece, list[float]]) -> str:
    """Return the table in Markdown."""
    lines = ["| operation | unit | per second | minimum | maximum |", "| --- | --- | --: | --: | --: |"]
    for piece, found in rates.items():
        figures = " | ".join(f"{value:,.0f}" for value in (statistics.median(found), min(found), max(found)))
        lines.append(f"| {piece.title} | {piece.unit} | {figures} |")
    return "\n".join(lines)


def draw(rates: dict[Piece, list[float]], path: Path) -> None:
    """Write the plot as an SVG file."""
    mpl.rcParams["svg.hashsalt"] = "hzbench"
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(9, 1 + 0.42 * len(rates)), layout="constrained")
    axes = figure.add_subplot()
    for row, (piece, found) in enumerate(rates.items()):
        color = "#1f5fa8" if "client" in piece.title else "#9a9a9a"
        median = statistics.median(found)
        axes.barh(row, median, color=color)
        axes.annotate(f" {median:,.0f} {piece.unit}/s", (median, row), va="center", fontsize=8)
    axes.set_yticks(range(len(rates)), [piece.title for piece in rates], fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(right=axes.get_xlim()[1] * 12)
    axes.set_xlabel("per second (logarithmic); gray: bridge, blue: client", fontsize=8)
    figure.savefig(path, format="svg", metadata={"Date": None})


def main() -> None:
    """Measure, print the table, and write the files if requested."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="minimum seconds per operation and round")
    parser.add_argument("--out", type=Path, help="folder for bridge.md and bridge.svg")
    options = parser.parse_args()
    rates = measure(options.rounds, options.seconds)
    print(table(rates))
    if options.out:
        draw(rates, options.out / "bridge.svg")
        described = "\n".join(f"- {name}: {value}" for name, value in facts().items())
        text = (
            "# The bridge to the JVM: speed\n\n"
            f"`python benchmarks/bridge_bench.py --rounds {options.rounds} --seconds {options.seconds:g}`\n\n"
            f"{described}\n- placement: Python and JVM on one core\n\n{table(rates)}\n\n"
            "![Calls, callbacks, megabytes and entries per second](bridge.svg)\n"
        )
        (options.out / "bridge.md").write_text(text)


if __name__ == "__main__":
    main()
