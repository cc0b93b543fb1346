"""What Java wrote with its own serialization: named, not read."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from hz_serialization import type_ids
from hz_serialization.problems import damaged
from hz_serialization.registry import Registry
from hz_serialization.scalars import read_text

_CLASS_DESCRIPTION = re.compile(
    rb"\xac\xed\x00\x05[\x73\x75\x7e]?\x72?(?:\x7d....|..)([\w.$/;\[]+)", re.DOTALL
)
_ADVICE = (
    "only Java can read it; on the Java side store a built-in type (ArrayList instead of List.of, say), or "
    "use Compact, Portable, IdentifiedDataSerializable or JSON"
)


def _class_in(stream: bytes) -> str:
    found = _CLASS_DESCRIPTION.match(stream)
    return found[1].decode() if found else "unknown"


def register_java_streams(registry: Registry) -> None:
    """Add readers of the two Java type ids, which name the class and the alternatives."""
    text = read_text(registry.layout)

    def refuse_serializable(data: bytes, pos: int, depth: int) -> NoReturn:
        name = _class_in(data[pos : pos + 300])
        raise damaged(
            f"type id {type_ids.JAVA_SERIALIZABLE} is java.io.Serializable, class {name}: {_ADVICE}"
        )

    def refuse_externalizable(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        name, _ = text(data, pos)
        raise damaged(
            f"type id {type_ids.JAVA_EXTERNALIZABLE} is java.io.Externalizable, class {name}: {_ADVICE}"
        )

    registry.add_reader(type_ids.JAVA_SERIALIZABLE, refuse_serializable)
    registry.add_reader(type_ids.JAVA_EXTERNALIZABLE, refuse_externalizable)
