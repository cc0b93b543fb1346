"""Hundreds of reconnects leave nothing: no thread, descriptor, entry, connection or memory, and each listener once."""

import gc
import logging
import os
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from core_simulation import Simulation
from core_surfaces import Surface, make
from hz_core import engine_options
from hz_core.connection import Connection
from hz_core.testing import Refuse

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


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait less before connections that are lost repeatedly are made again; keep no records of warnings."""
    monkeypatch.setattr(engine_options, "_SHORTEST_PAUSE", 0.001)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


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


@pytest.mark.parametrize("driver", ["threaded", "asyncio", "threaded-tls", "asyncio-tls"])
def test_reconnects_leave_nothing(driver: str) -> None:
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
        for kind in "threads", "descriptors":
            # When they were counted first, the relay of TLS may not have ended with all that was lost just before.
            assert after.pop(kind) <= before.pop(kind)
        assert after == before
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


def test_a_connection_that_is_lost_is_forgotten_at_once() -> None:
    """The time limit of the attempt that has made it does not keep it."""
    simulation = Simulation(2, connection_timeout=1000).start()
    for _ in range(5):
        simulation.cluster.cut_all()
        simulation.driver.advance(10)
    engine = simulation.engine
    assert engine.connections_lost == 10
    # The network of the test remembers all links, and the members the requests.
    for member in simulation.cluster.members:
        member.requests.clear()
    simulation.driver.links[:] = [link for link in simulation.driver.links if link.open]
    gc.collect()
    found = [o for o in gc.get_objects() if type(o) is Connection and o._owner is engine]
    assert {id(one) for one in found} == {id(one) for one in engine.connections.all()}
    simulation.stop()


def test_losses_while_a_member_is_missing_add_no_timers() -> None:
    simulation = Simulation(3).start()
    gone = simulation.cluster.members[2]
    simulation.cluster.down[gone.address] = Refuse()
    gone.cut_all()
    simulation.driver.advance(60)
    calls = []
    for _ in range(2):
        for _ in range(50):
            simulation.cluster.members[1].cut_all()
            simulation.driver.advance(6)
        simulation.driver.advance(60)
        calls.append(simulation.driver.waiting_calls)
    assert simulation.engine.connections_lost > 20
    assert calls[0] == calls[1]
    assert calls[0] < 10
    simulation.stop()
