"""Paging predicates: pages and anchors, the holder that carries them, and the replies of real members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

import simulated_harness
from hz_core.testing.simulation import Simulation
from hz_core.wire.types import ReadData
from hz_proxies import MAP, aggregator, projection
from hz_proxies.codecs.map import AnchorDataListHolder
from hz_proxies.predicate import (
    IterationType,
    PagingPredicate,
    PartitionPredicate,
    Predicate,
    equal,
    paging,
    partition,
    true,
    unwrap_paging,
)
from hz_proxies.predicate.paging_query import page_decoder, query_page, to_holder
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.operations import TransactionOperations
from hz_serialization import Data, HazelcastSerializationError, SerializationConfig, SerializationService
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput

simulation = simulated_harness.simulation

HEADER = "00000000fffffffe01"  # no partition hash, type -2, identified
EQUAL = "ffffffec000000030000000461747472fffffff900000001"
TRUE = "ffffffec0000000e"


@pytest.fixture
def service() -> SerializationService:
    return SerializationService()


class Reverse(IdentifiedDataSerializable):
    """Stands for a comparator class of the members."""

    def get_factory_id(self) -> int:
        return 66

    def get_class_id(self) -> int:
        return 2

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_boolean(True)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        object_data_input.read_boolean()


class Anchors(NamedTuple):
    """Stands for the generated AnchorDataListHolder."""

    anchor_page_list: list[int]
    anchor_data_list: list[tuple[Data, Data | None]]


K1 = bytes.fromhex("00000000fffffff5000000026b31")
K3 = bytes.fromhex("00000000fffffff5000000026b33")
V1 = bytes.fromhex("00000000fffffff900000001")
V3 = bytes.fromhex("00000000fffffff900000003")


def test_the_holder_of_the_first_page(service: SerializationService) -> None:
    holder = to_holder(paging(true(), 2), IterationType.ENTRY, service.to_data)
    assert {name: getattr(holder, name) for name in holder._fields} == {
        "anchor_data_list_holder": AnchorDataListHolder([], []),
        "predicate_data": bytes.fromhex(HEADER + TRUE),  # the inner predicate, never class 15
        "comparator_data": None,
        "page_size": 2,
        "page": 0,
        "iteration_type_id": 2,
        "partition_key_data": None,
        "partition_keys_data": None,
    }


def test_the_second_page_carries_the_anchors_of_the_first(service: SerializationService) -> None:
    pages = paging(true(), 2)
    to_holder(pages, IterationType.VALUE, service.to_data)
    pages.update_anchors(Anchors([0], [(K1, V1)]), IterationType.VALUE)
    assert pages.anchors == [(0, (K1, V1))]
    assert pages.next_page() == 1
    holder = to_holder(pages, IterationType.VALUE, service.to_data)
    assert holder.anchor_data_list_holder == AnchorDataListHolder([0], [(K1, V1)])
    assert (holder.page, holder.iteration_type_id) == (1, 1)
    # Each response has the whole list; it takes the place of the one before.
    pages.update_anchors(Anchors([0, 1], [(K1, V1), (K3, None)]), IterationType.VALUE)
    assert pages.anchors == [(0, (K1, V1)), (1, (K3, None))]


def test_anchors_stay_when_paging_back(service: SerializationService) -> None:
    pages = paging(None, 2)
    pages.page = 1
    to_holder(pages, IterationType.KEY, service.to_data)
    pages.update_anchors(Anchors([0, 1], [(K1, V1), (K3, V3)]), IterationType.KEY)
    assert pages.previous_page() == 0
    assert len(pages.anchors) == 2


def test_page_moves() -> None:
    pages = paging(None, 10)
    assert (pages.page, pages.page_size) == (0, 10)
    assert pages.previous_page() == 0
    assert pages.next_page() == 1
    pages.page = 99
    assert pages.next_page() == 100
    pages.page = 0
    assert pages.page == 0


@pytest.mark.parametrize(("page", "error"), [(-1, ValueError), (1 << 31, ValueError), ("1", TypeError)])
def test_a_wrong_page_is_refused_and_changes_nothing(page: Any, error: type[Exception]) -> None:
    pages = paging(None, 10)
    pages.page = 3
    with pytest.raises(error, match=r"PagingPredicate.page: page must be"):
        pages.page = page
    assert pages.page == 3


def test_another_iteration_type_starts_without_anchors(service: SerializationService) -> None:
    pages = paging(None, 2)
    to_holder(pages, IterationType.KEY, service.to_data)
    pages.update_anchors(Anchors([0], [(K1, V1)]), IterationType.KEY)
    holder = to_holder(pages, IterationType.VALUE, service.to_data)
    assert holder.anchor_data_list_holder == AnchorDataListHolder([], [])
    assert pages.iteration_type is IterationType.VALUE


def test_reset_forgets_page_and_anchors(service: SerializationService) -> None:
    pages = paging(None, 2)
    pages.page = 5
    to_holder(pages, IterationType.KEY, service.to_data)
    pages.update_anchors(Anchors([0], [(K1, V1)]), IterationType.KEY)
    pages.reset()
    assert (pages.page, pages.anchors, pages.iteration_type) == (0, [], None)


@pytest.mark.parametrize("forget", [PagingPredicate.reset, lambda p: p.begin_query(IterationType.ENTRY)])
def test_a_late_response_does_not_bring_old_anchors_back(
    service: SerializationService, forget: Callable[[PagingPredicate], object]
) -> None:
    pages = paging(None, 2)
    to_holder(pages, IterationType.KEY, service.to_data)
    forget(pages)
    pages.update_anchors(Anchors([0], [(K1, V1)]), IterationType.KEY)
    assert pages.anchors == []


def test_anchors_that_do_not_pair_up_are_refused(service: SerializationService) -> None:
    pages = paging(None, 2)
    to_holder(pages, IterationType.KEY, service.to_data)
    with pytest.raises(HazelcastSerializationError, match="2 anchor pages but 1 anchor entries"):
        pages.update_anchors(Anchors([0, 1], [(K1, V1)]), IterationType.KEY)
    assert pages.anchors == []


def test_comparator_and_no_predicate(service: SerializationService) -> None:
    comparator = Reverse()
    pages = paging(None, 2, comparator)
    assert pages.predicate is None
    assert pages.comparator is comparator
    holder = to_holder(pages, IterationType.KEY, service.to_data)
    assert holder.predicate_data is None
    assert holder.comparator_data == bytes.fromhex(HEADER + "000000420000000201")


def test_paging_in_one_partition(service: SerializationService) -> None:
    pages = paging(equal("attr", 1), 2)
    scoped = partition("key", pages)
    assert isinstance(scoped, PartitionPredicate)
    assert (scoped.partition_key, scoped.target) == ("key", pages)
    holder = to_holder(scoped, IterationType.KEY, service.to_data)
    assert holder.partition_key_data == service.to_data("key")
    assert holder.predicate_data == bytes.fromhex(HEADER + EQUAL)


def test_unwrap_paging() -> None:
    pages = paging(None, 2)
    assert unwrap_paging(pages) is pages
    assert unwrap_paging(partition("key", pages)) is pages
    assert unwrap_paging(partition("key", true())) is None
    assert unwrap_paging(true()) is None
    assert unwrap_paging(None) is None


def test_to_holder_wants_a_paging_predicate(service: SerializationService) -> None:
    scoped = partition("key", true())
    assert isinstance(scoped, PartitionPredicate)
    with pytest.raises(TypeError, match=r"partition\('key', true\(\)\) does not page"):
        to_holder(scoped, IterationType.KEY, service.to_data)


@pytest.mark.parametrize("predicate", [paging(None, 2), partition("key", paging(None, 2))], ids=repr)
def test_a_paging_predicate_is_never_sent_as_an_object(
    service: SerializationService, predicate: Predicate
) -> None:
    with pytest.raises(HazelcastSerializationError, match="only for key_set, values and entry_set of a Map"):
        service.to_data(predicate)


@pytest.mark.parametrize("predicate", [paging(None, 2), partition("key", paging(None, 2))], ids=repr)
def test_operations_that_do_not_page_refuse_it(simulation: Simulation, predicate: Predicate) -> None:
    m = simulation.client.get_object(MAP, "m")
    transaction = Transaction(simulation.client.futures, TransactionOperations(simulation.engine))
    transaction.begin().result()
    in_transaction = transaction.get_map("m")
    before = sum(len(member.requests) for member in simulation.cluster.members)
    calls: dict[str, Callable[[], Any]] = {
        "aggregate": lambda: m.aggregate(aggregator.count(), predicate),
        "project": lambda: m.project(projection.identity(), predicate),
        "remove_all": lambda: m.remove_all(predicate),
        "execute_on_entries": lambda: m.execute_on_entries("processor", predicate),
        "add_entry_listener": lambda: m.add_entry_listener(predicate=predicate, added_func=print),
        "key_set of a transaction": lambda: in_transaction.key_set(predicate),
        "values of a transaction": lambda: in_transaction.values(predicate),
    }
    for operation, call in calls.items():
        with pytest.raises(
            AssertionError, match=f"^{operation} does not take .*only for key_set, values and entry_set"
        ):
            call()
    assert sum(len(member.requests) for member in simulation.cluster.members) == before


def test_a_paging_predicate_is_never_read() -> None:
    service = SerializationService(
        SerializationConfig(builtin_factories={-20: {15: lambda: paging(None, 2)}})
    )
    with pytest.raises(HazelcastSerializationError, match="cannot be read as an object"):
        service.to_object(bytes.fromhex(HEADER + "ffffffec0000000f"))


def test_repr_of_paging_shows_the_page() -> None:
    pages = paging(equal("a", 1), 2)
    pages.next_page()
    assert repr(pages) == "<paging(equal('a', 1), 2) at page 1>"


def test_paging_predicates_are_equal_only_to_themselves() -> None:
    pages = paging(true(), 2)
    assert pages == pages
    assert pages != paging(true(), 2)


# Bytes that went over the wire between a client and a 5.7.0 member, for a map of k0=0 ... k3=3.

PREDICATE = f"17000000000000000000fffffffe01{TRUE}"
NULL = "060000000004"
END = "060000000008"
LAST_END = "060000000028"
BEGIN = "060000000010"
NO_ANCHORS = f"{BEGIN}060000000000{BEGIN}{END}{END}"
ANCHOR_0 = "14000000000000000000fffffff5000000026b3112000000000000000000fffffff900000001"
ANCHOR_1 = "14000000000000000000fffffff5000000026b3312000000000000000000fffffff900000003"
ANCHORS_1 = f"{BEGIN}0a00000000000000 0000{BEGIN}{ANCHOR_0}{END}"
ANCHORS_2 = f"{BEGIN}0e000000000000000000 01000000{BEGIN}{ANCHOR_0}{ANCHOR_1}{END}"


def request_bytes(message_type: str, page: int, iteration_type: int, anchors: str) -> bytes:
    # Flags and correlation id are left to the engine; the last null is the list of partition keys, since 2.5.
    head = f"1600000000c0 00{message_type}0100 0000000000000000 ffffffff 0700000000006d"
    fields = f"0f0000000000 02000000 {page:02x}000000 {iteration_type:02x}"
    return bytes.fromhex(head + BEGIN + fields + anchors + PREDICATE + NULL * 3 + LAST_END)


def response_bytes(message_type: str, items: str, anchors: str) -> bytes:
    head = f"1300000000c0 01{message_type}0100 1700000000000000 00"
    return bytes.fromhex(head + BEGIN + items + END + anchors + LAST_END)


KEYS = "14000000000000000000fffffff5000000026b3214000000000000000000fffffff5000000026b33"
VALUES = "12000000000000000000fffffff90000000212000000000000000000fffffff900000003"
ENTRIES = (
    "14000000000000000000fffffff5000000026b32"
    "12000000000000000000fffffff900000002"
    "14000000000000000000fffffff5000000026b33"
    "12000000000000000000fffffff900000003"
)


@pytest.mark.parametrize(
    ("iteration_type", "message_type", "items", "expected"),
    [
        (IterationType.KEY, "34", KEYS, ["k2", "k3"]),
        (IterationType.VALUE, "35", VALUES, [2, 3]),
        (IterationType.ENTRY, "36", ENTRIES, [("k2", 2), ("k3", 3)]),
    ],
    ids=["key_set", "values", "entry_set"],
)
def test_two_pages_over_the_wire(
    service: SerializationService,
    iteration_type: IterationType,
    message_type: str,
    items: str,
    expected: list[Any],
) -> None:
    pages = paging(true(), 2)
    first = query_page("m", pages, iteration_type, service.to_data)
    assert first.request == request_bytes(message_type, 0, iteration_type, NO_ANCHORS)
    assert (first.partition_id, first.method.retryable) == (-1, True)
    first.decode(response_bytes(message_type, items, ANCHORS_1), service.read)
    assert pages.anchors == [(0, (K1, V1))]

    pages.next_page()
    second = query_page("m", pages, iteration_type, service.to_data)
    assert second.request == request_bytes(message_type, 1, iteration_type, ANCHORS_1 + END)
    reply = response_bytes(message_type, items, ANCHORS_2)
    assert second.decode(reply, service.read) == expected
    assert pages.anchors == [(0, (K1, V1)), (1, (K3, V3))]


def test_anchors_are_not_made_objects(service: SerializationService) -> None:
    pages = paging(true(), 2)
    to_holder(pages, IterationType.VALUE, service.to_data)
    seen: list[bytes] = []

    def read(buffer: bytes, start: int, end: int) -> object:
        seen.append(buffer[start:end])
        return None

    reader: ReadData = read
    page_decoder(pages, IterationType.VALUE)(response_bytes("35", VALUES, ANCHORS_2), reader)
    assert seen == [service.to_data(2), service.to_data(3)]


def test_a_page_of_one_partition_goes_to_that_partition(service: SerializationService) -> None:
    op = query_page("m", scoped_to("key", paging(None, 2)), IterationType.KEY, service.to_data, 17)
    assert op.partition_id == 17
    assert op.request[18:22] == (17).to_bytes(4, "little")
    assert service.to_data("key") in op.request


def scoped_to(key: str, predicate: Predicate) -> PartitionPredicate:
    scoped = partition(key, predicate)
    assert isinstance(scoped, PartitionPredicate)
    return scoped
