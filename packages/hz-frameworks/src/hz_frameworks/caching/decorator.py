"""The decorator."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, Protocol, TypeVar, overload

import hazelcast
import hazelcast.asyncio
from hz_frameworks.caching.keys import key_maker
from hz_frameworks.caching.policy import LEASE, Policy
from hz_frameworks.caching.tasks import AsyncCachedFunction
from hz_frameworks.caching.threads import CachedFunction

P = ParamSpec("P")
R = TypeVar("R")

Client = hazelcast.HazelcastClient
AsyncClient = hazelcast.asyncio.HazelcastClient


class Decorator(Protocol):
    """Makes a function cached."""

    def __call__(self, function: Callable[P, R], /) -> CachedFunction[P, R]:
        """Return the cached function."""
        ...


class AsyncDecorator(Protocol):
    """Makes a coroutine function cached."""

    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> AsyncCachedFunction[P, R]:
        """Return the cached function."""
        ...


@overload
def cached(
    client: Client | Callable[[], Client],
    map_name: str = "cached",
    *,
    ttl: float,
    jitter: float = 0.1,
    stale: float = 0.0,
    key: Callable[..., str] | None = None,
    across_processes: bool = True,
    lease: float = LEASE,
    timeout: float = 2.0,
) -> Decorator: ...
@overload
def cached(
    client: AsyncClient | Callable[[], AsyncClient],
    map_name: str = "cached",
    *,
    ttl: float,
    jitter: float = 0.1,
    stale: float = 0.0,
    key: Callable[..., str] | None = None,
    across_processes: bool = True,
    lease: float = LEASE,
    timeout: float = 2.0,
) -> AsyncDecorator: ...
def cached(
    client: Any,
    map_name: str = "cached",
    *,
    ttl: float,
    jitter: float = 0.1,
    stale: float = 0.0,
    key: Callable[..., str] | None = None,
    across_processes: bool = True,
    lease: float = LEASE,
    timeout: float = 2.0,
) -> Any:
    """Return a decorator for functions, or coroutine functions, whose results are kept in the cluster.

    A result is made once, by one thread or task of one process; whoever else asks for it meanwhile waits for that.
    Errors are not kept. If the cluster fails, the function is called as if it were not cached, and a warning is logged.

    Args:
        client: The client, or a function that returns it: one for threads if the function is a plain one, and one for
            asyncio if it is a coroutine function.
        map_name: Name of the map.
        ttl: Seconds that a result is fresh.
        jitter: Part of ``ttl``, from 0 to 1, by which it is shortened at random, so that results that were stored
            together do not end together.
        stale: Seconds after that in which the old result is returned at once, while a new one is made in the
            background.
        key: Makes a text from the arguments; None for one of the function's name and all arguments, which must be
            numbers, texts, times, enums, or collections of these.
        across_processes: Whether other processes wait for a result that one is making.
        lease: Seconds after which another process makes a result, too.
        timeout: Seconds after which an operation of the cluster fails, and the function is called.

    Raises:
        ValueError: A number is out of range.
    """
    policy = Policy(ttl, jitter, stale, lease, across_processes)

    def decorate(function: Any) -> Any:
        get_client = client if callable(client) else lambda: client
        make_key = key_maker(function) if key is None else key
        made = AsyncCachedFunction if inspect.iscoroutinefunction(function) else CachedFunction
        return made(function, get_client, map_name, make_key, policy, timeout)

    return decorate
