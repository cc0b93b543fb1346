"""Lists, queues and sets of one name in one transaction: members mix them up, so the client refuses that."""

from __future__ import annotations

from typing import Any

import pytest

import hazelcast
from hazelcast.errors import TransactionError
from hz_embedded import Cluster
from map_harness import fresh_name


def test_members_mix_up_collections_of_one_name(cluster: Cluster, client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("same")
    transaction: Any = cluster.members[0].instance.newTransactionContext()
    transaction.beginTransaction()
    transaction.getList(name).add("of the list")
    transaction.getSet(name).add("of the set")
    with pytest.raises(Exception, match="ClassCastException"):
        transaction.getQueue(name).offer("of the queue")
    transaction.commitTransaction()
    # This is why they are refused; when members do better, `TransactionOperations._object` need not check it.
    assert "of the set" in client.get_list(name).blocking().get_all()
    assert client.get_set(name).blocking().get_all() == []


def test_collections_of_one_name_are_refused(client: hazelcast.HazelcastClient) -> None:
    name = fresh_name("same")
    with client.new_transaction() as transaction:
        transaction.get_list(name).add("one")
        assert transaction.get_list(name).size() == 1
        for get, kind in ((transaction.get_set, "set"), (transaction.get_queue, "queue")):
            with pytest.raises(
                TransactionError, match=f"the {kind} '{name}' cannot be used .* uses the list '{name}'"
            ):
                get(name)
        # Maps and multimaps are kept apart.
        transaction.get_map(name).set("k", "v")
        transaction.get_multi_map(name).put("k", "w")
        transaction.get_set(f"{name}-other").add("two")
    assert client.get_list(name).blocking().get_all() == ["one"]
    assert client.get_map(name).blocking().get("k") == "v"
    assert client.get_multi_map(name).blocking().get("k") == ["w"]
    assert client.get_set(f"{name}-other").blocking().get_all() == ["two"]
