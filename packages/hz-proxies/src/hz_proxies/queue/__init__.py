"""Distributed queue (``hz:impl:queueService``)."""

from hz_proxies.queue.blocking import BlockingQueue
from hz_proxies.queue.futures import Queue
from hz_proxies.queue.kind import QUEUE
from hz_serialization.public_names import publish

__all__ = ["QUEUE", "BlockingQueue", "Queue"]

publish(__name__, (globals()[name] for name in __all__))
