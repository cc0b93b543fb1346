"""Cancels at random with traffic over real sockets, on futures and on awaits."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from core_selector_thread import PATIENCE
from core_surfaces import Asyncio, Surface, Threaded, make

KEYS = 50
AT_ONCE = 40
VALUES_PER_KEY = 20_000_000


class Cancels:
    """Reads and writes of which half are cancelled, at once or a little later.

    Args:
        driver: The driver under the client.
        seed: Of the choices.
    """

    def __init__(self, driver: str, seed: int) -> None:
        self.choose = Random(seed)
        self.surface: Surface = make(driver, 2)
        self.cancelled = 0
        self.replies = 0
        self.writes = 0

    def run(self, count: int) -> None:
        """Cancel so many; check all replies, and that nothing is left.

        Raises:
            AssertionError: a reply belongs to another key, or entries are left.
        """
        surface = self.surface
        try:
            if isinstance(surface, Asyncio):
                surface.runner.run(asyncio.wait_for(self._awaits(surface, count), 20 * PATIENCE))
            else:
                assert isinstance(surface, Threaded)
                self._futures(surface, count)
            pending: Callable[[], int] = lambda: surface.client._engine.invocations.pending_count  # noqa: E731
            surface.until(lambda: pending() == 0)
            waiting = [len(c.pending) for c in surface.client._engine.routing.open_connections()]
            assert not any(waiting), f"replies that connections wait for: {waiting}"
        finally:
            surface.close()

    def _op(self) -> tuple[int, Any]:
        key = self.choose.randrange(KEYS)
        if self.choose.random() < 0.5:
            self.writes += 1
            return key, self.surface.ops.put(key, key * VALUES_PER_KEY + self.writes)
        return key, self.surface.ops.get(key)

    def _check(self, key: int, value: Any) -> None:
        self.replies += 1
        assert value is None or value // VALUES_PER_KEY == key, f"key {key} has got the reply {value}"

    def _forget_requests(self, surface: Surface) -> None:
        def forget() -> None:
            for member in surface.cluster.members:
                member.requests.clear()

        surface.do(forget)

    def _futures(self, surface: Threaded, count: int) -> None:
        while self.cancelled < count:
            begun = [
                (key, surface.client.futures.call(op)) for key, op in (self._op() for _ in range(AT_ONCE))
            ]
            self.choose.shuffle(begun)
            for number, (key, future) in enumerate(begun):
                if number % 2 and future.cancel():
                    self.cancelled += 1
                else:
                    # Also when the cancel comes too late: then there is a reply.
                    self._check(key, future.result(PATIENCE))
            self._forget_requests(surface)

    async def _awaits(self, surface: Asyncio, count: int) -> None:
        async def wait(key: int, op: Any) -> None:
            self._check(key, await surface.client.operations.call(op))

        while self.cancelled < count:
            tasks = [asyncio.ensure_future(wait(*self._op())) for _ in range(AT_ONCE)]
            for task in self.choose.sample(tasks, AT_ONCE // 2):
                if self.choose.random() < 0.5:
                    await asyncio.sleep(0)
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, asyncio.CancelledError):
                    self.cancelled += 1
                elif outcome is not None:
                    raise outcome
            self._forget_requests(surface)
