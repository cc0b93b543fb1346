"""Cached functions for threads."""

import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from types import MethodType
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast, overload

import hazelcast
from hazelcast.errors import HazelcastError, IllegalMonitorStateError
from hz_frameworks.caching.policy import Counts, Found, Policy, lock_of
from hz_frameworks.forks import on_fork
from hz_frameworks.log import logger

P = ParamSpec("P")
R = TypeVar("R")

MOST_REFRESHES: Final = 4
"""Number of results of a function that are refreshed in the background at once; the others stay stale for longer."""


class CachedFunction(Generic[P, R]):
    """A function whose results are kept in a map of the cluster.

    Args:
        function: The function.
        client: Returns the client.
        map_name: Name of the map.
        key: Makes the key of a call.
        policy: How long results are kept.
        timeout: Seconds after which the cluster is given up, and the function called.

    Attributes:
        counts: How often something has happened in this process.
    """

    def __init__(
        self,
        function: Callable[P, R],
        client: Callable[[], hazelcast.HazelcastClient],
        map_name: str,
        key: Callable[..., str],
        policy: Policy,
        timeout: float,
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._client = client
        self._map_name = map_name
        self._key = key
        self._policy = policy
        self._timeout = timeout
        self._ended = 0  # how many calls are over
        self.counts: Counts = Counts()
        self.forked()
        on_fork(self)

    def forked(self) -> None:
        """Begin without any calls in progress: those of the parent are not made in a forked child."""
        self._lock = threading.Lock()
        self._calls: dict[str, Future[R]] = {}
        self._refreshing: dict[str, threading.Thread] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the kept result of such a call, or call the function."""
        key = self._key(*args, **kwargs)
        ended = self._ended
        found = self._look(key)
        if found is None:
            return self._once(key, ended, args, kwargs)
        if found.fresh:
            self.counts.hits += 1
        else:
            self.counts.stale += 1
            self._refresh_later(key, args, kwargs)
        return cast(R, found.value)

    @overload
    def __get__(self, instance: None, owner: type) -> "CachedFunction[P, R]": ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Callable[..., R]: ...
    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Return the function bound to an object, as a method; ``key`` then gets the object, too."""
        return self if instance is None else MethodType(self, instance)

    def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, keep its result, and return it."""
        key = self._key(*args, **kwargs)
        value = self._function(*args, **kwargs)
        self._keep(key, value)
        return value

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forget the result of such a call, for all processes."""
        self._map.delete(self._key(*args, **kwargs))

    def join(self, timeout: float | None = None) -> None:
        """Wait for what is refreshed in the background, ``timeout`` seconds at most."""
        for thread in list(self._refreshing.values()):
            thread.join(timeout)

    @property
    def _map(self) -> Any:
        return self._client().get_map(self._map_name).with_timeout(self._timeout).blocking()

    def _look(self, key: str) -> Found | None:
        try:
            return self._policy.found(self._map.get(key))
        except HazelcastError as error:
            self._failed("looked at", key, error)
            return None

    def _once(self, key: str, ended: int, args: Any, kwargs: Any) -> R:
        """Call the function, or wait for the thread or process that does.

        Args:
            key: The key of the call.
            ended: How many calls were over when no result was found: one of another thread may have made it since.
            args: The arguments of the call.
            kwargs: Those with names.
        """
        with self._lock:
            call = self._calls.get(key)
            mine = call is None
            if call is None:
                call = self._calls[key] = Future()
            late = self._ended != ended
        if not mine:
            return call.result()
        try:
            value = self._across(key, late, args, kwargs)
        except BaseException as error:
            self._end(key)
            call.set_exception(error)
            raise
        self._end(key)
        call.set_result(value)
        return value

    def _end(self, key: str) -> None:
        with self._lock:
            del self._calls[key]
            self._ended += 1

    def _across(self, key: str, late: bool, args: Any, kwargs: Any) -> R:
        locked = self._policy.across and self._locked(key, self._policy.lease)
        try:
            # Somebody else may have made it meanwhile.
            found = self._look(key) if late or locked else None
            if found is not None and found.fresh:
                self.counts.hits += 1
                return cast(R, found.value)
            self.counts.misses += 1
            value = self._function(*args, **kwargs)
            self._keep(key, value)
            return value
        finally:
            if locked:
                self._unlock(key)

    def _refresh_later(self, key: str, args: Any, kwargs: Any) -> None:
        with self._lock:
            if key in self._refreshing or len(self._refreshing) >= MOST_REFRESHES:
                return
            thread = threading.Thread(
                target=self._refresh, args=(key, args, kwargs), name=f"refresh {self._map_name}", daemon=True
            )
            self._refreshing[key] = thread
        thread.start()

    def _refresh(self, key: str, args: Any, kwargs: Any) -> None:
        locked = False
        try:
            if self._policy.across:
                locked = self._locked(key, 0)
                if not locked:
                    return  # another process is at it
            found = self._look(key)
            if found is not None and found.fresh:
                return  # somebody else has refreshed it meanwhile
            self.counts.refreshes += 1
            self._keep(key, self._function(*args, **kwargs))
        except Exception:
            logger.exception("%s: the result is not refreshed, and stays stale", key)
        finally:
            if locked:
                self._unlock(key)
            with self._lock:
                del self._refreshing[key]

    def _locked(self, key: str, wait: float) -> bool:
        """Lock a key for as long as a call may take; return whether that was possible within ``wait`` seconds."""
        try:
            target = self._client().get_map(self._map_name).with_timeout(self._timeout + wait).blocking()
            return bool(target.try_lock(lock_of(key), lease_time=self._policy.lease, timeout=wait))
        except HazelcastError as error:
            self._failed("locked", key, error)
            return False

    def _unlock(self, key: str) -> None:
        try:
            with suppress(IllegalMonitorStateError):  # the call took longer than the lease
                self._map.unlock(lock_of(key))
        except HazelcastError as error:
            self._failed("unlocked", key, error)

    def _keep(self, key: str, value: R) -> None:
        stored, seconds = self._policy.stored(value)
        try:
            self._map.set(key, stored, ttl=seconds)
        except HazelcastError as error:
            self._failed("kept", key, error)

    def _failed(self, what: str, key: str, error: HazelcastError) -> None:
        self.counts.errors += 1
        logger.warning("%s was not %s in map %s: %s", key, what, self._map_name, error)
