"""Several clients, threads and tasks: listeners, locks, and the three surfaces."""

import asyncio
import queue
import threading
from typing import Any

import hazelcast
import hazelcast.asyncio
from hazelcast.core import HazelcastJsonValue
from hazelcast.future import combine_futures
from hazelcast.predicate import equal
from hazelcast.proxy.base import EntryEvent
from tour import DemoError
from tour.mapping import Airports
from tour.screen import heading, remark, stopwatch, table

EVENT_TIMEOUT = 10.0
THREADS = 4
STEPS = 25
GETS = 3000


def listener(airports: Airports) -> None:
    """Listen for entry events."""
    heading("An entry listener")
    events: queue.Queue[tuple[str, EntryEvent[Any, HazelcastJsonValue]]] = queue.Queue()
    registration = airports.add_entry_listener(
        include_value=True,
        predicate=equal("state", "XX"),
        added_func=lambda event: events.put(("added", event)),
        updated_func=lambda event: events.put(("updated", event)),
        removed_func=lambda event: events.put(("removed", event)),
    )
    for name in ("Demo Field", "Demo International"):
        airports["X99"] = HazelcastJsonValue({"name": name, "state": "XX"})
    del airports["X99"]
    try:
        received = [events.get(timeout=EVENT_TIMEOUT) for _ in range(3)]
    except queue.Empty:
        raise DemoError(f"the listener did not receive three events within {EVENT_TIMEOUT:g} s") from None
    airports.remove_entry_listener(registration)
    rows = [(kind, event.key, _name(event.old_value), _name(event.value)) for kind, event in received]
    table('Events of entries with state = "XX"', ("event", "key", "old value", "new value"), rows)


def _name(value: HazelcastJsonValue | None) -> str:
    return "-" if value is None else str(value.loads()["name"])


def lock(client: hazelcast.HazelcastClient) -> None:
    """Change one entry in several threads, protected by a lock."""
    heading("A lock on one key")
    counters = client.get_map("counters").blocking()
    counters["visits"] = 0

    def visit() -> None:
        for _ in range(STEPS):
            counters.lock("visits")
            try:
                counters["visits"] += 1
            finally:
                counters.unlock("visits")

    threads = [threading.Thread(target=visit) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = counters["visits"]
    remark(f"{THREADS} threads with {STEPS} steps each, which read and write under the lock: {total} visits.")
    if total != THREADS * STEPS:
        raise DemoError(f"{THREADS * STEPS} visits were counted under the lock, but the counter is {total}")


def surfaces(client: hazelcast.HazelcastClient, addresses: list[str], codes: list[str]) -> None:
    """Run the same operations on the three surfaces: blocking, futures, asyncio."""
    heading("One API, three surfaces")
    wanted = [codes[n % len(codes)] for n in range(GETS)]
    futures = client.get_map("airports")
    blocking = futures.blocking()

    with stopwatch() as one_by_one:
        first = [blocking.get(code) for code in wanted]
    with stopwatch() as under_way:
        second = combine_futures(futures.get(code) for code in wanted).result(timeout=60)
    third, seconds = asyncio.run(_gather(addresses, wanted))
    if not first == second == third:
        raise DemoError("the three surfaces returned different results")

    def row(surface: str, code: str, taken: float) -> tuple[object, ...]:
        return surface, code, f"{taken:.2f}", round(GETS / taken)

    rows = [
        row("blocking", "airports.get(code)", one_by_one.seconds),
        row("futures", "combine_futures(airports.get(code) ...)", under_way.seconds),
        row("asyncio", "gather(airports.get(code) ...)", seconds),
    ]
    table(f"{GETS:,} gets each, with the same results", ("surface", "code", ">seconds", ">per second"), rows)


async def _gather(addresses: list[str], wanted: list[str]) -> tuple[list[HazelcastJsonValue | None], float]:
    async with hazelcast.asyncio.HazelcastClient(cluster_members=addresses) as client:
        airports = await client.get_map("airports", key=str, value=HazelcastJsonValue)
        with stopwatch() as watch:
            values = await asyncio.gather(*(airports.get(code) for code in wanted))
        return list(values), watch.seconds
