"""A query with a column of every SQL type, and what becomes of its values in Arrow."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from hz_serialization import HazelcastJsonValue

MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789012)
_CASES: list[tuple[str, Any, str]] = [
    ("VARCHAR", "ü𝄞", "string"),
    ("BOOLEAN", True, "bool"),
    ("TINYINT", -128, "int8"),
    ("SMALLINT", 2**15 - 1, "int16"),
    ("INTEGER", -(2**31), "int32"),
    ("BIGINT", 2**63 - 1, "int64"),
    ("DECIMAL", Decimal("-12345678901234567890.125"), "decimal128(38, 3)"),
    ("REAL", 1.5, "float"),
    ("DOUBLE", 0.1, "double"),
    ("DATE", date(1969, 2, 3), "date32[day]"),
    ("TIME", time(4, 5, 6, 7), "time64[us]"),
    ("TIMESTAMP", MOMENT, "timestamp[us]"),
    ("TIMESTAMP WITH TIME ZONE", MOMENT.replace(tzinfo=UTC), "timestamp[us, tz=UTC]"),
    (
        "TIMESTAMP WITH TIME ZONE",
        MOMENT.replace(tzinfo=timezone(timedelta(hours=-3))),
        "timestamp[us, tz=UTC]",
    ),
    ("JSON", HazelcastJsonValue({"a": [1, None]}), "string"),
    ("OBJECT", [1, 2, None], "list<item: int64>"),
]

EVERY_TYPE = f"SELECT {', '.join(f'CAST(? AS {name}) AS c{index}' for index, (name, _, _) in enumerate(_CASES))}, NULL AS n"
VALUES = [value for _, value, _ in _CASES]
"""The parameters of the query."""

ARROW_TYPES = [*(kind for _, _, kind in _CASES), "null"]
ARROW_VALUES = [*(v.to_string() if isinstance(v, HazelcastJsonValue) else v for v in VALUES), None]
