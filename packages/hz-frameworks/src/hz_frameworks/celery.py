"""A result backend for Celery: ``result_backend = "hz_frameworks.celery:HazelcastBackend+hazelcast://host:port"``."""

from collections.abc import Iterable
from typing import Any, Final

from celery.app.base import Celery
from celery.backends.base import KeyValueStoreBackend

import hazelcast
from hz_frameworks.clients import shared_client
from hz_frameworks.pickled import FOREVER, PickledMap

DEFAULT_MAP: Final = "celery-results"
"""Name of the map, unless the option ``map`` names another."""


class HazelcastBackend(KeyValueStoreBackend):
    """Keeps the results of tasks in a map, where they expire after ``result_expires``.

    Options of ``result_backend_transport_options``: ``map``, the name of the map; ``client``, a dict of options of the
    client.

    Args:
        app: The application.
        url: The URL of the cluster; None for the one that every client finds.
        **kwargs: What Celery passes.
    """

    supports_autoexpire = True
    supports_native_join = True
    persistent = True
    implements_incr = True

    def __init__(self, app: Celery, url: str | None = None, **kwargs: Any) -> None:
        super().__init__(app=app, url=url, **kwargs)
        options = app.conf.result_backend_transport_options or {}
        self._location = url
        self._options = dict(options.get("client") or {})
        self._name = str(options.get("map", DEFAULT_MAP))

    def _client(self) -> hazelcast.HazelcastClient:
        return shared_client(self._location, self._options)

    @property
    def _map(self) -> Any:
        return self._client().get_map(self._name).blocking()

    def get(self, key: Any) -> Any:
        """Return what is stored for a key."""
        return self._map.get(_text(key))

    def mget(self, keys: Iterable[Any]) -> list[Any]:
        """Return what is stored for each key."""
        names = [_text(key) for key in keys]
        found = self._map.get_all(names)
        return [found.get(name) for name in names]

    def set(self, key: Any, value: Any) -> None:
        """Store a result until it expires."""
        stored = bytes(value) if isinstance(value, bytes | bytearray | memoryview) else value
        self._map.set(_text(key), stored, ttl=self.expires or FOREVER)

    def delete(self, key: Any) -> None:
        """Remove a result."""
        self._map.delete(_text(key))

    def incr(self, key: Any) -> int:
        """Count a part of a chord that has ended, atomically."""
        return PickledMap(self._client, self._name).add_to(_text(key), 1, 0) or 0

    def expire(self, key: Any, value: float | None) -> None:
        """Let a result expire after so many seconds; never without a number."""
        self._map.set_ttl(_text(key), value or FOREVER)


def _text(key: Any) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)
