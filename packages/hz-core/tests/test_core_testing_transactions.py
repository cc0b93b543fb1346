"""Simulated transactions: a map within one, its locks, and what others see when."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from hz_core.testing import ManualClock, MemberError, RawClient, SimulatedCluster, TransactionService, codes
from hz_serialization import SerializationConfig, SerializationService

data: Callable[[Any], bytes] = SerializationService(SerializationConfig()).to_data
KEY, OTHER = data("k"), data("other")
V1, V2, V3 = data("one"), data("two"), data("three")


class Client(RawClient):
    """A client with transactions."""

    def begin(self, timeout: int = 60_000) -> UUID:
        """Begin a transaction."""
        found: UUID = self.call(
            "Transaction.create", timeout=timeout, durability=1, transactionType=1, threadId=1
        )
        return found

    def end(self, how: str, transaction: UUID) -> None:
        """Commit or roll back a transaction."""
        self.call(f"Transaction.{how}", transactionId=transaction, threadId=1)

    def start_in(self, transaction: UUID, method: str, **named: Any) -> int:
        """Send a request of a transaction."""
        return self.start(f"TransactionalMap.{method}", name="m", txnId=transaction, threadId=1, **named)

    def within(self, transaction: UUID, method: str, **named: Any) -> Any:
        """Send a request of a transaction and return the reply."""
        return self.call(f"TransactionalMap.{method}", name="m", txnId=transaction, threadId=1, **named)

    def map(self, method: str, **named: Any) -> Any:
        """Send a request about the map, outside of transactions."""
        return self.call(f"Map.{method}", name="m", **named)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def client(clock: ManualClock) -> Client:
    return Client(SimulatedCluster(clock=clock).members[0])


def listen(client: Client) -> None:
    client.map("addEntryListener", includeValue=True, listenerFlags=1023, localOnly=True)


def test_a_commit_applies_all_changes(client: Client) -> None:
    client.map("set", key=OTHER, value=V1)
    listen(client)
    transaction = client.begin()
    assert client.within(transaction, "put", key=KEY, value=V1, ttl=-1) is None
    assert client.within(transaction, "put", key=KEY, value=V2, ttl=-1) == V1
    assert client.within(transaction, "remove", key=OTHER) == V1
    assert client.events == []
    assert client.map("values") == [V1]
    client.end("commit", transaction)
    assert client.map("entrySet") == [(KEY, V2)]
    assert [(event["eventType"], event["key"]) for event in client.events] == [(1, KEY), (2, OTHER)]


def test_a_rollback_drops_all_changes(client: Client) -> None:
    client.map("set", key=OTHER, value=V1)
    listen(client)
    transaction = client.begin()
    client.within(transaction, "set", key=KEY, value=V1)
    client.within(transaction, "delete", key=OTHER)
    client.end("rollback", transaction)
    assert client.events == []
    assert client.map("entrySet") == [(OTHER, V1)]
    for key in (KEY, OTHER):
        assert client.map("isLocked", key=key) is False


def test_a_transaction_sees_its_own_changes(client: Client) -> None:
    for key, value in ((KEY, V1), (OTHER, V2)):
        client.map("set", key=key, value=value)
    transaction = client.begin()
    assert client.within(transaction, "get", key=KEY) == V1
    client.within(transaction, "set", key=KEY, value=V3)
    client.within(transaction, "delete", key=OTHER)
    client.within(transaction, "set", key=data("new"), value=V2)
    assert client.within(transaction, "get", key=KEY) == V3
    assert client.within(transaction, "containsKey", key=OTHER) is False
    assert client.within(transaction, "size") == 2
    assert client.within(transaction, "isEmpty") is False
    assert sorted(client.within(transaction, "keySet")) == sorted([KEY, data("new")])
    assert sorted(client.within(transaction, "values")) == sorted([V3, V2])
    with pytest.raises(MemberError, match="matches"):
        client.within(transaction, "valuesWithPredicate", predicate=b"any")
    client.member.cluster.matches = lambda predicate, key, value: value == V3
    assert client.within(transaction, "valuesWithPredicate", predicate=b"any") == [V3]
    assert client.within(transaction, "keySetWithPredicate", predicate=b"any") == [KEY]


def test_conditional_changes(client: Client) -> None:
    transaction = client.begin()

    def within(method: str, **named: Any) -> Any:
        return client.within(transaction, method, key=KEY, **named)

    assert within("replace", value=V1) is None
    assert within("remove") is None
    assert within("removeIfSame", value=V1) is False
    assert within("get") is None
    assert within("putIfAbsent", value=V1) is None
    assert within("putIfAbsent", value=V2) == V1
    assert within("replace", value=V2) == V1
    assert within("replaceIfSame", oldValue=V1, newValue=V3) is False
    assert within("replaceIfSame", oldValue=V2, newValue=V3) is True
    assert within("removeIfSame", value=V2) is False
    assert within("get") == V3
    assert within("removeIfSame", value=V3) is True
    assert within("getForUpdate") is None
    client.end("commit", transaction)
    assert client.map("isEmpty") is True


def test_a_time_to_live_begins_with_the_commit(client: Client, clock: ManualClock) -> None:
    transaction = client.begin()
    client.within(transaction, "put", key=KEY, value=V1, ttl=5000)
    clock.advance(10)
    client.end("commit", transaction)
    clock.advance(4)
    assert client.map("size") == 1
    clock.advance(1)
    assert client.map("size") == 0


@pytest.mark.parametrize("how", ["commit", "rollback"])
@pytest.mark.parametrize("method", ["get", "containsKey", "getEntryView", "set", "remove"])
def test_others_wait_for_the_end(client: Client, how: str, method: str) -> None:
    client.map("set", key=KEY, value=V1)
    transaction = client.begin()
    client.within(transaction, "set", key=KEY, value=V2)
    named: dict[str, Any] = {"value": V3} if method == "set" else {}
    number = client.start(f"Map.{method}", name="m", key=KEY, **named)
    assert client.answer(number) is None
    client.end(how, transaction)
    answer = client.answer(number)
    assert answer is not None
    if method in ("get", "remove"):
        assert answer == [V2 if how == "commit" else V1]


def test_a_read_within_a_transaction_locks_nothing(client: Client) -> None:
    transaction = client.begin()
    client.within(transaction, "get", key=KEY)
    assert client.map("put", key=KEY, value=V1) is None
    client.within(transaction, "getForUpdate", key=KEY)
    number = client.start("Map.put", name="m", key=KEY, value=V2)
    assert client.answer(number) is None
    client.end("rollback", transaction)
    assert client.answer(number) == [V1]


def test_transactions_wait_for_each_other(client: Client, clock: ManualClock) -> None:
    other = Client(client.member)
    first, second = client.begin(), other.begin(timeout=5000)
    client.within(first, "set", key=KEY, value=V1)
    number = other.start_in(second, "put", key=KEY, value=V2, ttl=-1)
    clock.advance(4)
    assert other.answer(number) is None
    client.end("commit", first)
    assert other.answer(number) == [V1]
    other.end("commit", second)
    assert client.map("get", key=KEY) == V2


def test_a_transaction_waits_no_longer_than_it_lives(client: Client, clock: ManualClock) -> None:
    other = Client(client.member)
    first, second = client.begin(), other.begin(timeout=5000)
    client.within(first, "set", key=KEY, value=V1)
    number = other.start_in(second, "put", key=KEY, value=V2, ttl=-1)
    clock.advance(5)
    with pytest.raises(MemberError, match="obtain lock") as caught:
        other.answer(number)
    assert caught.value.error == codes.TRANSACTION


def test_locks_do_not_hinder_the_thread_that_began_the_transaction(client: Client) -> None:
    transaction = client.begin()
    client.within(transaction, "set", key=KEY, value=V1)
    assert client.map("put", key=KEY, value=V2, threadId=1) is None
    number = client.start("Map.put", name="m", key=KEY, value=V3, threadId=2)
    assert client.answer(number) is None
    client.end("commit", transaction)
    assert client.answer(number) == [V1]


def test_a_commit_that_comes_too_late_changes_nothing(client: Client, clock: ManualClock) -> None:
    transaction = client.begin(timeout=2000)
    client.within(transaction, "set", key=KEY, value=V1)
    clock.advance(2.5)
    with pytest.raises(MemberError, match="timed-out") as caught:
        client.end("commit", transaction)
    assert caught.value.error == codes.TRANSACTION_TIMED_OUT
    assert client.map("isEmpty") is True
    assert client.map("isLocked", key=KEY) is False


def test_a_transaction_belongs_to_its_connection(client: Client) -> None:
    transaction = client.begin()
    same_client = Client(client.member, client.uuid)
    for attempt in (
        lambda: same_client.within(transaction, "get", key=KEY),
        lambda: same_client.end("commit", transaction),
    ):
        with pytest.raises(MemberError, match="No transaction context") as caught:
            attempt()
        assert caught.value.error == codes.TRANSACTION
    client.end("commit", transaction)
    with pytest.raises(MemberError, match="No transaction context"):
        client.end("commit", transaction)


def test_a_lost_connection_rolls_back(client: Client) -> None:
    transaction = client.begin()
    client.within(transaction, "set", key=KEY, value=V1)
    other = Client(client.member)
    number = other.start("Map.put", name="m", key=KEY, value=V2)
    client.cut()
    assert other.answer(number) == [None]
    assert client.member.cluster.service(TransactionService).active == {}
