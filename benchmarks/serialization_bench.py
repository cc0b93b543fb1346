"""Serialization of single values: ours against the official client's, interleaved, in own processes.

    python benchmarks/serialization_bench.py --official /path/to/venv/bin/python

The official client needs an environment of its own (`pip install hazelcast-python-client`), since it owns the
same import name. Every round runs ours and the official in turn, each in a fresh process; the table shows the
median of the rounds and the ratio. Without --official, ours alone is measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 0.15
ROOT = Path(__file__).resolve().parent.parent


def cases(json_value: Callable[[str], Any]) -> dict[str, Any]:
    """The values, by name."""
    return {
        "int": 123456,
        "str": "customer-000123",
        "float": 123.456,
        "bool": True,
        "json": json_value('{"name": "Ada", "age": 36, "tags": ["a", "b"]}'),
        "bytearray 100": bytearray(100),
        "bytes 1 MB": bytes(1_000_000),
        "list of 100 int": list(range(100)),
        "list of 100 str": [f"item-{number}" for number in range(100)],
    }


class Customer:
    """What the Compact case writes: six fields."""

    __slots__ = ("active", "created", "email", "id", "name", "score")

    def __init__(self, id: int, name: str, email: str, active: bool, score: float, created: int) -> None:
        self.id = id
        self.name = name
        self.email = email
        self.active = active
        self.score = score
        self.created = created


CUSTOMER = Customer(7, "Ada Lovelace", "ada@example.org", True, 1.5, 1_700_000_000_000)


@dataclass
class Account:
    """The same six fields, whose Compact form follows from the annotations; ours only."""

    id: int
    name: str
    email: str
    active: bool
    score: float
    created: int


def compact_serializer(base: Any) -> Any:
    """A serializer of ``Customer`` that is derived from one client's ``CompactSerializer``."""

    class CustomerSerializer(base):  # type: ignore[misc] # the base comes from either client
        """The same source for both."""

        def read(self, reader: Any) -> Customer:
            """From the fields."""
            return Customer(
                reader.read_int32("id"),
                reader.read_string("name"),
                reader.read_string("email"),
                reader.read_boolean("active"),
                reader.read_float64("score"),
                reader.read_int64("created"),
            )

        def write(self, writer: Any, obj: Customer) -> None:
            """To the fields."""
            writer.write_int32("id", obj.id)
            writer.write_string("name", obj.name)
            writer.write_string("email", obj.email)
            writer.write_boolean("active", obj.active)
            writer.write_float64("score", obj.score)
            writer.write_int64("created", obj.created)

        def get_class(self) -> type[Customer]:
            """The class."""
            return Customer

        def get_type_name(self) -> str:
            """Its name."""
            return "customer"

    return CustomerSerializer()


def portable_class(base: Any) -> Any:
    """A class of six fields that is derived from one client's ``Portable``."""

    class PortableCustomer(base):  # type: ignore[misc] # the base comes from either client
        """The same source for both."""

        def __init__(self) -> None:
            self.id = 7
            self.created = 1_700_000_000_000
            self.name = "Ada Lovelace"
            self.score = 1.5
            self.active = True
            self.email = "ada@example.org"

        def get_factory_id(self) -> int:
            """The factory."""
            return 1

        def get_class_id(self) -> int:
            """The class."""
            return 1

        def write_portable(self, writer: Any) -> None:
            """To the fields."""
            writer.write_int("id", self.id)
            writer.write_long("created", self.created)
            writer.write_string("name", self.name)
            writer.write_double("score", self.score)
            writer.write_boolean("active", self.active)
            writer.write_string("email", self.email)

        def read_portable(self, reader: Any) -> None:
            """From the fields."""
            self.id = reader.read_int("id")
            self.created = reader.read_long("created")
            self.name = reader.read_string("name")
            self.score = reader.read_double("score")
            self.active = reader.read_boolean("active")
            self.email = reader.read_string("email")

    return PortableCustomer


def rate(call: Callable[[Any], Any], argument: Any) -> float:
    """Calls per second, over `SECONDS` after a short warm-up."""
    count = 1
    while True:
        begin = time.perf_counter()
        for _ in range(count):
            call(argument)
        elapsed = time.perf_counter() - begin
        if elapsed >= SECONDS:
            return count / elapsed
        count = max(count * 2, int(count * SECONDS * 1.1 / max(elapsed, 1e-9)))


def large(numbers: Callable[[str, range], Any]) -> dict[str, Any]:
    """Numbers in bulk: an array where the client has a way for it, else the list that its users have."""
    return {"1 M int": numbers("i", range(1_000_000)), "1 M double": numbers("d", range(1_000_000))}


def as_list(code: str, values: range) -> list[Any]:
    """What the official client's users have: it pickles an array item by item, as text, which no Java reads."""
    return [float(value) for value in values] if code == "d" else list(values)


def measure(
    service: Any, json_value: Callable[[str], Any], portable: Any, numbers: Callable[[str, range], Any]
) -> dict[str, list[float]]:
    """Writing and reading rate of every case."""
    results = {}
    objects = {"Compact, six fields": CUSTOMER, "Portable, six fields": portable()}
    for name, value in {**cases(json_value), **objects, **large(numbers)}.items():
        data = service.to_data(value)
        results[name] = [rate(service.to_data, value), rate(service.to_object, data)]
    return results


def measure_ours() -> dict[str, list[float]]:
    """This repository's service."""
    sys.path.insert(0, str(ROOT / "packages" / "hz-serialization" / "src"))
    from hz_serialization import HazelcastJsonValue, SerializationConfig, SerializationService
    from hz_serialization.api import CompactSerializer, Portable

    portable = portable_class(Portable)
    config = SerializationConfig(
        compact_serializers=[compact_serializer(CompactSerializer)], portable_factories={1: {1: portable}}
    )
    results = measure(SerializationService(config), HazelcastJsonValue, portable, array)
    automatic = SerializationService(SerializationConfig(compact_serializers=[Account]))
    value = Account(7, "Ada Lovelace", "ada@example.org", True, 1.5, 1_700_000_000_000)
    data = automatic.to_data(value)
    results["Compact, dataclass of six fields"] = [
        rate(automatic.to_data, value),
        rate(automatic.to_object, data),
    ]
    return results


def measure_official() -> dict[str, list[float]]:
    """The official client's service, in whose environment this runs."""
    import importlib

    core = importlib.import_module("hazelcast.core")
    config = importlib.import_module("hazelcast.config")
    service = importlib.import_module("hazelcast.serialization.service")
    api = importlib.import_module("hazelcast.serialization.api")
    options = config.Config()
    options.compact_serializers = [compact_serializer(api.CompactSerializer)]
    portable = portable_class(api.Portable)
    options.portable_factories = {1: {1: portable}}
    made = service.SerializationServiceV1(options)
    while True:
        try:
            made.to_data(CUSTOMER)
        except Exception as error:  # the schema, for the client to replicate first
            schema = getattr(error, "schema", None)
            if schema is None:
                raise
            made.compact_stream_serializer.register_schema_to_id(schema)
        else:
            return measure(made, core.HazelcastJsonValue, portable, as_list)


def run(python: str, who: str) -> dict[str, list[float]]:
    """One measurement in a process of its own."""
    command = [python, __file__, "--measure", who]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    results: dict[str, list[float]] = json.loads(answer.stdout)
    return results


def table(rounds: dict[str, list[dict[str, list[float]]]]) -> str:
    """Medians and ratios as text."""
    lines = [f"{'case':34}{'':8}{'ours k/s':>12}{'official k/s':>14}{'ratio':>8}"]
    for name in rounds["ours"][0]:
        for index, direction in enumerate(("write", "read")):
            ours = statistics.median(result[name][index] for result in rounds["ours"])
            line = f"{name:34}{direction:8}{ours / 1000:12.1f}"
            if rounds["official"] and name in rounds["official"][0]:
                theirs = statistics.median(result[name][index] for result in rounds["official"])
                line += f"{theirs / 1000:14.1f}{ours / theirs:8.1f}"
            lines.append(line)
    return "\n".join(lines)


def main() -> None:
    """Runs the rounds and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--official", help="python of an environment with hazelcast-python-client")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--measure", choices=["ours", "official"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_ours() if options.measure == "ours" else measure_official()))
        return
    rounds: dict[str, list[dict[str, list[float]]]] = {"ours": [], "official": []}
    for _ in range(options.rounds):
        rounds["ours"].append(run(sys.executable, "ours"))
        if options.official:
            rounds["official"].append(run(options.official, "official"))
    print(table(rounds))


if __name__ == "__main__":
    main()
