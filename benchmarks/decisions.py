"""The two decisions that the design hangs on, measured: python benchmarks/decisions.py [--rounds 5] [--calls 5000].

1. How one declaration becomes three surfaces: what a call costs through a generated one-line method that passes an Op
   on, and what it would cost if every operation were a generator.
2. How a reply reaches its waiter: the caller reads the socket itself; or the I/O thread reads and hands over; or the
   caller reads, and the I/O thread is put back to watching after every call.

Client and member run on cores of the system's choice. Variants are interleaved; medians of rounds are printed.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import hazelcast
from hz_core.client import Client
from hz_core.drivers.transport import SocketTransport
from hz_core.future import wait_on_lock
from hz_core.invocation.op import Flow, Op
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


def surfaces(client: Client, rounds: int, calls: int) -> None:
    """Measure the cost of a declaration, without sending anything."""
    operations: MapOperations[str, bytes] = MapOperations(client, "decisions")
    sent: list[Op[Any]] = []

    def submit(op: Op[Any]) -> None:
        sent[:] = (op,)

    def one_line(key: str) -> None:
        return submit(operations.get(key))

    def as_flow(key: str) -> Flow[Any]:
        return (yield operations.get(key))

    def through_flow(key: str) -> None:
        flow = as_flow(key)
        submit(next(flow))  # type: ignore[arg-type] # it yields an Op
        flow.close()

    def microseconds(call: Callable[[], object]) -> Callable[[], float]:
        return lambda: 1e6 / _rate(call, calls * 4)

    variants = {
        "the Op alone": microseconds(lambda: operations.get("key")),
        "a generated one-line method over the Op (chosen)": microseconds(lambda: one_line("key")),
        "a generator for every operation": microseconds(lambda: through_flow("key")),
    }
    _table("One declaration, three surfaces", "us per call", variants, rounds)


def waiters(client: Client, rounds: int, calls: int) -> None:
    """Measure the ways of a reply, with one thread."""
    operations: MapOperations[str, bytes] = MapOperations(client, "decisions")
    client.call(operations.set("key", b"x" * 100))

    def leads() -> None:
        client.call(operations.get("key"))

    def handed_over() -> None:
        future = client.submit(operations.get("key"))
        wait_on_lock(future, None)

    def armed_again() -> None:
        client.call(operations.get("key"))
        for connection in client._engine.open_connections():
            if isinstance(connection.transport, SocketTransport):
                connection.transport.arm()

    variants: dict[str, Callable[[], float]] = {
        "the caller reads, the I/O thread comes back later (chosen)": lambda: _rate(leads, calls),
        "the I/O thread reads and hands over": lambda: _rate(handed_over, calls),
        "the caller reads, the I/O thread watches after each call": lambda: _rate(armed_again, calls),
    }
    for variant in variants.values():
        variant()
    _table("How a reply reaches its waiter", "gets/s", variants, rounds)


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=5000)
    arguments = parser.parse_args()
    with (
        Cluster(members=1) as cluster,
        hazelcast.HazelcastClient(cluster_members=cluster.addresses) as client,
    ):
        surfaces(client, arguments.rounds, arguments.calls)
        waiters(client, arguments.rounds, arguments.calls)


if __name__ == "__main__":
    main()
