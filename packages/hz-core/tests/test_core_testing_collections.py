"""Simulated lists and sets, and queues, lists and sets in simulated transactions."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from hz_core.testing import (
    ListService,
    ManualClock,
    MemberError,
    QueueService,
    RawClient,
    SetService,
    SimulatedCluster,
    codes,
)
from hz_serialization import SerializationConfig, SerializationService

data: Callable[[Any], bytes] = SerializationService(SerializationConfig()).to_data
A, B, C, D = data("a"), data("b"), data("c"), data("d")
ADDED, REMOVED = 1, 2


class Structure:
    """A structure of one simulated member, by raw messages."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.cluster = SimulatedCluster(clock=ManualClock())
        self.client = RawClient(self.cluster.members[0])

    def __call__(self, method: str, **named: Any) -> Any:
        return self.client.call(f"{self.service}.{method}", name="x", **named)

    def begin(self) -> UUID:
        found: UUID = self.client.call("Transaction.create", timeout=60_000, transactionType=1, threadId=1)
        return found

    def within(self, transaction: UUID, method: str, **named: Any) -> Any:
        title = f"Transactional{self.service}.{method}"
        return self.client.call(title, name="x", txnId=transaction, threadId=1, **named)

    def end(self, how: str, transaction: UUID) -> None:
        self.client.call(f"Transaction.{how}", transactionId=transaction, threadId=1)

    def listen(self) -> None:
        self("addListener", includeValue=True, localOnly=True)

    def events(self) -> list[tuple[Any, int]]:
        return [(event["item"], event["eventType"]) for event in self.client.events]


def test_a_set() -> None:
    s = Structure("Set")
    s.listen()
    assert [s("add", value=item) for item in (A, A, B)] == [True, False, True]
    assert [s("addAll", valueList=items) for items in ([A, C, C], [A, C])] == [True, False]
    assert (s("size"), s("isEmpty"), s("getAll")) == (3, False, [A, B, C])
    assert (s("contains", value=A), s("containsAll", items=[A, D])) == (True, False)
    assert (s("remove", value=A), s("remove", value=A)) == (True, False)
    assert s("compareAndRemoveAll", values=[B, D]) is True
    assert s("compareAndRetainAll", values=[C]) is False
    s("clear")
    assert s.events() == [(A, ADDED), (B, ADDED), (C, ADDED), (A, REMOVED), (B, REMOVED), (C, REMOVED)]


def test_a_list() -> None:
    items = Structure("List")
    items("addAll", valueList=[A, B, A])
    items("addWithIndex", index=1, value=C)
    assert items("addAllWithIndex", index=4, valueList=[D]) is True
    assert items("getAll") == items("iterator") == [A, C, B, A, D]
    assert (items("get", index=1), items("indexOf", value=A), items("lastIndexOf", value=A)) == (C, 0, 3)
    assert (items("indexOf", value=data("z")), items("lastIndexOf", value=data("z"))) == (-1, -1)
    assert items("sub", **{"from": 1, "to": 3}) == [C, B]
    assert items("listIterator", index=3) == [A, D]
    items.listen()
    assert (items("set", index=0, value=D), items("removeWithIndex", index=1)) == (A, C)
    assert items("getAll") == [D, B, A, D]
    assert items.events() == [(A, REMOVED), (D, ADDED), (None, REMOVED)]


@pytest.mark.parametrize(
    ("method", "named", "error"),
    [
        ("get", {"index": 1}, codes.INDEX_OUT_OF_BOUNDS),
        ("set", {"index": 1, "value": A}, codes.INDEX_OUT_OF_BOUNDS),
        ("removeWithIndex", {"index": -1}, codes.INDEX_OUT_OF_BOUNDS),
        ("addWithIndex", {"index": 2, "value": A}, codes.INDEX_OUT_OF_BOUNDS),
        ("addAllWithIndex", {"index": 2, "valueList": [A]}, codes.INDEX_OUT_OF_BOUNDS),
        ("sub", {"from": 0, "to": 2}, codes.INDEX_OUT_OF_BOUNDS),
        ("listIterator", {"index": 2}, codes.ILLEGAL_ARGUMENT),
    ],
)
def test_places_that_a_list_does_not_have(method: str, named: dict[str, Any], error: tuple[int, str]) -> None:
    items = Structure("List")
    items("add", value=A)
    with pytest.raises(MemberError) as refused:
        items(method, **named)
    assert refused.value.error == error


@pytest.mark.parametrize(("service", "kind"), [("List", ListService), ("Set", SetService)])
def test_capacity_destroy_and_reset(service: str, kind: type[ListService] | type[SetService]) -> None:
    found = Structure(service)
    state = found.cluster.service(kind)
    state.capacity["x"] = 1
    assert [found("add", value=item) for item in (A, B)] == [True, False]
    assert found("addAll", valueList=[B, C]) is False
    state.destroy("x")
    assert found("isEmpty") is True
    found("add", value=A)
    state.reset()
    assert found("isEmpty") is True


@pytest.mark.parametrize("service", ["List", "Set"])
@pytest.mark.parametrize(("how", "left"), [("commit", [B, C]), ("rollback", [A, B])])
def test_a_list_or_set_in_a_transaction(service: str, how: str, left: list[bytes]) -> None:
    found = Structure(service)
    found("addAll", valueList=[A, B])
    found.listen()
    transaction = found.begin()
    assert found.within(transaction, "add", item=C) is True
    assert found.within(transaction, "add", item=D) is True
    removed = [found.within(transaction, "remove", item=item) for item in (A, D, D)]
    # A set does not remove what its transaction has added.
    assert removed == [True, service == "List", False]
    assert found.within(transaction, "add", item=B) is (service == "List")
    if service == "List":
        assert found.within(transaction, "remove", item=B) is True
        found.within(transaction, "remove", item=B)
        found.within(transaction, "add", item=B)
        left = [C, B] if how == "commit" else left
    elif how == "commit":
        left = [B, C, D]
    assert (found.within(transaction, "size"), found.events()) == (2 if service == "List" else 3, [])
    found.end(how, transaction)
    assert found("getAll") == left
    assert bool(found.events()) is (how == "commit")


def test_a_queue_in_a_transaction() -> None:
    q = Structure("Queue")
    q.cluster.service(QueueService).state("x").capacity = 3
    q("addAll", dataList=[A, B])
    transaction = q.begin()
    assert [q.within(transaction, "offer", item=item) for item in (C, D)] == [True, False]
    assert (q.within(transaction, "peek"), q.within(transaction, "size")) == (A, 3)
    assert [q.within(transaction, method) for method in ("take", "poll", "poll", "poll")] == [A, B, C, None]
    assert q.within(transaction, "peek") is None
    assert q("iterator") == []
    q.end("rollback", transaction)
    assert q("iterator") == [A, B]


def test_a_transaction_whose_connection_is_lost_is_rolled_back() -> None:
    q = Structure("Queue")
    q("addAll", dataList=[A, B])
    q.within(q.begin(), "take")
    q.cluster.cut_all()
    assert list(q.cluster.service(QueueService).items("x")) == [A, B]
