"""Hundreds of reconnects leave nothing: no thread, descriptor, entry, connection or memory, and each listener once."""

import gc
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core_selector_thread import PATIENCE
from core_simulation import Simulation
from hz_core import engine_options
from hz_core.connection import Connection
from hz_core.testing import Refuse


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait less before connections that are lost repeatedly are made again; keep no records of warnings."""
    monkeypatch.setattr(engine_options, "_SHORTEST_PAUSE", 0.001)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("driver", ["threaded", "asyncio", "threaded-tls", "asyncio-tls"])
def test_reconnects_leave_nothing(driver: str) -> None:
    program = Path(__file__).with_name("core_reconnects.py")
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(program), driver],
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    assert ran.stderr == ""
    assert ran.stdout == "passed\n"


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
