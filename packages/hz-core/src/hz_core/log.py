"""Loggers of the client: all below `hazelcast`, so that one setting reaches them all."""

from logging import INFO, WARNING, Logger, getLogger

__all__ = ["INFO", "WARNING", "get_logger"]


def get_logger(topic: str) -> Logger:
    """Return the logger `hazelcast.<topic>`."""
    return getLogger(f"hazelcast.{topic}")
