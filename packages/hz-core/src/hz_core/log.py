"""Loggers of the client: all are below ``hazelcast``, so one setting configures all of them."""

from logging import DEBUG, INFO, WARNING, Logger, getLogger

__all__ = ["DEBUG", "INFO", "WARNING", "get_logger"]


def get_logger(topic: str) -> Logger:
    """Return the logger `hazelcast.<topic>`."""
    return getLogger(f"hazelcast.{topic}")
