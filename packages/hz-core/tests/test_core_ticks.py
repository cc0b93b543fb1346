"""The regular checks of a client go on, whatever is raised in one of them, and whatever runs while it looks."""

from collections.abc import Iterator
from typing import Any

import pytest

from core_simulation import Simulation


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(2) as started:
        started.cluster.backups, started.cluster.acks_lost = 1, True
        yield started


def test_checks_go_on_after_one_that_has_failed(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("of a finalizer")

    outcome = simulation.submit(simulation.ops.put(1, "x"))
    with monkeypatch.context() as patch:
        patch.setattr(simulation.client._engine.invocations.backups, "expire", fail)
        for _ in range(5):
            with pytest.raises(RuntimeError, match="of a finalizer"):
                simulation.driver.advance(60)
    assert outcome.times == 0

    def pings() -> int:
        return sum(member.count("Client.ping") for member in simulation.cluster.members)

    before = pings()
    simulation.driver.advance(20)
    assert outcome.times == 1
    assert pings() > before


def test_what_is_added_while_overdue_acks_are_looked_for_harms_nobody(simulation: Simulation) -> None:
    class Changed(dict[int, Any]):
        """Changes while its items are taken, as when the garbage collector runs a finalizer that calls the client."""

        def items(self) -> Any:
            for entry in super().items():
                yield entry
                self[-len(self)] = None

    outcomes = [simulation.submit(simulation.ops.put(key, "x")) for key in range(3)]
    simulation.driver.advance(0.1)
    backups = simulation.client._engine.invocations.backups
    assert len(backups) == 3
    backups._waiting = Changed(backups._waiting)
    simulation.driver.advance(20)
    assert [outcome.times for outcome in outcomes] == [1, 1, 1]
