"""The short form of ``hatch run stress``."""

from stress import Stress


def test_nothing_hangs_and_no_value_is_wrong_whatever_interrupts_the_client() -> None:
    stress = Stress(seconds=12, waiting=20_000, seed=1)
    stress.run()
    assert min(stress.progress) > 0
    for what in ("interrupted", "signals", "exceptions", "forks", "finalizers", "outages"):
        assert stress.done[what] > 0, what
