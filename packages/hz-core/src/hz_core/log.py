"""Loggers of the client: all below `hazelcast`, so that one setting reaches them all."""

from logging import Logger, getLogger


def get_logger(topic: str) -> Logger:
    """Return the logger `hazelcast.<topic>`."""
    return getLogger(f"hazelcast.{topic}")
