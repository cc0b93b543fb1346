"""A CP member is killed under load: the lock stays exclusive, and numbers and values linearizable."""

from pathlib import Path

import cp_chaos
from cp_contenders import Guarded


def test_a_cp_member_is_killed_under_load() -> None:
    outcome = cp_chaos.run(900)
    assert (outcome.wrong, outcome.acquisitions >= 900) == (0, True)
    assert outcome.operations > 200
    assert (outcome.lost > 0, outcome.removed) == (True, 1)


def test_what_is_guarded_notices_intruders(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path / "guarded", new=True)
    guarded.enter(1, 1)
    guarded.leave(1)
    guarded.enter(2, 2)
    guarded.leave(2)
    assert (guarded.count, guarded.wrong) == (2, 0)
    guarded.enter(1, 3)
    guarded.enter(2, 4)  # 1 is in
    guarded.leave(1)  # 2 has come in
    assert guarded.wrong == 2
    guarded.enter(1, 4)  # 4 was there before
    assert guarded.wrong == 3
    guarded.close()
