"""CountDownLatch, a number to wait for in a CP group (``hz:raft:countDownLatchService``)."""

from hz_cp.count_down_latch.blocking import BlockingCountDownLatch
from hz_cp.count_down_latch.futures import CountDownLatch
from hz_cp.count_down_latch.kind import COUNT_DOWN_LATCH

__all__ = ["COUNT_DOWN_LATCH", "BlockingCountDownLatch", "CountDownLatch"]
