"""Distributed topic (``hz:impl:topicService``)."""

from hz_proxies.topic.blocking import BlockingTopic
from hz_proxies.topic.futures import Topic
from hz_proxies.topic.kind import TOPIC
from hz_serialization.public_names import publish

__all__ = ["TOPIC", "BlockingTopic", "Topic"]

publish(__name__, (globals()[name] for name in __all__))
