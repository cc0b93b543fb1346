"""A map of Python objects, as caches of frameworks need it: any value, a time to live, atomic counters."""

import pickle
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import hazelcast
from hazelcast.errors import IllegalMonitorStateError

FOREVER: Final = 0.0
"""The time to live of entries that do not expire."""

_LEASE: Final = 10.0
"""Seconds after which the lock of a counter is released, if its owner has died."""


class PickledMap:
    """A map whose values are whole numbers, or any other objects, pickled.

    Whoever can write into the map can run code in the program that reads it: protect the cluster as you protect the
    program.

    Args:
        client: Returns a connected client.
        name: Name of the map.
        timeout: Seconds after which an operation fails; None for the client's own limit.
    """

    def __init__(
        self, client: Callable[[], hazelcast.HazelcastClient], name: str, timeout: float | None = None
    ) -> None:
        self._client = client
        self.name = name
        self._timeout = timeout

    @property
    def _futures(self) -> Any:
        found = self._client().get_map(self.name)
        return found if self._timeout is None else found.with_timeout(self._timeout)

    @property
    def _map(self) -> Any:
        return self._futures.blocking()

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of ``key``; ``default`` if there is none."""
        found = self._map.get(key)
        return default if found is None else loaded(found)

    def get_many(self, keys: Iterable[str]) -> dict[str, Any]:
        """Return the values of those keys that have one."""
        return {key: loaded(value) for key, value in self._map.get_all(list(keys)).items()}

    def set(self, key: str, value: Any, ttl: float = FOREVER) -> None:
        """Set a value that lives ``ttl`` seconds."""
        self._map.set(key, dumped(value), ttl=ttl)

    def set_many(self, values: Mapping[str, Any], ttl: float = FOREVER) -> None:
        """Set several values that live ``ttl`` seconds."""
        target = self._futures
        for future in [target.set(key, dumped(value), ttl=ttl) for key, value in values.items()]:
            future.result()

    def add(self, key: str, value: Any, ttl: float = FOREVER) -> bool:
        """Set a value unless there is one; return whether it was set."""
        return self._map.put_if_absent(key, dumped(value), ttl=ttl) is None

    def replace(self, key: str, value: Any, ttl: float = FOREVER) -> bool:
        """Set a value if there is one; return whether it was set."""
        target = self._map
        if target.replace(key, dumped(value)) is None:
            return False
        target.set_ttl(key, ttl)
        return True

    def touch(self, key: str, ttl: float) -> bool:
        """Let a value live ``ttl`` seconds from now on; return whether there is one."""
        target = self._map
        target.set_ttl(key, ttl)
        return bool(target.contains_key(key))

    def delete(self, key: str) -> bool:
        """Remove a value; return whether there was one."""
        return self._map.remove(key) is not None

    def delete_many(self, keys: Iterable[str]) -> list[str]:
        """Remove values; return the keys that had one."""
        target = self._futures
        removed = [(key, target.remove(key)) for key in keys]
        return [key for key, future in removed if future.result() is not None]

    def contains(self, key: str) -> bool:
        """Return whether there is a value."""
        return bool(self._map.contains_key(key))

    def clear(self) -> None:
        """Remove all values."""
        self._map.clear()

    def add_to(self, key: str, delta: int, start: int | None = None) -> int | None:
        """Add to a number, atomically, and return the new one; its time to live goes on.

        Args:
            key: The key.
            delta: What is added.
            start: The number to begin with if there is none; None to add nothing then.

        Returns:
            The new number; None if there is none.

        Raises:
            TypeError: The value is no number.
        """
        target = self._map
        target.lock(key, lease_time=_LEASE)
        try:
            view = target.get_entry_view(key)
            if view is None:
                if start is not None:
                    target.set(key, dumped(start + delta))
                return None if start is None else start + delta
            number: int = loaded(view.value) + delta
            target.set(key, dumped(number), ttl=_left(view.expiration_time))
            return number
        finally:
            with suppress(IllegalMonitorStateError):
                target.unlock(key)


def _left(expiration_millis: int) -> float:
    """Return how many seconds are left until a time since the epoch; members send the greatest long for never."""
    if expiration_millis >= 2**63 - 1:
        return FOREVER
    return max(expiration_millis / 1000 - time.time(), 1.0)


def dumped(value: Any) -> Any:
    """Return what is stored for a value."""
    if type(value) is int and -(2**31) <= value < 2**31:
        return value
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def loaded(stored: Any) -> Any:
    """Return the value of what is stored."""
    return stored if isinstance(stored, int) else pickle.loads(bytes(stored))
