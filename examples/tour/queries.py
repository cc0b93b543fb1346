"""Queries that members execute, each for its own part of the data."""

from collections import Counter
from collections.abc import Iterable

from hazelcast.aggregator import count, distinct, max_by, min_by, number_avg
from hazelcast.core import HazelcastJsonValue
from hazelcast.predicate import and_, equal, greater, like, paging, sql
from hazelcast.projection import multi_attribute, single_attribute
from tour import DemoError
from tour.mapping import Airports
from tour.screen import heading, remark, table


def predicates(airports: Airports) -> None:
    """Find entries by conditions: with functions, and in SQL."""
    heading("Queries: members filter entries")
    northern = and_(equal("state", "CA"), greater("latitude", 41), like("name", "%County%"))
    _airports("Predicates: in California, north of 41°, name with County", airports.entry_set(northern))
    found = airports.entry_set(sql("city IN ('Honolulu', 'Hilo', 'Lihue') AND longitude < -155"))
    _airports("A condition in SQL: airports of three Hawaiian cities", found)


def pages(airports: Airports) -> None:
    """Fetch a sorted result in pages."""
    heading("Paging: members sort results")
    hawaiian = paging(equal("state", "HI"), 5)
    for _ in range(2):
        _airports(f"Hawaii by code, page {hawaiian.page}", airports.entry_set(hawaiian))
        hawaiian.next_page()


def aggregations(airports: Airports) -> None:
    """Let the members count, average and project, so that entries are not transferred."""
    heading("Aggregation and projection: members calculate")
    alaskan = equal("state", "AK")
    north, south = airports.aggregate(max_by("latitude")), airports.aggregate(min_by("latitude"))
    if north is None or south is None:
        raise DemoError("the members found no airports")
    rows: list[tuple[str, object]] = [
        ("count()", airports.aggregate(count())),
        ('count() where state = "AK"', airports.aggregate(count(), alaskan)),
        ('number of distinct("state")', len(airports.aggregate(distinct("state")))),
        ('number_avg("latitude")', f"{airports.aggregate(number_avg('latitude')):.4f}"),
        ('max_by("latitude")', f"{north.key} {north.value.loads()['name']}"),
        ('min_by("latitude")', f"{south.key} {south.value.loads()['name']}"),
    ]
    table("Aggregations", ("aggregator", ">result"), rows)
    # Sorted, so that the order of states with the same number of airports is stable.
    states = Counter(sorted(airports.project(single_attribute("state"))))
    table("Projection of one attribute, counted by the client", ("state", ">airports"), states.most_common(5))
    west = airports.project(multi_attribute("city", "name"), sql("state = 'AK' AND longitude < -169"))
    remark(f"Projection of two attributes, far west: {', '.join(sorted(city for city, _ in west))}")


def _airports(title: str, entries: Iterable[tuple[str, HazelcastJsonValue]]) -> None:
    rows = []
    for code, json in sorted(entries):
        airport = json.loads()
        rows.append((code, airport["name"], airport["city"], f"{airport['latitude']:.2f}"))
    table(title, ("code", "name", "city", ">latitude"), rows)
