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
from collections.abc import Callable
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


def measure(service: Any, json_value: Callable[[str], Any]) -> dict[str, list[float]]:
    """Writing and reading rate of every case."""
    results = {}
    for name, value in cases(json_value).items():
        data = service.to_data(value)
        results[name] = [rate(service.to_data, value), rate(service.to_object, data)]
    return results


def measure_ours() -> dict[str, list[float]]:
    """This repository's service."""
    sys.path.insert(0, str(ROOT / "packages" / "hz-serialization" / "src"))
    from hz_serialization import HazelcastJsonValue, SerializationService

    return measure(SerializationService(), HazelcastJsonValue)


def measure_official() -> dict[str, list[float]]:
    """The official client's service, in whose environment this runs."""
    import importlib

    core = importlib.import_module("hazelcast.core")
    config = importlib.import_module("hazelcast.config")
    service = importlib.import_module("hazelcast.serialization.service")
    return measure(service.SerializationServiceV1(config.Config()), core.HazelcastJsonValue)


def run(python: str, who: str) -> dict[str, list[float]]:
    """One measurement in a process of its own."""
    command = [python, __file__, "--measure", who]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    results: dict[str, list[float]] = json.loads(answer.stdout)
    return results


def table(rounds: dict[str, list[dict[str, list[float]]]]) -> str:
    """Medians and ratios as text."""
    lines = [f"{'case':18}{'':8}{'ours k/s':>12}{'official k/s':>14}{'ratio':>8}"]
    for name in rounds["ours"][0]:
        for index, direction in enumerate(("write", "read")):
            ours = statistics.median(result[name][index] for result in rounds["ours"])
            line = f"{name:18}{direction:8}{ours / 1000:12.1f}"
            if rounds["official"]:
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
