"""The data that the demo puts into the cluster; `examples/data/README.md` names its source."""

import csv
from pathlib import Path
from typing import Any

from hazelcast.core import HazelcastJsonValue
from tour import DemoError

FILE = Path(__file__).resolve().parent.parent / "data" / "airports.csv"


def read() -> dict[str, HazelcastJsonValue]:
    """Return the airports by IATA code, as JSON, whose attributes members can query.

    Raises:
        DemoError: the file is missing, or isn't what it should be.
    """
    try:
        with FILE.open(encoding="utf-8", newline="") as lines:
            return {row["iata"]: HazelcastJsonValue(_typed(row)) for row in csv.DictReader(lines)}
    except OSError as error:
        raise DemoError(
            f"cannot read {FILE}: {error.strerror}; it is part of the repository, so restore it"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise DemoError(f"{FILE} is not the table of airports that it should be: {error!r}") from error


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "city": row["city"],
        "state": row["state"],
        "latitude": float(row["latitude"]),
        "longitude": float(row["longitude"]),
    }
