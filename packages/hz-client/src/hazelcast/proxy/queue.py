"""The distributed queue, which ``client.get_queue`` returns."""

from hz_proxies.queue import BlockingQueue, Queue

__all__ = ["BlockingQueue", "Queue"]
