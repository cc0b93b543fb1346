"""Thousands of cancels over real sockets: no wrong reply, and nothing is left."""

import pytest

from core_cancels import Cancels

CANCELS = 5000


@pytest.mark.parametrize("driver", ["threaded", "asyncio"])
def test_cancels_mix_up_no_replies_and_leave_nothing(driver: str) -> None:
    cancels = Cancels(driver, seed=1)
    cancels.run(CANCELS)
    assert cancels.cancelled >= CANCELS
    assert cancels.replies >= CANCELS // 2
