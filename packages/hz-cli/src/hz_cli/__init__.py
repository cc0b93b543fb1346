"""The command ``hz``: SQL shell, maps in and out, live view, load test and doctor of a Hazelcast cluster."""

from hz_cli.__about__ import __version__

__all__ = ["__version__"]
