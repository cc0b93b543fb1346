"""A blocking map: a Python mapping whose entries are stored in the cluster."""

from hazelcast.config import IndexType
from hazelcast.core import HazelcastJsonValue
from hazelcast.proxy.map import BlockingMap
from tour.screen import heading, progress, remark, stopwatch, table

Airports = BlockingMap[str, HazelcastJsonValue]

BATCH = 250


def load(airports: Airports, data: dict[str, HazelcastJsonValue]) -> None:
    """Fill the map, in batches to show the progress."""
    heading("Loading data")
    airports.add_index(["state"], IndexType.HASH)
    airports.add_index(["latitude"], IndexType.SORTED)
    codes = list(data)
    with progress() as bar, stopwatch() as watch:
        task = bar.add_task("Loading airports", total=len(codes))
        for start in range(0, len(codes), BATCH):
            batch = {code: data[code] for code in codes[start : start + BATCH]}
            airports.put_all(batch)
            bar.advance(task, len(batch))
    remark(f"Loaded {len(airports):,} airports in {watch.seconds:.2f} s.")


def use(airports: Airports) -> None:
    """Put, get and iterate."""
    heading("Put and get: a distributed map is a Python mapping")
    airports["X99"] = HazelcastJsonValue({"name": "Demo Field", "city": "Nowhere", "state": "XX"})
    rows: list[tuple[str, object]] = [
        ('airports["SFO"].loads()["name"]', airports["SFO"].loads()["name"]),
        ('airports.get("no such code")', airports.get("no such code")),
        ('"X99" in airports', "X99" in airports),
        ('airports.pop("X99").loads()["name"]', airports.pop("X99").loads()["name"]),
        ('"X99" in airports', "X99" in airports),
        ("len(airports)", len(airports)),
        ("sum(1 for code in airports)  # page by page", sum(1 for _ in airports)),
    ]
    table("Blocking map", ("expression", "value"), rows)
