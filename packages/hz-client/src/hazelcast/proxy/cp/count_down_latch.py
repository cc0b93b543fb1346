"""The CountDownLatch, which ``client.cp_subsystem.get_count_down_latch`` returns."""

from hz_cp.count_down_latch import BlockingCountDownLatch, CountDownLatch

__all__ = ["BlockingCountDownLatch", "CountDownLatch"]
