"""One client for each configuration, shared by all threads of the process."""

import atexit
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import hazelcast
from hazelcast.config import Config

_lock = threading.Lock()
_clients: Final[dict[str, hazelcast.HazelcastClient]] = {}


def shared_client(
    location: str | Sequence[str] | None, options: Mapping[str, Any]
) -> hazelcast.HazelcastClient:
    """Return the process's client for these options; it connects on first use, and closes when the process ends.

    Args:
        location: A URL, ``hazelcast://…``; an address, or several, also in one text with commas or semicolons; None or
            empty for those of the configuration that every client finds.
        options: Options of the client by name, which override the others.

    Raises:
        InvalidConfigurationError: An option does not exist.
        IllegalStateError: No member could be connected.
    """
    key = repr((location, sorted(options.items())))
    with _lock:
        client = _clients.get(key)
        if client is None or not client.lifecycle_service.is_running():
            client = _clients[key] = hazelcast.HazelcastClient(_config(location), **options)
    return client


def _config(location: str | Sequence[str] | None) -> Config:
    if isinstance(location, str) and location.startswith("hazelcast://"):
        return Config.load(url=location)
    config = Config.load()
    members = location.replace(";", ",").split(",") if isinstance(location, str) else list(location or ())
    if any(member.strip() for member in members):
        config.cluster_members = [member.strip() for member in members if member.strip()]
    return config


def close_clients() -> None:
    """Close all shared clients; those that are used again connect again."""
    with _lock:
        clients = list(_clients.values())
        _clients.clear()
    for client in clients:
        client.shutdown()


def _forked() -> None:
    global _lock  # a thread that does not exist here may hold it
    _lock = threading.Lock()


atexit.register(close_clients)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
