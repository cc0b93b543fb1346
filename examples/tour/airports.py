"""The data of the demo; see ``examples/data/README.md`` for its source."""

import csv
from pathlib import Path
from typing import Any

from hazelcast.core import HazelcastJsonValue
from tour import DemoError

FILE = Path(__file__).resolve().parent.parent / "data" / "airports.csv"


def read() -> dict[str, HazelcastJsonValue]:
    """Return the airports by IATA code, as JSON, so that members can query their attributes.

    Raises:
        DemoError: The file is missing or invalid.
    """
    try:
        with FILE.open(encoding="utf-8", newline="") as lines:
            return {row["iata"]: HazelcastJsonValue(_typed(row)) for row in csv.DictReader(lines)}
    except OSError as error:
        raise DemoError(f"cannot read {FILE}: {error.strerror}; restore it from the repository") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DemoError(f"{FILE} is not the expected table of airports: {error!r}") from error


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "city": row["city"],
        "state": row["state"],
        "latitude": float(row["latitude"]),
        "longitude": float(row["longitude"]),
    }
