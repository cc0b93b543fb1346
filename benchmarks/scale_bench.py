"""How the client's own costs grow: with entries, members, operations in flight, listeners, clients and sizes.

    python benchmarks/scale_bench.py [--quick] [--only listeners,clients] [--out docs/benchmarks]

The members are simulated, in a process of their own, and the figures are CPU seconds of the client's process, not
time, so that neither the members nor other processes count. Where it is possible, all sizes are measured in turn, in
each round, and the ratio is the median of those within a round. With --out, a page is written.
"""

import argparse
import asyncio
import gc
import json
import os
import resource
import shlex
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import hazelcast
import hazelcast.asyncio
from hzbench import machine

ROUNDS: Final = 5
CONNECTS: Final = 10
LINES: Final = "| what | of | figure | to the first | goal |\n|---|--:|--:|--:|---|"
Row = tuple[str, str, float, float | None, str, str]
"""What was measured, for which size, the figure, its ratio to the first size, its unit, and the goal."""


@contextmanager
def members(count: int) -> Iterator[list[str]]:
    """Start simulated members; they end with the block."""
    command = [sys.executable, "-m", "hzbench.simulated", str(count)]
    folder = Path(__file__).parent
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder, env={**os.environ}, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


@contextmanager
def connected(count: int = 1, **options: Any) -> Iterator[hazelcast.HazelcastClient]:
    """Connect a client to so many members."""
    with members(count) as addresses:
        client = hazelcast.HazelcastClient(cluster_members=addresses, **options)
        try:
            yield client
        finally:
            client.shutdown()


def cpu_us(calls: int, work: Callable[[], object]) -> float:
    """Return the microseconds of CPU per call of ``work``, which makes so many; the middle of some rounds."""
    once(calls, work)
    return statistics.median(once(calls, work) for _ in range(ROUNDS))


def once(calls: int, work: Callable[[], object]) -> float:
    """Return the microseconds of CPU per call of ``work``, this time."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / calls * 1e6


def in_turn(
    what: str, works: Mapping[str, tuple[int, Callable[[], object]]], unit: str, goal: str
) -> Iterator[Row]:
    """Measure all ``works`` in each round: how many calls each makes, by its size."""
    rounds = [[once(*work) for work in works.values()] for _ in range(1 + 3 * ROUNDS)][1:]
    factor = {"us": 1.0, "ms": 1000.0}[unit]
    for number, of in enumerate(works):
        figure = statistics.median(one[number] for one in rounds) / factor
        yield what, of, figure, statistics.median(one[number] / one[0] for one in rounds), unit, goal


def gets(
    client: hazelcast.HazelcastClient, keys: int = 1000, name: str = "scale"
) -> tuple[int, Callable[[], None]]:
    """Return how many blocking gets a function makes, and the function."""
    entries, calls = client.get_map(name).blocking(), 4000
    step = max(1, keys // calls)

    def work() -> None:
        for number in range(calls):
            entries.get(number * step % keys)

    return calls, work


def by_entries(quick: bool) -> Iterator[Row]:
    """A get out of maps of different sizes."""
    works = {}
    with connected() as client:
        for size in (1_000, 10_000, 100_000) if quick else (1_000, 10_000, 100_000, 1_000_000):
            entries = client.get_map(str(size)).blocking()
            for start in range(0, size, 1000):
                entries.put_all({key: key for key in range(start, start + 1000)})
            works[f"{size:,}"] = gets(client, size, str(size))
        yield from in_turn("get, by entries", works, "us", "±10 %")


def by_members(quick: bool) -> Iterator[Row]:
    """A get from clusters of different sizes; and connecting to them."""
    with ExitStack() as stack:
        clusters = {str(count): stack.enter_context(members(count)) for count in (1, 2, 5, 10)}
        clients = {of: hazelcast.HazelcastClient(cluster_members=there) for of, there in clusters.items()}
        works = {of: gets(client) for of, client in clients.items()}
        yield from in_turn("get, by members", works, "us", "±10 %")
        for client in clients.values():
            client.shutdown()

        def connect(addresses: list[str]) -> None:
            for _ in range(CONNECTS):
                client = hazelcast.HazelcastClient(cluster_members=addresses)
                client.get_map("scale").blocking().get(1)
                client.shutdown()

        connecting = {of: (CONNECTS, partial(connect, there)) for of, there in clusters.items()}
        yield from in_turn("connect, get, shutdown, by members", connecting, "ms", "≤ 2 for 10")


def by_depth(quick: bool) -> Iterator[Row]:
    """Gets of asyncio and of futures, so many in flight."""
    depths = (1, 10, 100, 1_000) if quick else (1, 10, 100, 1_000, 10_000)
    with members(1) as addresses:

        async def coroutines() -> list[float]:
            client = await hazelcast.asyncio.HazelcastClient.create_and_start(cluster_members=addresses)
            entries = await client.get_map("scale")
            found = []
            for depth in depths:
                calls = max(2_000, depth)

                async def work(depth: int = depth, calls: int = calls) -> float:
                    began = time.process_time()
                    for _ in range(calls // depth):
                        await asyncio.gather(*(entries.get(key) for key in range(depth)))
                    return (time.process_time() - began) / calls * 1e6

                await work()
                found.append(statistics.median([await work() for _ in range(ROUNDS)]))
            await client.shutdown()
            return found

        for depth, cost in zip(depths, asyncio.run(coroutines()), strict=True):
            yield "asyncio get, by operations in flight", f"{depth:,}", cost, None, "us", "not above 10"
    with connected() as client:
        entries = client.get_map("scale")
        for depth in depths:
            calls = max(2_000, depth)

            def futures(depth: int = depth, calls: int = calls) -> None:
                for _ in range(calls // depth):
                    for one in [entries.get(key) for key in range(depth)]:
                        one.result()

            yield (
                "future of a get, by operations in flight",
                f"{depth:,}",
                cpu_us(calls, futures),
                None,
                "us",
                "not above 10",
            )


def by_listeners(quick: bool) -> Iterator[Row]:
    """A get while listeners are registered."""
    with ExitStack() as stack:
        works = {}
        for count in (1, 10, 100, 1_000):
            client = stack.enter_context(connected())
            topic = client.get_topic("scale").blocking()
            for _ in range(count):
                topic.add_listener(lambda message: None)
            works[f"{count:,}"] = gets(client)
        yield from in_turn("get, by listeners", works, "us", "±10 %")


def by_clients(quick: bool) -> Iterator[Row]:
    """A get of one of many clients in a process."""
    with members(1) as addresses:
        clients: list[hazelcast.HazelcastClient] = []
        for count in (1, 10, 100) if quick else (1, 10, 100, 1_000):
            while len(clients) < count:
                clients.append(hazelcast.HazelcastClient(cluster_members=addresses))
            yield (
                "get, by clients in the process",
                f"{count:,}",
                cpu_us(*gets(clients[0])),
                None,
                "us",
                "±10 %",
            )
        for client in clients:
            client.shutdown()


def by_size(quick: bool) -> Iterator[Row]:
    """Values of different sizes, read and written."""
    sizes = (100_000, 1_000_000, 16_000_000) if quick else (100_000, 1_000_000, 16_000_000, 64_000_000)
    with connected() as client:
        for kind in "get", "set":
            works: dict[str, tuple[int, Callable[[], object]]] = {}
            for size in sizes:
                entries, value, calls = (
                    client.get_map(str(size)).blocking(),
                    bytes(size),
                    max(1, 16_000_000 // size),
                )
                entries.set(1, value)
                work = partial(entries.get, 1) if kind == "get" else partial(entries.set, 1, value)
                works[f"{size / 1e6:g} MB"] = calls * size // 1_000_000, partial(repeated, work, calls)
            yield from in_turn(f"{kind} of a value, per MB", works, "us", "≤ 1.3")


def repeated(work: Callable[[], object], times: int) -> None:
    """Do something several times."""
    for _ in range(times):
        work()


def in_flight(quick: bool) -> Iterator[Row]:
    """The memory of an operation in flight."""
    with connected(max_in_flight=None) as client:
        entries = client.get_map("scale")
        count = 10_000
        [one.result() for one in [entries.get(key) for key in range(count)]]
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        futures = [entries.get(key) for key in range(count)]
        most = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        for one in futures:
            one.result()
        yield (
            "memory of an operation in flight",
            f"{count:,}",
            most / count,
            None,
            "bytes",
            "≤ 1,500; compiled ≤ 400",
        )


def started(code: str, cache: str) -> float:
    """Return the seconds of CPU of a new process that runs ``code``, with compiled modules in the folder ``cache``."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def at_rest(quick: bool) -> Iterator[Row]:
    """The import, and a client that nobody uses."""

    with TemporaryDirectory() as cache:
        for what, goal in (("import hazelcast", "≤ 40"), ("from hazelcast import HazelcastClient", "")):
            started(what, cache)  # compiles the modules
            pairs = [(started("pass", cache), started(what, cache)) for _ in range(3 * ROUNDS)]
            yield what, "", statistics.median(b - a for a, b in pairs) * 1000, None, "ms", goal
    with connected() as client:
        client.get_map("scale").blocking().get(1)
        seconds = 5 if quick else 60
        began = time.process_time()
        time.sleep(seconds)
        yield (
            "CPU while idle",
            f"{seconds} s",
            (time.process_time() - began) / seconds * 100,
            None,
            "%",
            "≤ 0.05",
        )


PARTS: Final[dict[str, Callable[[bool], Iterator[Row]]]] = {
    "entries": by_entries,
    "members": by_members,
    "depth": by_depth,
    "listeners": by_listeners,
    "clients": by_clients,
    "size": by_size,
    "memory": in_flight,
    "rest": at_rest,
}


def table(rows: Iterator[Row]) -> Iterator[str]:
    """Return the lines of the table."""
    first: dict[str, float] = {}
    for what, of, figure, measured, unit, goal in rows:
        ratio = measured or figure / first.setdefault(what, figure)
        yield f"| {what} | {of} | {figure:.3g} {unit} | {ratio:.2f} | {goal} |"


def main(given: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/scale_bench.py", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--quick", action="store_true", help="without the largest sizes")
    parser.add_argument("--only", default=",".join(PARTS), help="some of: %(default)s")
    parser.add_argument("--out", type=Path, help="folder for the page")
    chosen = parser.parse_args(given)
    parts = [PARTS[name] for name in chosen.only.split(",")]
    lines = [LINES]
    print(LINES)
    for line in table(row for part in parts for row in part(chosen.quick)):
        print(line, flush=True)
        lines.append(line)
    if chosen.out:
        facts = [f"- {name}: {value}" for name, value in machine.facts().items()]
        command = shlex.join(["python", "benchmarks/scale_bench.py", *given])
        about = (
            "CPU time of the client's process, with simulated members in another one, so that their time does not\n"
            "count. Generated by:"
        )
        text = "\n".join(["# Scale", "", about, "", "```sh", command, "```", "", *facts, "", *lines, ""])
        (chosen.out / "scale.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
