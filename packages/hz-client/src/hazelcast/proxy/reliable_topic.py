"""The reliable topic, which ``client.get_reliable_topic`` returns."""

from hz_proxies.reliable_topic import BlockingReliableTopic, ReliableMessageListener, ReliableTopic

__all__ = ["BlockingReliableTopic", "ReliableMessageListener", "ReliableTopic"]
