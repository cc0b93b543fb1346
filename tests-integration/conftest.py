"""Share real members over the session, and one caller for each surface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

import hazelcast
from cli_cluster import started as started_by_hz
from cp_harness import CP_MODES, CPCluster, Multiply
from hz_embedded import Cluster
from hz_embedded._ports import reserve
from map_harness import SURFACES, AsyncioCaller, BlockingCaller, Caller, FuturesCaller, Recorder
from member_side import Adder, MemberSide


@pytest.fixture(scope="session")
def member_side() -> MemberSide:
    """Return the Python objects that the member of `cluster` calls."""
    return MemberSide()


@pytest.fixture(scope="session")
def cluster(member_side: MemberSide) -> Iterator[Cluster]:
    """Yield one member for all tests that need no more; its processors, interceptors and map stores are in Python."""
    often = {
        "hazelcast.internal.map.expiration.cleanup.period.seconds": "1",
        "hazelcast.internal.map.expiration.cleanup.percentage": "100",
        "hazelcast.internal.map.expiration.cleanup.operation.count": "300",
        "hazelcast.map.invalidation.batchfrequency.seconds": "1",
    }
    with Cluster(configure=member_side.configure, properties=often) as started:
        member_side.jvm = started.jvm
        yield started


@pytest.fixture(scope="session")
def client(cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of `cluster` for all tests of the futures and blocking surfaces."""
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
    """Yield three members, which tests leave running."""
    with Cluster(members=3) as started:
        yield started


@pytest.fixture(params=SURFACES)
async def caller(
    request: pytest.FixtureRequest, cluster: Cluster, client: hazelcast.HazelcastClient
) -> AsyncIterator[Caller]:
    """Yield the way to call the maps of `cluster` on each surface in turn."""
    made: Caller
    if request.param == "asyncio":
        # In the event loop of the test: a client of asyncio belongs to one loop.
        made = AsyncioCaller(cluster_members=cluster.addresses)
    else:
        made = FuturesCaller(client) if request.param == "futures" else BlockingCaller(client)
    async with made:
        yield made


@pytest.fixture
def reserved_ports() -> Iterator[tuple[int, int]]:
    """Yield two ports that no other process gets, and that a member or gateway can still listen on."""
    first, second = reserve(0), reserve(0)
    assert first is not None  # reservations need Linux
    assert second is not None
    with first, second:
        yield first.getsockname()[1], second.getsockname()[1]


@pytest.fixture(params=CP_MODES, scope="session")
def cp(request: pytest.FixtureRequest) -> Iterator[CPCluster]:
    """Yield members with the CP Subsystem, of each mode in turn."""
    with CPCluster(request.param) as started:
        # Starts the connections by which members call Python.
        started.client.cp_subsystem.get_atomic_long("warm").blocking().alter(Multiply())
        yield started


@pytest.fixture(params=SURFACES)
async def cp_caller(request: pytest.FixtureRequest, cp: CPCluster) -> AsyncIterator[Caller]:
    """Yield the way to call the objects of `cp` on each surface in turn."""
    made: Caller
    if request.param == "asyncio":
        made = AsyncioCaller(cluster_members=cp.members.addresses)
    else:
        made = FuturesCaller(cp.client) if request.param == "futures" else BlockingCaller(cp.client)
    async with made:
        yield made


@pytest.fixture(scope="session")
def sql_cluster() -> Iterator[Cluster]:
    """Yield a member that knows SQL, for all tests that need no more."""
    with Cluster(sql=True) as started:
        yield started


@pytest.fixture(scope="session")
def started_member() -> Iterator[str]:
    """Yield the address of a member that the command `hz start` has started."""
    with started_by_hz() as address:
        yield address
