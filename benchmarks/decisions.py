"""Measure two decisions of the design: ``python benchmarks/decisions.py [--rounds 5] [--calls 5000]``.

1. How one declaration becomes three surfaces: the cost of a generated one-line method that passes an Op on, and the
   cost if every operation were a generator.
2. How a caller gets its reply: the caller reads the socket; or the I/O thread reads and passes the reply on; or the
   caller reads, and the I/O thread watches the socket again after every call.

Processes are not pinned to cores. Variants are interleaved; the medians of the rounds are printed.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import hazelcast
from hz_core.drivers.transport import SocketTransport
from hz_core.future import wait_on_lock
from hz_core.op import Flow, Op
from hz_embedded import Cluster
from hz_proxies.map.operations import MapOperations


def _rate(call: Callable[[], object], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return calls / (time.perf_counter() - began)


def _table(title: str, unit: str, variants: dict[str, Callable[[], float]], rounds: int) -> None:
    found: dict[str, list[float]] = {name: [] for name in variants}
    names = list(variants)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(variants[name]())
    print(title)
    for name, figures in found.items():
        spread = f"{min(figures):,.2f} to {max(figures):,.2f}"
        print(f"  {name:<58} {statistics.median(figures):>12,.2f} {unit}  ({spread})")


def surfaces(client: hazelcast.HazelcastClient, rounds: int, calls: int) -> None:
    """Measure the cost of a declaration, without sending requests."""
    operations: MapOperations[str, bytes] = MapOperations(client._engine, "decisions")
    sent: list[Op[Any]] = []

    def send(op: Op[Any]) -> None:
        sent[:] = (op,)

    def one_line(key: str) -> None:
        return send(operations.get(key))

    def as_flow(key: str) -> Flow[Any]:
        return (yield operations.get(key))

    def through_flow(key: str) -> None:
        flow = as_flow(key)
        send(next(flow))  # type: ignore[arg-type]  # it yields an Op
        flow.close()

    def microseconds(call: Callable[[], object]) -> Callable[[], float]:
        return lambda: 1e6 / _rate(call, calls * 4)

    variants = {
        "the Op alone": microseconds(lambda: operations.get("key")),
        "a generated one-line method over the Op (chosen)": microseconds(lambda: one_line("key")),
        "a generator for every operation": microseconds(lambda: through_flow("key")),
    }
    _table("One declaration, three surfaces", "us per call", variants, rounds)


def replies(client: hazelcast.HazelcastClient, rounds: int, calls: int) -> None:
    """Measure the ways to get a reply, with one thread."""
    operations: MapOperations[str, bytes] = MapOperations(client._engine, "decisions")
    call = client.blocking.call
    call(operations.set("key", b"x" * 100))

    def caller_reads() -> None:
        call(operations.get("key"))

    def io_thread_reads() -> None:
        future = client.futures.call(operations.get("key"))
        wait_on_lock(future, None)

    def io_thread_watches_again() -> None:
        call(operations.get("key"))
        for connection in client._engine.routing.open_connections():
            if isinstance(connection.transport, SocketTransport):
                connection.transport.reading.read_by_io_thread()

    variants: dict[str, Callable[[], float]] = {
        "the caller reads, the I/O thread watches later (chosen)": lambda: _rate(caller_reads, calls),
        "the I/O thread reads and passes the reply on": lambda: _rate(io_thread_reads, calls),
        "the caller reads, the I/O thread watches after each call": lambda: _rate(
            io_thread_watches_again, calls
        ),
    }
    for variant in variants.values():
        variant()
    _table("How a caller gets its reply", "gets/s", variants, rounds)


def main() -> None:
    """Run both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=5000)
    arguments = parser.parse_args()
    with (
        Cluster(members=1) as cluster,
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
    ):
        surfaces(client, arguments.rounds, arguments.calls)
        replies(client, arguments.rounds, arguments.calls)


if __name__ == "__main__":
    main()
