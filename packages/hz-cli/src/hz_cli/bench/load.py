"""The load: many workers, each with one operation under way."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hazelcast.asyncio
from hazelcast.config import Config
from hazelcast.errors import HazelcastError
from hz_cli.bench.histogram import Histogram


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done.

    Attributes:
        map_name: The map.
        seconds: How long.
        workers: Number of operations under way.
        keys: Number of keys.
        value_bytes: Size of each value.
        reads: Part of the operations that read, from 0 to 1.
        seed: Of the random numbers.
    """

    map_name: str
    seconds: float
    workers: int
    keys: int
    value_bytes: int
    reads: float
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes:
        seconds: How long it took.
        get: Latencies of reads.
        set: Latencies of writes.
        errors: Number of failed operations, by the name of their error.
    """

    seconds: float = 0.0
    get: Histogram = field(default_factory=Histogram)
    set: Histogram = field(default_factory=Histogram)
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def operations(self) -> int:
        """Number of operations that succeeded."""
        return self.get.count + self.set.count


async def run(config: Config, plan: Plan, report: Callable[[Outcome], object], *, destroy: bool) -> Outcome:
    """Fill the map, load it, and return the latencies. ``destroy`` says whether the map is destroyed at the end."""
    async with hazelcast.asyncio.HazelcastClient(config) as client:
        target = await client.get_map(plan.map_name)
        try:
            value = bytes(plan.value_bytes)
            for begin in range(0, plan.keys, 1000):
                await target.put_all({_key(n): value for n in range(begin, min(begin + 1000, plan.keys))})
            return await _load(target, plan, value, report)
        finally:
            if destroy:
                await target.destroy()
            else:
                await _clean(target, plan.keys)


async def _load(target: Any, plan: Plan, value: bytes, report: Callable[[Outcome], object]) -> Outcome:
    outcome = Outcome()
    began = time.perf_counter()
    end = began + plan.seconds

    async def reporting() -> None:
        while True:
            await asyncio.sleep(0.2)
            outcome.seconds = time.perf_counter() - began
            report(outcome)

    telling = asyncio.create_task(reporting())
    try:
        workers = [_work(target, plan, value, outcome, end, number) for number in range(plan.workers)]
        await asyncio.gather(*workers)
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    outcome.seconds = time.perf_counter() - began
    return outcome


async def _work(target: Any, plan: Plan, value: bytes, outcome: Outcome, end: float, number: int) -> None:
    chance = random.Random(f"{plan.seed} {number}")
    now = time.perf_counter()
    while now < end:
        key = _key(chance.randrange(plan.keys))
        reads = chance.random() < plan.reads
        try:
            await (target.get(key) if reads else target.set(key, value))
        except HazelcastError as error:
            name = type(error).__name__
            outcome.errors[name] = outcome.errors.get(name, 0) + 1
            await asyncio.sleep(0.01)
            now = time.perf_counter()
            continue
        done = time.perf_counter()
        (outcome.get if reads else outcome.set).add(done - now)
        now = done


async def _clean(target: Any, keys: int) -> None:
    for begin in range(0, keys, 1000):
        batch = range(begin, min(begin + 1000, keys))
        await asyncio.gather(*(target.delete(_key(number)) for number in batch))


def _key(number: int) -> str:
    return f"hz-bench-{number}"
