"""Cached coroutine functions for asyncio."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import MethodType
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

import hazelcast.asyncio
from hazelcast.errors import HazelcastError, IllegalMonitorStateError
from hz_frameworks.caching.policy import Counts, Found, Policy, lock_of
from hz_frameworks.caching.threads import MOST_REFRESHES
from hz_frameworks.forks import on_fork
from hz_frameworks.log import logger

P = ParamSpec("P")
R = TypeVar("R")


class AsyncCachedFunction(Generic[P, R]):
    """A coroutine function whose results are kept in a map of the cluster.

    Args:
        function: The function.
        client: Returns the client of the running event loop.
        map_name: Name of the map.
        key: Makes the key of a call.
        policy: How long results are kept.
        timeout: Seconds after which the cluster is given up, and the function called.

    Attributes:
        counts: How often something has happened in this process.
    """

    def __init__(
        self,
        function: Callable[P, Coroutine[Any, Any, R]],
        client: Callable[[], hazelcast.asyncio.HazelcastClient],
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
        """Begin without any calls in progress: the tasks of the parent do not run in a forked child."""
        self._calls: dict[str, asyncio.Task[R]] = {}
        self._refreshing: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the kept result of such a call, or call the function."""
        key = self._key(*args, **kwargs)
        ended = self._ended
        found = await self._look(key)
        if found is None:
            return await self._once(key, ended, args, kwargs)
        if found.fresh:
            self.counts.hits += 1
        else:
            self.counts.stale += 1
            self._refresh_later(key, args, kwargs)
        return cast(R, found.value)

    @overload
    def __get__(self, instance: None, owner: type) -> "AsyncCachedFunction[P, R]": ...
    @overload
    def __get__(
        self, instance: object, owner: type | None = None
    ) -> Callable[..., Coroutine[Any, Any, R]]: ...
    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """Return the function bound to an object, as a method; ``key`` then gets the object, too."""
        return self if instance is None else MethodType(self, instance)

    async def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, keep its result, and return it."""
        key = self._key(*args, **kwargs)
        value = await self._function(*args, **kwargs)
        await self._keep(key, value)
        return value

    async def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Forget the result of such a call, for all processes."""
        await (await self._map()).delete(self._key(*args, **kwargs))

    async def join(self) -> None:
        """Wait for what is refreshed in the background. Call it before the client is closed."""
        await asyncio.gather(*self._refreshing.values())

    async def _map(self, seconds: float = 0) -> Any:
        return (await self._client().get_map(self._map_name)).with_timeout(self._timeout + seconds)

    async def _look(self, key: str) -> Found | None:
        try:
            return self._policy.found(await (await self._map()).get(key))
        except HazelcastError as error:
            self._failed("looked at", key, error)
            return None

    async def _once(self, key: str, ended: int, args: Any, kwargs: Any) -> R:
        """Call the function, or wait for the task or process that does.

        The call is a task of its own: it goes on, for those that wait for it, if one of its callers is cancelled.

        Args:
            key: The key of the call.
            ended: How many calls were over when no result was found: one of another task may have made it since.
            args: The arguments of the call.
            kwargs: Those with names.
        """
        call = self._calls.get(key)
        if call is None:
            late = self._ended != ended
            call = self._calls[key] = asyncio.create_task(self._across(key, late, args, kwargs))
            call.add_done_callback(lambda done: self._end(key, done))
        return await asyncio.shield(call)

    def _end(self, key: str, call: "asyncio.Task[R]") -> None:
        del self._calls[key]
        self._ended += 1
        if not call.cancelled():
            call.exception()  # those that wait for it get it; if all of them were cancelled, nobody wants it

    async def _across(self, key: str, late: bool, args: Any, kwargs: Any) -> R:
        locked = self._policy.across and await self._locked(key, self._policy.lease)
        try:
            # Somebody else may have made it meanwhile.
            found = await self._look(key) if late or locked else None
            if found is not None and found.fresh:
                self.counts.hits += 1
                return cast(R, found.value)
            self.counts.misses += 1
            value = await self._function(*args, **kwargs)
            await self._keep(key, value)
            return value
        finally:
            if locked:
                await self._unlock(key)

    def _refresh_later(self, key: str, args: Any, kwargs: Any) -> None:
        if key not in self._refreshing and len(self._refreshing) < MOST_REFRESHES:
            self._refreshing[key] = asyncio.create_task(self._refresh(key, args, kwargs))

    async def _refresh(self, key: str, args: Any, kwargs: Any) -> None:
        locked = False
        try:
            if self._policy.across:
                locked = await self._locked(key, 0)
                if not locked:
                    return  # another process is at it
            found = await self._look(key)
            if found is not None and found.fresh:
                return  # somebody else has refreshed it meanwhile
            self.counts.refreshes += 1
            await self._keep(key, await self._function(*args, **kwargs))
        except Exception:
            logger.exception("%s: the result is not refreshed, and stays stale", key)
        finally:
            if locked:
                await self._unlock(key)
            del self._refreshing[key]

    async def _locked(self, key: str, wait: float) -> bool:
        """Lock a key for as long as a call may take; return whether that was possible within ``wait`` seconds."""
        try:
            target = await self._map(wait)
            return bool(await target.try_lock(lock_of(key), lease_time=self._policy.lease, timeout=wait))
        except HazelcastError as error:
            self._failed("locked", key, error)
            return False

    async def _unlock(self, key: str) -> None:
        try:
            with suppress(IllegalMonitorStateError):  # the call took longer than the lease
                await (await self._map()).unlock(lock_of(key))
        except HazelcastError as error:
            self._failed("unlocked", key, error)

    async def _keep(self, key: str, value: R) -> None:
        stored, seconds = self._policy.stored(value)
        try:
            await (await self._map()).set(key, stored, ttl=seconds)
        except HazelcastError as error:
            self._failed("kept", key, error)

    def _failed(self, what: str, key: str, error: HazelcastError) -> None:
        self.counts.errors += 1
        logger.warning("%s was not %s in map %s: %s", key, what, self._map_name, error)
