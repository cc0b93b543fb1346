"""A backend for Flask-Caching: ``CACHE_TYPE = "hz_frameworks.flask_caching.HazelcastCache"``."""

from datetime import timedelta
from typing import Any, Final, TypeAlias

from flask import Flask
from flask_caching.backends.base import BaseCache

from hz_frameworks.clients import shared_client
from hz_frameworks.pickled import FOREVER, PickledMap

Timeout: TypeAlias = "float | timedelta | None"
"""Seconds; None for the default, 0 for no end."""

DEFAULT_MAP: Final = "flask-cache"
"""Name of the map, unless ``CACHE_HAZELCAST_MAP`` names another."""


class HazelcastCache(BaseCache):
    """A backend of Flask-Caching.

    The configuration has ``CACHE_HAZELCAST_URL``, a URL or addresses; ``CACHE_HAZELCAST_MAP``, the name of the map;
    ``CACHE_HAZELCAST_TIMEOUT``, seconds for an operation; ``CACHE_KEY_PREFIX``; ``CACHE_DEFAULT_TIMEOUT``, 0 for no
    end; and ``CACHE_OPTIONS``, options of the client.

    Args:
        entries: The map.
        default_timeout: Seconds that entries live, unless a call says it; 0 for no end.
        key_prefix: Before each key.
    """

    def __init__(self, entries: PickledMap, default_timeout: int = 300, key_prefix: str = "") -> None:
        super().__init__(default_timeout)
        self._map = entries
        self._prefix = key_prefix

    @classmethod
    def factory(
        cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
    ) -> "HazelcastCache":
        """Make the backend, as Flask-Caching does."""
        options = dict(config.get("CACHE_OPTIONS") or {})
        location = config.get("CACHE_HAZELCAST_URL")
        entries = PickledMap(
            lambda: shared_client(location, options),
            config.get("CACHE_HAZELCAST_MAP", DEFAULT_MAP),
            config.get("CACHE_HAZELCAST_TIMEOUT"),
        )
        return cls(entries, config.get("CACHE_DEFAULT_TIMEOUT", 300), config.get("CACHE_KEY_PREFIX") or "")

    def _key(self, key: str) -> str:
        return f"{self._prefix}{key}"

    def _ttl(self, timeout: Timeout) -> float:
        seconds = self.default_timeout if timeout is None else timeout
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        return float(seconds) if seconds > 0 else FOREVER

    def get(self, key: str) -> Any:
        """Return the value of a key; None if there is none."""
        return self._map.get(self._key(key))

    def get_many(self, *keys: str) -> list[Any]:
        """Return a value for each key; None for those that have none."""
        found = self._map.get_many([self._key(key) for key in keys])
        return [found.get(self._key(key)) for key in keys]

    def get_dict(self, *keys: str) -> dict[str, Any]:
        """Return a value for each key; None for those that have none."""
        return dict(zip(keys, self.get_many(*keys), strict=True))

    def set(self, key: str, value: Any, timeout: Timeout = None) -> bool:
        """Set a value that lives ``timeout`` seconds."""
        self._map.set(self._key(key), value, self._ttl(timeout))
        return True

    def set_many(self, mapping: dict[str, Any], timeout: Timeout = None) -> list[str]:
        """Set several values; return their keys."""
        self._map.set_many({self._key(key): value for key, value in mapping.items()}, self._ttl(timeout))
        return list(mapping)

    def add(self, key: str, value: Any, timeout: Timeout = None) -> bool:
        """Set a value unless there is one; return whether it was set."""
        return self._map.add(self._key(key), value, self._ttl(timeout))

    def delete(self, key: str) -> bool:
        """Remove a value; return whether there was one."""
        return self._map.delete(self._key(key))

    def delete_many(self, *keys: str) -> list[str]:
        """Remove several values; return the keys that had one."""
        removed = set(self._map.delete_many([self._key(key) for key in keys]))
        return [key for key in keys if self._key(key) in removed]

    def has(self, key: str) -> bool:
        """Return whether there is a value."""
        return self._map.contains(self._key(key))

    def clear(self) -> bool:
        """Remove all values of the map, those of other prefixes, too."""
        self._map.clear()
        return True

    def inc(self, key: str, delta: int = 1) -> int | None:
        """Add to a number, atomically, from 0 if there is none; return the new one."""
        return self._map.add_to(self._key(key), delta, 0)

    def dec(self, key: str, delta: int = 1) -> int | None:
        """Subtract from a number, atomically, from 0 if there is none; return the new one."""
        return self.inc(key, -delta)
