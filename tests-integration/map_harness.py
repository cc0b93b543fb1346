"""One test body for the three surfaces: a `Caller` makes every operation of an object awaitable, whichever it is.

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
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from types import CellType, FunctionType, ModuleType, TracebackType
from typing import Any, Final, Self

import hazelcast.asyncio
from hz_core.aio_client import AsyncioClient
from hz_core.client import Client
from hz_core.future import Future
from hz_core.kinds import ObjectKind
from hz_proxies import MAP

SURFACES: Final = ("futures", "blocking", "asyncio")

LIMIT: Final = 30.0
"""Seconds after which an operation, or a state that is waited for, counts as missing."""

_numbers = itertools.count()


def fresh_name(prefix: str = "map") -> str:
    """Return a name that no other test uses."""
    return f"{prefix}-{next(_numbers)}"


def cases(parameter: str, *modules: ModuleType) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    """Yield name and function of those tests in modules whose only parameter has this name, to run them elsewhere."""
    for module in modules:
        for name, function in vars(module).items():
            is_test = name.startswith("test_") and inspect.isfunction(function)
            if is_test and list(inspect.signature(function).parameters) == [parameter]:
                yield f"{module.__name__}.{name}".replace("test_", ""), function


class AnyObject:
    """An object of some surface: every attribute is an operation, to be called and awaited."""

    def __init__(self, caller: Caller, proxy: Any) -> None:
        self.proxy = proxy
        self.name: str = getattr(proxy, "name", "")
        self._caller = caller

    def related(self, proxy: Any) -> AnyObject:
        """Return another object of the same surface, to be called likewise."""
        return AnyObject(self._caller, proxy)

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        return functools.partial(self._caller.call, getattr(self.proxy, name))


AnyMap = AnyObject


class Caller(ABC):
    """A client, and the way to call the proxies of one surface."""

    surface: str

    def __init__(self) -> None:
        self.client: Any = None
        self._objects: list[AnyObject] = []

    async def map(self, name: str | None = None) -> AnyMap:
        """Return the map called `name`; an empty one of its own when it is None. It is destroyed after the test."""
        return await self.object(MAP, name)

    async def object(self, kind: ObjectKind[Any, Any], name: str | None = None) -> AnyObject:
        """Return an object of any kind, as `map` does."""
        found = AnyObject(self, await self._get(kind, fresh_name() if name is None else name))
        self._objects.append(found)
        return found

    @abstractmethod
    async def _get(self, kind: ObjectKind[Any, Any], name: str) -> Any: ...

    @abstractmethod
    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation of a proxy and return its result."""

    @abstractmethod
    def elsewhere(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Awaitable[Any]:
        """Start `body` where another owner of locks lives: in another thread, or in another task."""

    def now(self) -> float:
        """Return the members' time in seconds."""
        return time.time()

    async def pause(self) -> None:
        """Let a little time pass."""
        await asyncio.sleep(0.005)

    async def until(self, condition: Callable[[], Any], seconds: float = LIMIT) -> Any:
        """Wait until `condition()`, or what it returns to be awaited, is true; return that."""
        return await _poll(condition, seconds, self.now, self.pause)

    def recorder(self) -> Recorder:
        """Return a listener's function whose events can be waited for."""
        return Recorder(self.until)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for found in self._objects:
            await self.destroy(found)

    async def destroy(self, found: AnyObject) -> None:
        """Destroy an object; there may be none any more."""
        destroyed = found.proxy.destroy()
        assert (await destroyed) if inspect.isawaitable(destroyed) else destroyed


class ThreadCaller(Caller):
    """The surfaces of programs of threads; they share the client of the session."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self.client = client

    def elsewhere(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Awaitable[Any]:
        """Run `body` in another thread, in an event loop of its own."""
        return asyncio.get_running_loop().run_in_executor(None, lambda: asyncio.run(body()))


class FuturesCaller(ThreadCaller):
    """`map.put(...).result()`."""

    surface = "futures"

    async def _get(self, kind: ObjectKind[Any, Any], name: str) -> Any:
        return self.client.get_object(kind, name)

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation, which returns a future at once, and wait for it."""
        future = method(*args, **kwargs)
        assert isinstance(future, Future)
        return future.result(LIMIT)


class BlockingCaller(ThreadCaller):
    """`map.blocking().put(...)`."""

    surface = "blocking"

    async def _get(self, kind: ObjectKind[Any, Any], name: str) -> Any:
        return self.client.get_object(kind, name).blocking()

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation, which returns its result itself."""
        return method(*args, **kwargs)


class AsyncioCaller(Caller):
    """`await map.put(...)`, with a client of the test's own event loop."""

    surface = "asyncio"

    def __init__(
        self, make: Callable[..., AsyncioClient] = hazelcast.asyncio.HazelcastClient, **options: Any
    ) -> None:
        super().__init__()
        self._make = make
        self._options = options

    async def _get(self, kind: ObjectKind[Any, Any], name: str) -> Any:
        return await self.client.get_object(kind, name)

    async def call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call an operation in the task that runs: it is what owns locks."""
        async with asyncio.timeout(LIMIT):
            return await method(*args, **kwargs)

    def elsewhere(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Awaitable[Any]:
        """Run `body` in another task."""
        return asyncio.get_running_loop().create_task(body())

    async def __aenter__(self) -> Self:
        self.client = self._make(**self._options)
        await self.client.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, traceback)
        finally:
            await self.client.shutdown()


async def _poll(
    condition: Callable[[], Any],
    seconds: float,
    now: Callable[[], float],
    pause: Callable[[], Awaitable[None]],
) -> Any:
    deadline = now() + seconds
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        if now() >= deadline:
            seen = {name: cell.cell_contents for name, cell in _cells(condition)}
            raise AssertionError(f"the awaited state did not come within {seconds:g} s; seen: {seen}")
        await pause()


def _cells(condition: Any) -> Iterable[tuple[str, CellType]]:
    """Return the variables of a test that its condition looks at."""
    if isinstance(condition, FunctionType):
        return zip(condition.__code__.co_freevars, condition.__closure__ or (), strict=True)
    return ()


async def until(condition: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """Wait until `condition()`, or what it returns to be awaited, is true; return that."""
    return await _poll(condition, seconds, time.monotonic, functools.partial(asyncio.sleep, 0.005))


class Recorder:
    """A listener's function that keeps the events it is given."""

    def __init__(self, until: Callable[[Callable[[], Any]], Awaitable[Any]] = until) -> None:
        self.events: list[Any] = []
        self._until = until

    def __call__(self, event: Any) -> None:
        self.events.append(event)

    def __repr__(self) -> str:
        return f"Recorder({self.events!r})"

    async def wait_for(self, count: int) -> list[Any]:
        """Return the events once there are `count` of them."""
        await self._until(lambda: len(self.events) >= count)
        return self.events


def until_now(condition: Callable[[], Any], seconds: float = LIMIT) -> Any:
    """Do as `until` does, for tests without an event loop."""
    return asyncio.run(until(condition, seconds))
