"""One test body for the three surfaces: a `Caller` makes every operation of a map awaitable, whichever it is.

On the futures and blocking surfaces an awaited operation blocks the event loop's thread until its result is
there, as it does in a program of threads; on the asyncio surface it suspends the test's task.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Final, Self

import hazelcast
import hazelcast.asyncio
from hz_core.future import Future

SURFACES: Final = ("futures", "blocking", "asyncio")

LIMIT: Final = 30.0
"""Seconds after which an operation, or a state that is waited for, counts as missing."""

_numbers = itertools.count()


def fresh_name(prefix: str = "map") -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{next(_numbers)}"


class AnyMap:
    """A map of some surface: every attribute is an operation, to be called and awaited."""

    def __init__(self, caller: Caller, proxy: Any) -> None:
        self.proxy = proxy
        self.name: str = proxy.name
        self._caller = caller

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        return functools.partial(self._caller.call, getattr(self.proxy, name))


class Caller(ABC):
    """A client, and the way to call the proxies of one surface."""

    surface: str

    def __init__(self) -> None:
        self.client: Any = None
        self._maps: list[AnyMap] = []

    async def map(self, name: str | None = None) -> AnyMap:
        """Return the map called `name`; an empty one of its own, destroyed after the test, when it is None."""
        found = await self._get_map(fresh_name() if name is None else name)
        self._maps.append(found)
        return found

    @abstractmethod
    async def _get_map(self, name: str) -> AnyMap: ...

    @abstractmethod
    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation of a proxy and return its result."""

    @abstractmethod
    def elsewhere(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Awaitable[Any]:
        """Start `body` where another owner of locks lives: in another thread, or in another task."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for found in self._maps:
            destroyed = found.proxy.destroy()
            assert (await destroyed) if inspect.isawaitable(destroyed) else destroyed


class ThreadCaller(Caller):
    """The surfaces of programs of threads; they share the client of the session."""

    def __init__(self, client: hazelcast.HazelcastClient) -> None:
        super().__init__()
        self.client = client

    def elsewhere(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Awaitable[Any]:
        """Run `body` in another thread, in an event loop of its own."""
        return asyncio.get_running_loop().run_in_executor(None, lambda: asyncio.run(body()))


class FuturesCaller(ThreadCaller):
    """`map.put(...).result()`."""

    surface = "futures"

    async def _get_map(self, name: str) -> AnyMap:
        return AnyMap(self, self.client.get_map(name))

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation, which returns a future at once, and wait for it."""
        future = method(*args, **kwargs)
        assert isinstance(future, Future)
        return future.result(LIMIT)


class BlockingCaller(ThreadCaller):
    """`map.blocking().put(...)`."""

    surface = "blocking"

    async def _get_map(self, name: str) -> AnyMap:
        return AnyMap(self, self.client.get_map(name).blocking())

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation, which returns its result itself."""
        return method(*args, **kwargs)


class AsyncioCaller(Caller):
    """`await map.put(...)`, with a client of the test's own event loop."""

    surface = "asyncio"

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = options

    async def _get_map(self, name: str) -> AnyMap:
        return AnyMap(self, await self.client.get_map(name))

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation in the task that runs: it is what owns locks."""
        async with asyncio.timeout(LIMIT):
            return await method(*args, **kwargs)

    def elsewhere(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Awaitable[Any]:
        """Run `body` in another task."""
        return asyncio.get_running_loop().create_task(body())

    async def __aenter__(self) -> Self:
        self.client = await hazelcast.asyncio.HazelcastClient.create_and_start(**self._options)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, traceback)
        finally:
            await self.client.shutdown()


class Recorder:
    """A listener's function that keeps the events it is given."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def __call__(self, event: Any) -> None:
        self.events.append(event)

    async def wait_for(self, count: int) -> list[Any]:
        """Return the events once there are `count` of them."""
        await until(lambda: len(self.events) >= count)
        return self.events


async def until(condition: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """Wait until `condition()`, or what it returns to be awaited, is true; return that."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"the awaited state did not come within {seconds:g} s"
        await asyncio.sleep(0.005)


def until_now(condition: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """Do as `until` does, for tests without an event loop."""
    return asyncio.run(until(condition, seconds))
