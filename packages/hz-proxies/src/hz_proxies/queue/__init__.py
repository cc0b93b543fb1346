"""Distributed queue (``hz:impl:queueService``)."""

from hz_proxies.queue.blocking import BlockingQueue
from hz_proxies.queue.futures import Queue
from hz_proxies.queue.kind import QUEUE

__all__ = ["QUEUE", "BlockingQueue", "Queue"]
