"""Predicates, paging, aggregators and projections over JSON values and numbers, on all three surfaces."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hz_core.errors import HazelcastError
from hz_core.services import PartitionService
from hz_proxies import aggregator, predicate, projection
from hz_proxies.predicate import Predicate
from hz_serialization import HazelcastJsonValue
from map_harness import AnyMap, Caller

PEOPLE: dict[int, dict[str, Any]] = {
    1: {"name": "Ann", "age": 30, "active": True, "pay": 10.5},
    2: {"name": "Bob", "age": 40, "active": False, "pay": 20.0},
    3: {"name": "Cid", "age": 50, "active": True, "pay": 30.25},
    4: {"name": "dora", "age": 60, "active": False, "pay": 40.0},
    5: {"name": "Eve_x", "age": 70, "active": True, "pay": None},
}
P = predicate


async def people(caller: Caller) -> AnyMap:
    m = await caller.map()
    await m.put_all({key: HazelcastJsonValue(person) for key, person in PEOPLE.items()})
    return m


async def numbers(caller: Caller, count: int) -> AnyMap:
    m = await caller.map()
    await m.put_all({n: n for n in range(count)})
    return m


QUERIES: list[tuple[Predicate, list[int]]] = [
    (P.sql("active AND (age > 60 OR age < 40)"), [1, 5]),
    (P.sql("name IN ('Ann', 'Bob') and __key >= 2"), [2]),
    (P.equal("name", "Bob"), [2]),
    (P.equal("pay", None), [5]),
    (P.not_equal("age", 30), [2, 3, 4, 5]),
    (P.like("name", "%o%"), [2, 4]),
    (P.like("name", "Eve\\_%"), [5]),
    (P.like("name", "_nn"), [1]),
    (P.ilike("name", "D%"), [4]),
    (P.regex("name", "[A-C].*"), [1, 2, 3]),
    (P.between("age", 40, 60), [2, 3, 4]),
    (P.in_("age", 30, 70, 71), [1, 5]),
    (P.greater("age", 50), [4, 5]),
    (P.greater_or_equal("age", 50), [3, 4, 5]),
    (P.less("age", 50), [1, 2]),
    (P.less_or_equal("age", 50), [1, 2, 3]),
    (P.less("__key", 3), [1, 2]),
    (P.and_(P.equal("active", True), P.greater("age", 30)), [3, 5]),
    (P.and_(), [1, 2, 3, 4, 5]),
    (P.or_(P.equal("age", 30), P.equal("age", 40)), [1, 2]),
    (P.or_(), []),
    (P.not_(P.equal("active", True)), [2, 4]),
    (P.instance_of("com.hazelcast.core.HazelcastJsonValue"), [1, 2, 3, 4, 5]),
    (P.instance_of("java.lang.String"), []),
    (P.true(), [1, 2, 3, 4, 5]),
    (P.false(), []),
]


async def test_every_predicate(caller: Caller) -> None:
    m = await people(caller)
    for query, keys in QUERIES:
        assert sorted(await m.key_set(query)) == keys, query
        entries = await m.entry_set(query)
        assert {key: value.loads() for key, value in entries} == {key: PEOPLE[key] for key in keys}, query
        names = [value.loads()["name"] for value in await m.values(query)]
        assert sorted(names) == sorted(PEOPLE[key]["name"] for key in keys), query


async def test_a_query_that_the_member_cannot_run(caller: Caller) -> None:
    m = await people(caller)
    with pytest.raises(HazelcastError, match=r"age >>|Invalid|parse|token"):
        await m.values(P.sql("age >>"))


async def test_partition_predicate(caller: Caller) -> None:
    m = await numbers(caller, 3000)
    service = caller.client.partition_service
    # The function of the base class: that of an asyncio client is a coroutine.
    partition = [PartitionService.get_partition_id(service, n) for n in range(3000)]
    same = [n for n in range(3000) if partition[n] == partition[7]]
    assert sorted(await m.key_set(P.partition(7, P.true()))) == same
    assert sorted(await m.values(P.partition(7, P.less("this", 1000)))) == [n for n in same if n < 1000]
    assert 1 < len(same) < 100
    paging = P.paging(P.true(), 2)
    assert await m.key_set(P.partition(7, paging)) == same[:2]
    paging.next_page()
    assert await m.key_set(P.partition(7, paging)) == same[2:4]
    assert await m.aggregate(aggregator.count(), P.partition(7, P.true())) == len(same)


@pytest.mark.parametrize("operation", ["key_set", "values", "entry_set"])
async def test_paging_forward_back_and_jumping(caller: Caller, operation: str) -> None:
    m = await numbers(caller, 55)
    read = getattr(m, operation)
    page = P.paging(P.greater_or_equal("this", 5), 10)

    async def current() -> list[Any]:
        found = await read(page)
        return [item[0] for item in found] if operation == "entry_set" else list(found)

    assert await current() == list(range(5, 15))
    assert page.next_page() == 1
    assert await current() == list(range(15, 25))
    assert await current() == list(range(15, 25))
    assert page.previous_page() == 0
    assert await current() == list(range(5, 15))
    page.page = 4
    assert await current() == list(range(45, 55))
    page.page = 2
    assert await current() == list(range(25, 35))
    page.page = 5
    assert await current() == []
    page.previous_page()
    assert await current() == list(range(45, 55))
    page.reset()
    assert await current() == list(range(5, 15))


async def test_paging_without_a_predicate_to_the_end(caller: Caller) -> None:
    m = await numbers(caller, 25)
    page = P.paging(None, 10)
    seen: list[int] = []
    while found := await m.values(page):
        seen += found
        page.next_page()
    assert seen == list(range(25))


async def test_a_paging_predicate_is_refused_where_it_has_no_meaning(caller: Caller) -> None:
    m = await numbers(caller, 5)
    pages = P.paging(None, 2)
    calls: list[Callable[[], Any]] = [
        lambda: m.aggregate(aggregator.count(), pages),
        lambda: m.project(projection.identity(), pages),
        lambda: m.remove_all(pages),
        lambda: m.execute_on_entries("never sent", pages),
        lambda: m.add_entry_listener(predicate=pages, added_func=print),
    ]
    for call in calls:
        with pytest.raises(AssertionError, match="a paging predicate is only for"):
            await call()


AGGREGATORS: list[tuple[Any, Any]] = [
    (aggregator.count(), 5),
    (aggregator.count("age"), 5),
    (aggregator.distinct("active"), {True, False}),
    (aggregator.double_avg("double"), 2.5),
    (aggregator.double_sum("double"), 12.5),
    (aggregator.fixed_point_sum("age"), 250),
    (aggregator.floating_point_sum("age"), 250.0),
    (aggregator.long_avg("age"), 50.0),
    (aggregator.long_sum("age"), 250),
    (aggregator.number_avg("age"), 50.0),
    (aggregator.max_("age"), 70),
    (aggregator.min_("age"), 30),
]


async def test_aggregators_over_json(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({key: HazelcastJsonValue({**row, "double": 2.5}) for key, row in PEOPLE.items()})
    for aggregate, wanted in AGGREGATORS:
        assert await m.aggregate(aggregate) == wanted, aggregate
    assert await m.aggregate(aggregator.count(), P.equal("active", True)) == 3
    assert await m.aggregate(aggregator.long_sum("age"), P.less("age", 45)) == 70
    oldest = await m.aggregate(aggregator.max_by("age"))
    assert (oldest.key, oldest.value.loads()["name"]) == (5, "Eve_x")
    youngest = await m.aggregate(aggregator.min_by("age"))
    assert (youngest.key, youngest.value.loads()["name"]) == (1, "Ann")


async def test_aggregators_over_numbers(caller: Caller) -> None:
    ints = await numbers(caller, 10)
    assert await ints.aggregate(aggregator.int_sum()) == 45
    assert await ints.aggregate(aggregator.int_avg()) == 4.5
    assert await ints.aggregate(aggregator.max_("__key")) == 9
    assert await ints.aggregate(aggregator.distinct(), P.less("this", 2)) == {0, 1}
    decimals = await caller.map()
    await decimals.put_all({1: Decimal("1.25"), 2: Decimal("2.75")})
    assert await decimals.aggregate(aggregator.big_decimal_sum()) == Decimal(4)
    assert await decimals.aggregate(aggregator.big_decimal_avg()) == Decimal(2)


async def test_aggregators_of_nothing(caller: Caller) -> None:
    m = await caller.map()
    assert await m.aggregate(aggregator.count()) == 0
    assert await m.aggregate(aggregator.distinct()) == set()
    for none in (aggregator.int_avg(), aggregator.double_avg(), aggregator.max_(), aggregator.min_by("x")):
        assert await m.aggregate(none) is None
    assert await m.aggregate(aggregator.int_sum()) == 0
    assert await m.aggregate(aggregator.big_integer_sum()) == 0
    assert await m.aggregate(aggregator.big_integer_avg()) is None


async def test_an_aggregation_that_fails_on_the_member(caller: Caller) -> None:
    m = await people(caller)
    with pytest.raises(HazelcastError, match="cannot be cast"):
        await m.aggregate(aggregator.int_sum("name"))


async def test_projections(caller: Caller) -> None:
    m = await people(caller)
    assert sorted(await m.project(projection.single_attribute("age"))) == [30, 40, 50, 60, 70]
    young = P.less("age", 45)
    assert sorted(await m.project(projection.single_attribute("name"), young)) == ["Ann", "Bob"]
    rows = await m.project(projection.multi_attribute("name", "__key", "active"), young)
    assert sorted(rows) == [["Ann", 1, True], ["Bob", 2, False]]
    (entry,) = await m.project(projection.identity(), P.equal("__key", 3))
    assert (entry.key, entry.value.loads()) == (3, PEOPLE[3])
