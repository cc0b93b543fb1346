"""Reliable topic: messages in a ringbuffer (``hz:impl:reliableTopicService``)."""

from hz_proxies.reliable_topic.blocking import BlockingReliableTopic
from hz_proxies.reliable_topic.futures import ReliableTopic
from hz_proxies.reliable_topic.kind import RELIABLE_TOPIC
from hz_proxies.reliable_topic.listener import ReliableMessageListener
from hz_serialization.public_names import publish

__all__ = ["RELIABLE_TOPIC", "BlockingReliableTopic", "ReliableMessageListener", "ReliableTopic"]

publish(__name__, (globals()[name] for name in __all__))
