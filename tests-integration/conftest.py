"""Real members for the whole session, and one caller for each surface."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from map_harness import SURFACES, AsyncioCaller, BlockingCaller, Caller, FuturesCaller, Recorder
from member_side import Adder, MemberSide

import hazelcast
from hz_embedded import Cluster


@pytest.fixture(scope="session")
def member_side() -> MemberSide:
    """The Python objects that the member of `cluster` calls."""
    return MemberSide()


@pytest.fixture(scope="session")
def cluster(member_side: MemberSide) -> Iterator[Cluster]:
    """One member for all tests that need no more; its processors, interceptors and map stores are in Python."""
    often = {
        "hazelcast.internal.map.expiration.cleanup.period.seconds": "1",
        "hazelcast.internal.map.expiration.cleanup.percentage": "100",
        "hazelcast.internal.map.expiration.cleanup.operation.count": "300",
    }
    with Cluster(configure=member_side.configure, properties=often) as started:
        member_side.jvm = started.jvm
        yield started


@pytest.fixture(scope="session")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """A client of `cluster` for all tests of the futures and blocking surfaces."""
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses) as connected:
        # Starts the thread of listeners, and the connections by which the member calls Python.
        warm = connected.get_map("stored-warm").blocking()
        warm.add_entry_listener(added_func=Recorder())
        warm.put_all(dict.fromkeys(range(100), 0))
        warm.load_all()
        warm.execute_on_entries(Adder(1))
        yield connected


@pytest.fixture(scope="session")
def trio() -> Iterator[Cluster]:
    """Three members, which tests leave running."""
    with Cluster(members=3) as started:
        yield started


@pytest.fixture(params=SURFACES)
def caller(request: pytest.FixtureRequest, cluster: Cluster, client: hazelcast.HazelcastClient) -> Caller:
    """The way to call the maps of `cluster` on each surface in turn."""
    if request.param == "asyncio":
        return AsyncioCaller(cluster_members=cluster.addresses)
    return FuturesCaller(client) if request.param == "futures" else BlockingCaller(client)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run an `async def` test that has a caller inside of it: clients of asyncio belong to one event loop."""
    function: Any = pyfuncitem.obj
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(function).parameters}
    chosen = arguments.get("caller")
    if not inspect.iscoroutinefunction(function) or not isinstance(chosen, Caller):
        return None

    async def run() -> None:
        async with chosen:
            await function(**arguments)

    asyncio.run(run())
    return True
