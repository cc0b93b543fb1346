"""Hundreds of reconnects of one client, in a process of its own: ``python core_reconnects.py DRIVER``.

In the process of the tests, others end threads and close connections at any time: the bridge to Java, for example.
"""

import gc
import logging
import os
import sys
import threading
import tracemalloc
from typing import Any

from core_surfaces import Surface, make
from hz_core import engine_options
from hz_core.connection import Connection

MEMBERS = 5
RECONNECTS = 500
TRACED = 100
"""During the last ones of these, the memory is measured."""
LEFT = 500
"""Bytes that a reconnect may leave, most of them in the event loop's debugging. A connection takes 4,000."""
KEYS = 7
QUICK: dict[str, Any] = {
    "retry_initial_backoff": 0.001,
    "retry_max_backoff": 0.002,
}


def engine_of(surface: Surface) -> Any:
    client: Any = surface.client  # type: ignore[attr-defined]  # all but the scripted one have it
    return client._engine


def sessions(surface: Surface) -> list[list[int]]:
    """Return for each member the number of listeners of each connection to it."""
    return [[len(s.listeners) for s in member.sessions.values()] for member in surface.cluster.members]


def reconnect(surface: Surface, times: int, listeners: int) -> None:
    """Lose all connections, in turn while requests are on their way, or in the middle of connecting."""
    engine = engine_of(surface)
    for number in range(times // MEMBERS):
        lost = engine.connections_lost
        requests = [surface.submit(surface.ops.get(key)) for key in range(KEYS if number % 2 else 0)]
        surface.do(surface.cluster.cut_all)
        if number % 5 == 0:
            surface.do(surface.cluster.cut_all)
        for request in requests:
            assert surface.result(request) is not None
        surface.until(lambda: engine.connections_lost > lost)  # noqa: B023  # called at once
        surface.until(lambda: sessions(surface) == [[listeners]] * MEMBERS)
        surface.until(lambda: len(engine.connections.routes.all) == MEMBERS)


def settle(surface: Surface) -> None:
    """Wait until the client has nothing to do, and forget what the members remember."""
    engine = engine_of(surface)
    surface.until(lambda: engine.invocations.pending_count == 0)
    surface.until(lambda: not engine._background)
    surface.until(lambda: not getattr(engine.io, "_closing", ()))
    relay = surface.server.relay  # type: ignore[attr-defined]  # all but the scripted one have it
    # What was lost is closed by its other ends a little later.
    surface.until(lambda: relay is None or relay.connections() == MEMBERS)
    surface.result(surface.submit(surface.ops.get(0)))  # the I/O side has gone on since

    def forget() -> None:
        for member in surface.cluster.members:
            member.requests.clear()
        surface.cluster.puts.clear()

    surface.do(forget)
    gc.collect()


def resources(surface: Surface) -> dict[str, Any]:
    """Return what must not grow."""
    settle(surface)
    engine = engine_of(surface)
    connections = [found for found in gc.get_objects() if type(found) is Connection]
    return {
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "connections": sum(connection._owner is engine for connection in connections),
        "entries": sum(len(connection.pending) for connection in engine.connections.all()),
        "attempts": len(engine.connections.all()) - MEMBERS,
        "sleeping": len(engine._sleeping),
        "sessions": sessions(surface),
        "listeners": [listener.connections for listener in engine.listeners.facts()],
    }


def run(driver: str) -> None:
    """Reconnect, and check what is left.

    Args:
        driver: The driver of the client.

    Raises:
        AssertionError: Something has grown, or a listener does not hear.
    """
    # Wait less before connections that are lost repeatedly are made again; keep no records of warnings.
    engine_options._SHORTEST_PAUSE = 0.001  # type: ignore[misc]  # a constant of the product
    logging.disable(logging.CRITICAL)
    surface = make(driver, MEMBERS, **QUICK)
    try:
        surface.do(lambda: setattr(surface.cluster, "strict", False))
        seen: list[list[Any]] = [[], [], []]
        for keys in seen:
            surface.result(surface.listener(keys))
        for key in range(KEYS):
            surface.result(surface.submit(surface.ops.put(key, key)))
        reconnect(surface, 20, len(seen))
        before = resources(surface)
        reconnect(surface, RECONNECTS - TRACED, len(seen))
        tracemalloc.start()  # makes all slower
        try:
            reconnect(surface, 20, len(seen))
            settle(surface)
            at_first = tracemalloc.get_traced_memory()[0]
            reconnect(surface, TRACED, len(seen))
            settle(surface)
            grown = tracemalloc.get_traced_memory()[0] - at_first
        finally:
            tracemalloc.stop()
        after = resources(surface)
        assert after == before, f"{RECONNECTS} reconnects have changed {before} to {after}"
        assert before["connections"] == MEMBERS
        assert grown < TRACED * LEFT, f"{TRACED} reconnects have left {grown} bytes"
        for keys in seen:
            keys.clear()
        for key in range(KEYS):
            surface.result(surface.submit(surface.ops.put(key, -key)))
        for keys in seen:
            surface.until(lambda: len(keys) == KEYS)  # noqa: B023  # called at once
            assert sorted(keys) == list(range(KEYS))
    finally:
        surface.close()


if __name__ == "__main__":
    run(sys.argv[1])
    print("passed")
