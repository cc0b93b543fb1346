"""Values of the cluster as text and JSON, and back."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from hazelcast.core import HazelcastJsonValue
from hazelcast.serialization.compact import GenericRecord
from hz_serialization import Byte, Float, Integer, Long, Short

_INTEGER: Final = re.compile(r"-?(0|[1-9]\d{0,17})")
_FLOAT: Final = re.compile(r"-?(0|[1-9]\d*)\.\d+([eE][-+]?\d+)?")


def to_json(value: Any) -> Any:
    """Return what the ``json`` module can write for ``value``.

    JSON values are parsed, Compact records become objects; dates, decimals and identifiers become texts, bytes Base64.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, HazelcastJsonValue):
        return _parsed(value)
    if isinstance(value, GenericRecord):
        return {name: to_json(value[name]) for name in value.field_names}
    if isinstance(value, Mapping):
        return {_key_text(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def _parsed(value: HazelcastJsonValue) -> Any:
    try:
        return value.loads()
    except ValueError:
        return value.to_string()


def _key_text(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(to_json(key), ensure_ascii=False)


def to_text(value: Any) -> str:
    """Return ``value`` for people and for CSV; None is an empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, HazelcastJsonValue):
        return value.to_string()
    made = to_json(value)
    return made if isinstance(made, str) else json.dumps(made, ensure_ascii=False)


def guessed(text: str) -> Any:
    """Return the number, truth value or JSON that ``text`` looks like, else the text; None for an empty one.

    Digits after a leading zero stay a text: they are codes more often than numbers.
    """
    if not text:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if text in ("true", "false"):
        return text == "true"
    if text[0] in "{[":
        try:
            return HazelcastJsonValue(json.dumps(json.loads(text), ensure_ascii=False))
        except ValueError:
            return text
    return text


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError("write true or false")
    return text.lower() == "true"


def _json(text: str) -> HazelcastJsonValue:
    json.loads(text)
    return HazelcastJsonValue(text)


TYPES: Final[dict[str, Callable[[str], Any]]] = {
    "auto": guessed,
    "str": str,
    "int": lambda text: Integer(int(text)),
    "long": lambda text: Long(int(text)),
    "short": lambda text: Short(int(text)),
    "byte": lambda text: Byte(int(text)),
    "float": lambda text: Float(float(text)),
    "double": float,
    "bool": _truth,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "uuid": UUID,
    "json": _json,
    "bytes": lambda text: base64.b64decode(text, validate=True),
}
"""How texts become values, by the names that options have for types. ``int`` has 32 bits, ``long`` 64."""


def parse(text: str, type_name: str, what: str) -> Any:
    """Return the value of a type that ``text`` stands for.

    Raises:
        ValueError: It stands for none; the text says which value, and what it is for.
    """
    try:
        return TYPES[type_name](text)
    except (ValueError, ArithmeticError) as error:
        raise ValueError(f"{what} {text[:80]!r} is no {type_name} ({error})") from None


def typed(value: Any, type_name: str, what: str) -> Any:
    """Return a value of JSON or Parquet as one of a type; with ``auto``, objects and lists become JSON.

    Raises:
        ValueError: It cannot be converted.
    """
    if value is None:
        return None
    if type_name == "auto":
        if isinstance(value, dict | list):
            return HazelcastJsonValue(json.dumps(to_json(value), ensure_ascii=False))
        return value
    if isinstance(value, str):
        return parse(value, type_name, what)
    if type_name == "json":
        return HazelcastJsonValue(json.dumps(to_json(value), ensure_ascii=False))
    if isinstance(value, date | time):
        return parse(value.isoformat(), type_name, what)
    return parse(to_text(value), type_name, what)
