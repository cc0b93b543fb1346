"""Compare the serialization of single values: ours, with and without hz-speedups, and the official client's.

    python benchmarks/serialization_bench.py --official /path/to/venv/bin/python [--out docs/benchmarks]

The official client needs a separate environment (``pip install hazelcast-python-client``), because it has the same
import name. Every round runs the contenders in turn, each in a new process and in a different order; ratios are
computed within a round. Without --official, only ours is measured; with --out, a page is written.
"""

from __future__ import annotations

import argparse
import json
import os
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
PIECE = 0.005
ROOT = Path(__file__).resolve().parent.parent
PURE, SPEEDUPS, OFFICIAL = "pure", "speedups", "official"
AUTOMATIC = "Compact, dataclass of six fields"
GOALS = {
    "int": "2.5; 4",
    "str": "2.5; 4",
    "json": "2.5; 4",
    "bytes 1 MB": "8",
    "Compact, six fields": "2.5; 8",
    "Portable, six fields": "2.5; 8",
    "1 M int": "50",
    "1 M double": "50",
}


def cases(json_value: Callable[[str], Any]) -> dict[str, Any]:
    """Return the values, by name."""
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
    """The class of the Compact case, with six fields."""

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
    """A class with the same six fields, serialized by its annotations; ours only."""

    id: int
    name: str
    email: str
    active: bool
    score: float
    created: int


def compact_serializer(base: Any) -> Any:
    """Return a serializer of ``Customer``, derived from the ``CompactSerializer`` of a client."""

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
    """Return a class with six fields, derived from the ``Portable`` of a client."""

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
    """Return the calls per second in the fastest part of ``PIECE`` seconds, within ``SECONDS``.

    Disturbances only make a part slower, never faster; the first parts are the warm-up.
    """
    count, best = 1, 0.0
    end = time.perf_counter() + SECONDS
    while True:
        begin = time.perf_counter()
        for _ in range(count):
            call(argument)
        now = time.perf_counter()
        if now - begin >= PIECE / 2:
            best = max(best, count / (now - begin))
            if now >= end:
                return best
        else:
            count *= 2


def large(numbers: Callable[[str, range], Any]) -> dict[str, Any]:
    """Return many numbers: an array if the client supports it, otherwise a list."""
    return {"1 M int": numbers("i", range(1_000_000)), "1 M double": numbers("d", range(1_000_000))}


def as_list(code: str, values: range) -> list[Any]:
    """Return a list for the official client, which pickles arrays as text that Java cannot read."""
    return [float(value) for value in values] if code == "d" else list(values)


def measure(
    service: Any, json_value: Callable[[str], Any], portable: Any, numbers: Callable[[str, range], Any]
) -> dict[str, list[float]]:
    """Return the writing and reading rates of all cases."""
    results = {}
    objects = {"Compact, six fields": CUSTOMER, "Portable, six fields": portable()}
    for name, value in {**cases(json_value), **objects, **large(numbers)}.items():
        data = service.to_data(value)
        results[name] = [rate(service.to_data, value), rate(service.to_object, data)]
    return results


def measure_ours(who: str) -> dict[str, list[float]]:
    """Return this repository's service, with speedups unless ``HZ_PURE_PYTHON`` is set."""
    sys.path.insert(0, str(ROOT / "packages" / "hz-serialization" / "src"))
    from hz_serialization import HazelcastJsonValue, SerializationConfig, SerializationService
    from hz_serialization.api import CompactSerializer, Portable
    from hz_serialization.speedups import compiled

    if (compiled("_compact") is None) is (who == SPEEDUPS):
        sys.exit("Install hz-speedups, built with a C compiler: pip install ./packages/hz-speedups")
    portable = portable_class(Portable)
    config = SerializationConfig(
        compact_serializers=[compact_serializer(CompactSerializer)], portable_factories={1: {1: portable}}
    )
    results = measure(SerializationService(config), HazelcastJsonValue, portable, array)
    automatic = SerializationService(SerializationConfig(compact_serializers=[Account]))
    value = Account(7, "Ada Lovelace", "ada@example.org", True, 1.5, 1_700_000_000_000)
    data = automatic.to_data(value)
    results[AUTOMATIC] = [
        rate(automatic.to_data, value),
        rate(automatic.to_object, data),
    ]
    return results


def measure_official() -> dict[str, list[float]]:
    """Return the official client's service; this runs in its environment."""
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
        except Exception as error:  # the schema, which a client would replicate first
            schema = getattr(error, "schema", None)
            if schema is None:
                raise
            made.compact_stream_serializer.register_schema_to_id(schema)
        else:
            return measure(made, core.HazelcastJsonValue, portable, as_list)


def run(who: str, official: str | None) -> dict[str, list[float]]:
    """Run one measurement in a new process."""
    python = official if who == OFFICIAL and official else sys.executable
    environment = {**os.environ, "HZ_PURE_PYTHON": "1" if who == PURE else "0"}
    command = [python, __file__, "--measure", who]
    answer = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=300, env=environment
    )
    results: dict[str, list[float]] = json.loads(answer.stdout)
    return results


Rounds = list[dict[str, dict[str, list[float]]]]
"""Return the writing and reading rates by contender and case, for each round."""


def rates(rounds: Rounds, who: str, case: str, direction: int) -> list[float]:
    """Return a contender's rate in each round; empty if it does not support the case."""
    return [found[who][case][direction] for found in rounds if case in found.get(who, {})]


def ratios(rounds: Rounds, who: str, case: str, direction: int, to: tuple[str, str]) -> str:
    """Return the ratio to a contender in a case: median, minimum and maximum of the rounds."""
    mine, theirs = rates(rounds, who, case, direction), rates(rounds, *to, direction)
    found = [one / other for one, other in zip(mine, theirs, strict=False)]
    if not found:
        return "-"
    return f"{shown(statistics.median(found))} [{shown(min(found))} to {shown(max(found))}]"


def shown(value: float) -> str:
    """Return a number with three significant digits; numbers from 100 on as integers."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def table(rounds: Rounds) -> str:
    """Return the medians in thousands per second, and the ratios, in Markdown."""
    head = [
        "value",
        "",
        "pure k/s",
        "speedups k/s",
        "official k/s",
        "pure / official",
        "speedups / official",
        "goal",
    ]
    lines = [f"| {' | '.join(head)} |", "| --- | --- |" + " ---: |" * 5 + " --- |"]
    for case in rounds[0][SPEEDUPS]:
        for direction, verb in enumerate(("write", "read")):
            cells = [case, verb]
            for who in (PURE, SPEEDUPS, OFFICIAL):
                found = rates(rounds, who, case, direction)
                cells.append(shown(statistics.median(found) / 1000) if found else "-")
            cells += [ratios(rounds, who, case, direction, (OFFICIAL, case)) for who in (PURE, SPEEDUPS)]
            lines.append(f"| {' | '.join([*cells, GOALS.get(case, '')])} |")
    return "\n".join(lines)


def automatic(rounds: Rounds) -> str:
    """Return the rates of automatic serialization, compared with a handwritten serializer."""
    lines = []
    for who in (PURE, SPEEDUPS):
        for direction, verb in enumerate(("writing", "reading")):
            spread = ratios(rounds, who, AUTOMATIC, direction, (who, "Compact, six fields"))
            lines.append(f"- {who}, {verb}: {spread}")
    return "\n".join(lines)


def page(rounds: Rounds, command: str) -> str:
    """Return the whole page."""
    from hzbench.machine import facts

    about = "\n".join(f"- {name}: {value}" for name, value in facts().items())
    return f"""# Serialization: speed

Made by `{command}`. *Pure* is hz-serialization alone, *speedups* the same with hz-speedups, *official* the
serialization service of hazelcast-python-client 5.7.0. Each round runs every contender in a new process, in a
different order. Rates are medians over the rounds, in thousands of values per second; a ratio is computed within each
round, and the table has its median, minimum and maximum. In each round the fastest part of {1000 * PIECE:g} ms is used,
because disturbances only make a part slower. The goals are for pure Python and for speedups.

{about}
- rounds: {len(rounds)}, {SECONDS:g} s for each figure

{table(rounds)}

The official client writes `bytes` and arrays as pickles, which Java cannot read; for *1 M int* and *1 M double* it
gets lists, ours `array.array`.

The rates of a dataclass that is serialized by its annotations, compared with a `CompactSerializer` of the same six
fields (goal: 0.67, that is within 1.5 times):

{automatic(rounds)}
"""


def main() -> None:
    """Run the rounds, print the table and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--official", help="python of an environment with hazelcast-python-client")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, metavar="DIR", help="write serialization.md there")
    parser.add_argument("--measure", choices=[PURE, SPEEDUPS, OFFICIAL], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(
            json.dumps(measure_official() if options.measure == OFFICIAL else measure_ours(options.measure))
        )
        return
    contenders = [PURE, SPEEDUPS, *([OFFICIAL] if options.official else [])]
    rounds: Rounds = []
    for number in range(options.rounds):
        first = number % len(contenders)
        order = contenders[first:] + contenders[:first]
        rounds.append({who: run(who, options.official) for who in order})
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    if options.out:
        script = f"{Path(__file__).parent.name}/{Path(__file__).name}"
        command = f"python {script} --official PYTHON --rounds {options.rounds} --out {options.out}"
        (options.out / "serialization.md").write_text(page(rounds, command), "utf-8")
    print(table(rounds), automatic(rounds), sep="\n\n")


if __name__ == "__main__":
    main()
