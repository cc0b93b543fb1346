"""Members that die, leave and join under load: acknowledged writes stay, nobody hangs, nothing leaks."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import pytest

import hazelcast
import hazelcast.asyncio
from hz_core.errors import HazelcastError
from hz_core.future import Future
from hz_embedded import Cluster, Member
from map_harness import until, until_now

THREADS: Final = 4
IN_FLIGHT: Final = 32
LIMIT: Final = 60.0
"""Seconds after which an operation counts as hanging."""


class Load:
    """Blocking threads, futures and asyncio tasks that each write keys of their own, until told to stop.

    Attributes:
        acknowledged: Key and value of every write that the cluster confirmed.
        errors: What writes failed with that nobody can promise.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.acknowledged: dict[str, int] = {}
        self._counts: Counter[str] = Counter()
        self.errors: list[HazelcastError] = []
        self._options: dict[str, Any] = {"cluster_members": cluster.addresses, "retry_initial_backoff": 0.1}
        self._stop = threading.Event()
        self._failures: list[BaseException] = []

    @contextmanager
    def running(self, client: hazelcast.HazelcastClient) -> Iterator[None]:
        """Write until the block ends."""
        work: list[Callable[[], None]] = [lambda: self._futures(client), lambda: asyncio.run(self._asyncio())]
        work += [partial(self._blocking, client, number) for number in range(THREADS)]
        threads = [threading.Thread(target=self._guarded, args=(job,)) for job in work]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(LIMIT)
        assert [thread for thread in threads if thread.is_alive()] == []
        assert self._failures == []

    def await_writes(self, count: int) -> None:
        """Wait until `count` more writes of each kind were acknowledged."""
        kinds = ("futures", "asyncio", *(f"blocking{number}" for number in range(THREADS)))
        begin = {kind: self._counts[kind] for kind in kinds}
        until_now(lambda: all(self._counts[kind] - begin[kind] >= count for kind in kinds), LIMIT)

    def _acknowledge(self, kind: str, number: int) -> None:
        """Note a confirmed write. Each kind has a thread of its own."""
        self.acknowledged[f"{kind} {number}"] = number
        self._counts[kind] += 1

    def _guarded(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as e:
            self._failures.append(e)

    def _blocking(self, client: hazelcast.HazelcastClient, number: int) -> None:
        m = client.get_map("m").blocking()
        count = 0
        while not self._stop.is_set():
            try:
                m.set(f"blocking{number} {count}", count)
            except HazelcastError as e:
                self.errors.append(e)
            else:
                self._acknowledge(f"blocking{number}", count)
            count += 1

    def _futures(self, client: hazelcast.HazelcastClient) -> None:
        m = client.get_map("m")
        flying: list[tuple[int, Future[Any]]] = []
        count = 0
        while flying or not self._stop.is_set():
            while len(flying) < IN_FLIGHT and not self._stop.is_set():
                flying.append((count, m.put(f"futures {count}", count)))
                count += 1
            number, future = flying.pop(0)
            try:
                future.result(LIMIT)
            except HazelcastError as e:
                self.errors.append(e)
            else:
                self._acknowledge("futures", number)

    async def _asyncio(self) -> None:
        async with hazelcast.asyncio.HazelcastClient(**self._options) as client:
            m = await client.get_map("m")

            async def write(number: int) -> None:
                count = number
                while not self._stop.is_set():
                    try:
                        async with asyncio.timeout(LIMIT):
                            await m.put(f"asyncio {count}", count)
                    except HazelcastError as e:
                        self.errors.append(e)
                    else:
                        self._acknowledge("asyncio", count)
                    count += IN_FLIGHT

            await asyncio.gather(*(write(number) for number in range(IN_FLIGHT)))
            # The client's own heartbeats and missing backup acks end by themselves.
            await until(lambda: client._engine.invocations.pending_count == 0, 10)


def check_nothing_is_lost(load: Load, client: hazelcast.HazelcastClient) -> None:
    """Compare the map with what was acknowledged, and look for requests that wait for nothing."""
    m = client.get_map("m").blocking()
    found = m.get_all(load.acknowledged)
    assert {key: value for key, value in load.acknowledged.items() if found.get(key) != value} == {}
    assert len(load.acknowledged) > 100
    until_now(lambda: client._engine.invocations.pending_count == 0, 10)


def kill(cluster: Cluster, victim: Member) -> None:
    """End a member's JVM by SIGKILL."""
    victim.kill()


def leave(cluster: Cluster, victim: Member) -> None:
    """Let a member hand its partitions over and leave."""
    victim.shutdown()


def join(cluster: Cluster, victim: Member) -> None:
    """Let one more member join."""
    cluster.add_member()


@pytest.mark.parametrize(
    ("event", "redo"),
    [(kill, False), (kill, True), (leave, False), (join, False)],
    ids=["kill", "kill-redo_operation", "leave", "join"],
)
def test_acknowledged_writes_stay(
    hazelcast_cluster_factory: Callable[..., Cluster], event: Callable[[Cluster, Member], None], redo: bool
) -> None:
    cluster = hazelcast_cluster_factory(members=2)
    victim = cluster.add_member(jvm="own") if event is kill else cluster.members[1]
    load = Load(cluster)
    options: dict[str, Any] = {"redo_operation": redo, "retry_initial_backoff": 0.1}
    # A member that is killed may have answered before its request to the backup left it. Without this option such a
    # write counts as done when the backup's acknowledgement does not come.
    options["fail_on_indeterminate_operation_state"] = event is kill
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, **options) as client:
        with load.running(client):
            load.await_writes(50)
            event(cluster, victim)
            load.await_writes(100)
        check_nothing_is_lost(load, client)
        members = {str(member.uuid) for member in client.cluster_service.get_members()}
        assert members == {member.uuid for member in cluster.members if member.running}
        if event is join:
            assert load.errors == []
