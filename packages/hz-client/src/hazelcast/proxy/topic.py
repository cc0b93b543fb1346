"""The distributed topic, which ``client.get_topic`` returns."""

from hz_proxies.topic import BlockingTopic, Topic

__all__ = ["BlockingTopic", "Topic"]
