"""The short form of ``hatch run chaos``."""

import pytest

from chaos import LIMIT, Chaos


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_when_members_die() -> None:
    chaos = Chaos(kills=5, seed=1, tell=print)
    # What must hold is checked in the end of this.
    chaos.run()
    print(chaos.report())
    assert chaos.faults["kill"] == 5
    assert sum(chaos.faults.values()) == 10
    assert max(max(seconds) for seconds in chaos.recovery.values()) < LIMIT
    # Loose, because the machine may be busy with other tests; docs/resilience.md tells what was measured.
    assert chaos.load.latest < 10
    for what in ("get", "put", "replace_if_same", "remove", "offer", "poll", "transfer", "move", "publish"):
        assert chaos.load.counts[what] > 10, what
    assert min(chaos.heard) > 100
