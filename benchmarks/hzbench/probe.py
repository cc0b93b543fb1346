"""Costs of a client before its first call and while it is idle, measured in a separate process.

Run as ``python -m hzbench.probe threads|asyncio HOST:PORT IDLE_SECONDS CONNECTS``; prints one JSON object.
Imports little before the client, so that the memory is the client's.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

_SETTLE_SECONDS = 1.0


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _switches() -> int:
    """Return the context switches of all threads of this process, including those that have ended."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw + usage.ru_nivcsw


class _Idle:
    """CPU time and context switches of this process since the creation of the object."""

    def __init__(self) -> None:
        self._start, self._cpu, self._before = time.perf_counter(), time.process_time(), _switches()

    def figures(self) -> dict[str, float]:
        elapsed = time.perf_counter() - self._start
        return {
            "idle_cpu_percent": (time.process_time() - self._cpu) / elapsed * 100,
            "switches_per_second": (_switches() - self._before) / elapsed,
            "rss_mb": _resident_mb(),
        }


def _middle_ms(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2] * 1_000


def of_threads(address: str, idle_seconds: float, connects: int) -> dict[str, float]:
    """Return the figures of the blocking client."""
    # Imported after the memory of the bare interpreter was measured; either client may be imported.
    hazelcast: Any = importlib.import_module("hazelcast")

    def connect() -> float:
        start = time.perf_counter()
        client = hazelcast.HazelcastClient(cluster_members=[address])
        taken = time.perf_counter() - start
        client.shutdown()
        return taken

    client = hazelcast.HazelcastClient(cluster_members=[address])
    client.get_map("probe").blocking().set("key", "value")
    time.sleep(_SETTLE_SECONDS)
    idle = _Idle()
    time.sleep(idle_seconds)
    figures = idle.figures()
    client.shutdown()
    return {**figures, "connect_ms": _middle_ms([connect() for _ in range(connects)])}


async def of_asyncio(address: str, idle_seconds: float, connects: int) -> dict[str, float]:
    """Return the figures of the asyncio client."""
    import asyncio  # imported here and in main to keep it out of the blocking client's memory

    client_class: Any = importlib.import_module(
        "hazelcast.asyncio"
    ).HazelcastClient  # imported here for the same reason

    async def connect() -> float:
        start = time.perf_counter()
        client = await client_class.create_and_start(cluster_members=[address])
        taken = time.perf_counter() - start
        await client.shutdown()
        return taken

    client = await client_class.create_and_start(cluster_members=[address])
    await (await client.get_map("probe")).set("key", "value")
    await asyncio.sleep(_SETTLE_SECONDS)
    idle = _Idle()
    await asyncio.sleep(idle_seconds)
    figures = idle.figures()
    await client.shutdown()
    return {**figures, "connect_ms": _middle_ms([await connect() for _ in range(connects)])}


def main(surface: str, address: str, idle_seconds: float, connects: int) -> None:
    """Measure and print the figures."""
    bare = _resident_mb()
    if surface == "asyncio":
        import asyncio

        figures = asyncio.run(of_asyncio(address, idle_seconds, connects))
    else:
        figures = of_threads(address, idle_seconds, connects)
    print(json.dumps({**figures, "bare_rss_mb": bare}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
