"""A cache backend for Django."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from hz_frameworks.clients import shared_client
from hz_frameworks.pickled import FOREVER, PickledMap

DEFAULT_MAP: Final = "django-cache"
"""Name of the map, unless ``OPTIONS`` names another."""


class HazelcastCache(BaseCache):
    """A cache backend: ``"BACKEND": "hz_frameworks.django.cache.HazelcastCache"``.

    ``LOCATION`` is a URL, ``hazelcast://…``, an address, or several; empty for what every client finds. ``OPTIONS`` may
    have ``MAP``, the name of the map, ``OPERATION_TIMEOUT`` in seconds, and ``CLIENT``, a dict of options of the
    client. All threads of a process share one client.

    Args:
        location: ``LOCATION``.
        params: The other settings of the cache.
    """

    def __init__(self, location: str | list[str], params: dict[str, Any]) -> None:
        super().__init__(params)
        options = params.get("OPTIONS") or {}
        client_options = dict(options.get("CLIENT") or {})
        self._map = PickledMap(
            lambda: shared_client(location, client_options),
            options.get("MAP", DEFAULT_MAP),
            options.get("OPERATION_TIMEOUT"),
        )

    def _ttl(self, timeout: Any) -> float | None:
        """Return the time to live for one of Django's timeouts; None for one that is over."""
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        if seconds is None:
            return FOREVER
        return float(seconds) if seconds > 0 else None

    def _key(self, key: Any, version: int | None) -> str:
        return str(self.make_and_validate_key(key, version=version))

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Set a value unless there is one; return whether it was set."""
        made, ttl = self._key(key, version), self._ttl(timeout)
        return not self._map.contains(made) if ttl is None else self._map.add(made, value, ttl)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        """Return the value of a key; ``default`` if there is none."""
        return self._map.get(self._key(key, version), default)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        """Set a value."""
        made, ttl = self._key(key, version), self._ttl(timeout)
        if ttl is None:
            self._map.delete(made)
        else:
            self._map.set(made, value, ttl)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Give a value a new timeout; return whether there is one."""
        made, ttl = self._key(key, version), self._ttl(timeout)
        return self._map.delete(made) if ttl is None else self._map.touch(made, ttl)

    def delete(self, key: Any, version: int | None = None) -> bool:
        """Remove a value; return whether there was one."""
        return self._map.delete(self._key(key, version))

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        """Return the values of those keys that have one."""
        made = {self._key(key, version): key for key in keys}
        return {made[key]: value for key, value in self._map.get_many(made).items()}

    def set_many(
        self, data: Mapping[Any, Any], timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> list[Any]:
        """Set several values; return the keys that could not be set, of which there are none."""
        made, ttl = {self._key(key, version): value for key, value in data.items()}, self._ttl(timeout)
        if ttl is None:
            self._map.delete_many(made)
        else:
            self._map.set_many(made, ttl)
        return []

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        """Remove several values."""
        self._map.delete_many([self._key(key, version) for key in keys])

    def has_key(self, key: Any, version: int | None = None) -> bool:
        """Return whether there is a value."""
        return self._map.contains(self._key(key, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number, atomically, and return the new one.

        Raises:
            ValueError: There is none.
        """
        found = self._map.add_to(self._key(key, version), delta)
        if found is None:
            raise ValueError(f"Key '{key}' not found")
        return found

    def clear(self) -> None:
        """Remove all values of the map, those of other prefixes and versions, too."""
        self._map.clear()
