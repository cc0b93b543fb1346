"""The time limit of a single call: each operation of each surface takes it."""

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import hz_cp
import hz_proxies
from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.config import ClientConfig
from hz_core.errors import OperationTimeoutError
from hz_core.operations import Operations
from hz_core.testing import Request
from hz_core.testing.simulation import Simulation
from hz_proxies import FLAKE_ID_GENERATOR, MAP, QUEUE

PREFIXES = {"blocking": "Blocking", "futures": "", "aio": "Async"}
"""What the names of the classes of a surface begin with, by the name of its modules."""


def operations() -> Iterator[tuple[type, str]]:
    """Return each class of a surface, and the name of each of its operations."""
    for package in (hz_proxies, hz_cp):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            home, _, kind = module.name.rpartition(".")
            prefix = PREFIXES.get(kind)
            if prefix is None:
                continue
            try:
                declared = importlib.import_module(f"{home}.operations")
            except ModuleNotFoundError:
                continue
            [ops] = [
                found
                for found in vars(declared).values()
                if inspect.isclass(found)
                and issubclass(found, Operations)
                and found.__module__ == declared.__name__
                and found.__name__.endswith("Operations")
            ]
            for surface in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(surface) and surface.__name__ == prefix + ops.__name__.removesuffix(
                    "Operations"
                ):
                    for name, method in inspect.getmembers(ops, inspect.isfunction):
                        returned = str(method.__annotations__.get("return", ""))
                        if not name.startswith("_") and any(
                            word in returned for word in (".Op[", "Generator[")
                        ):
                            yield surface, name


def test_each_operation_takes_a_time_limit() -> None:
    found = list(operations())
    assert len(found) > 900
    without = []
    for surface, name in found:
        parameter = inspect.signature(getattr(surface, name)).parameters.get("call_timeout")
        if parameter is None or (parameter.kind, parameter.default) != (parameter.KEYWORD_ONLY, None):
            without.append(f"{surface.__name__}.{name}")
    assert without == []


@pytest.fixture
def slow() -> Iterator[Simulation]:
    """A client of a member that does not answer these requests."""
    with Simulation(1) as simulation:
        kept: list[Request] = []
        for member in simulation.cluster.members:
            for method in ("Map.get", "Map.putAll", "FlakeIdGenerator.newIdBatch", "Queue.put"):
                member.rule(method, kept.append)
        yield simulation


def test_the_limit_counts_from_the_call(slow: Simulation) -> None:
    client = slow.client
    m, queue = client.get_object(MAP, "x"), client.get_object(QUEUE, "x")
    ids = client.get_object(FLAKE_ID_GENERATOR, "x").blocking()
    one_request: Callable[[Any], Any] = lambda surface: surface.get("k", call_timeout=2.5)  # noqa: E731
    some_steps: Callable[[Any], Any] = lambda surface: surface.put_all({1: 2, 3: 4}, call_timeout=2.5)  # noqa: E731
    for call in (one_request, some_steps):
        began = slow.driver.now()
        with pytest.raises(OperationTimeoutError):
            call(m.blocking())
        assert slow.driver.now() - began == pytest.approx(2.5, abs=0.01)
        future = call(m)
        slow.driver.advance(2.4)
        assert not future.done()
        slow.driver.advance(0.2)
        assert isinstance(future.exception(0), OperationTimeoutError)
    others: list[Callable[[], object]] = [
        lambda: ids.new_id(call_timeout=1),
        lambda: queue.blocking().put("item", call_timeout=1),
        lambda: m.with_timeout(7).blocking().get("k", call_timeout=1),
    ]
    for other in others:
        began = slow.driver.now()
        with pytest.raises(OperationTimeoutError):
            other()
        assert slow.driver.now() - began == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("seconds", ["1", -1, float("inf"), True])
def test_a_limit_that_is_none_is_refused(slow: Simulation, seconds: Any) -> None:
    m = slow.client.get_object(MAP, "m")
    for surface in (m, m.blocking()):
        with pytest.raises((TypeError, ValueError), match="seconds"):
            surface.get("k", call_timeout=seconds)


def test_asyncio_takes_it_too() -> None:
    server = SocketCluster(1)
    kept: list[Request] = []
    server.do(lambda: server.cluster.members[0].rule("Map.get", kept.append))
    config = ClientConfig.from_kwargs(cluster_members=server.addresses)

    async def main() -> None:
        async with AsyncioClient(config) as client:
            m = await client.get_object(MAP, "m")
            await m.put("k", "v", call_timeout=30)
            with pytest.raises(OperationTimeoutError):
                await m.get("k", call_timeout=0.05)

    try:
        asyncio.run(main())
    finally:
        server.stop()
