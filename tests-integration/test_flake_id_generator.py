"""Flake ids of real members: on three surfaces, and unique over threads and clients."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

import hazelcast
from hz_embedded import Cluster
from hz_proxies import FLAKE_ID_GENERATOR
from map_harness import Caller, fresh_name

CLIENTS = 4
THREADS = 16
EACH = 62_500
"""Ids of each thread: a million together."""


async def test_ids(caller: Caller) -> None:
    generator = await caller.object(FLAKE_ID_GENERATOR)
    ids = [await generator.new_id() for _ in range(250)]
    assert len(set(ids)) == 250
    assert all(0 <= found < 2**63 for found in ids)
    assert ids == sorted(ids), "one member, one caller: in order"


async def test_java_generates_other_ids(caller: Caller, cluster: Cluster) -> None:
    generator = await caller.object(FLAKE_ID_GENERATOR)
    ours = {await generator.new_id() for _ in range(50)}
    java = cluster.members[0].instance.getFlakeIdGenerator(generator.name)
    theirs = {java.newId() for _ in range(50)}
    assert len(ours | theirs) == 100


def test_a_million_ids_of_16_threads_and_4_clients(trio: Cluster) -> None:
    name = fresh_name("flake")

    def connected(ahead: bool) -> hazelcast.HazelcastClient:
        options: dict[str, Any] = {name: {"prefetch_count": 1000, "prefetch_ahead": ahead}}
        return hazelcast.HazelcastClient(cluster_members=trio.addresses, flake_id_generators=options)

    clients = [connected(bool(number % 2)) for number in range(CLIENTS)]
    found: list[list[int]] = [[] for _ in range(THREADS)]

    def work(number: int) -> None:
        new_id = clients[number % CLIENTS].get_flake_id_generator(name).blocking().new_id
        found[number] = [new_id() for _ in range(EACH)]

    try:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    finally:
        for client in clients:
            client.shutdown()
    assert [len(ids) for ids in found] == [EACH] * THREADS
    assert len({one for ids in found for one in ids}) == THREADS * EACH


@pytest.mark.parametrize("ahead", [False, True])
def test_a_forked_child_gets_ids_of_its_own(cluster: Cluster, ahead: bool) -> None:
    name = fresh_name("flake")
    options: dict[str, Any] = {name: {"prefetch_ahead": ahead}}
    with hazelcast.HazelcastClient(cluster_members=cluster.addresses, flake_id_generators=options) as client:
        generator = client.get_flake_id_generator(name).blocking()
        for _ in range(60):
            generator.new_id()
        readable, writable = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writable, b" ".join(b"%d" % generator.new_id() for _ in range(300)))
            finally:
                os._exit(0)
        os.close(writable)
        with os.fdopen(readable) as pipe:
            of_child = {int(one) for one in pipe.read().split()}
        os.waitpid(child, 0)
        of_parent = {generator.new_id() for _ in range(300)}
        assert len(of_child) == len(of_parent) == 300
        assert not of_child & of_parent


@pytest.mark.parametrize("count", [0, 100_001])
def test_a_wrong_size_of_batches(count: int) -> None:
    with pytest.raises(ValueError, match="prefetch_count"):
        hazelcast.HazelcastClient(flake_id_generators={"f": {"prefetch_count": count}})
