"""What Java wrote with its own serialization: named, not read."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from hz_serialization import type_ids
from hz_serialization.problems import damaged
from hz_serialization.registry import Registry
from hz_serialization.scalars import read_text

_BEFORE_NAME = re.compile(rb"\xac\xed\x00\x05[\x73\x75\x76\x7e]?(?:\x72|\x7d....)", re.DOTALL)
"""Magic number, version, what follows (object, array, class or enum), and the description of a class or a proxy."""
_LONGEST = 300
_NAME = re.compile(rb"[\w.$/;\[]+")
_ADVICE = (
    "only Java can read it; on the Java side store a built-in type (ArrayList instead of List.of, say), or "
    "use Compact, Portable, IdentifiedDataSerializable or JSON"
)


def _class_in(data: bytes, pos: int) -> str:
    """Return the name of the class that a stream of Java's serialization begins with."""
    before = _BEFORE_NAME.match(data, pos)
    if before is None:
        return "unknown"
    begin = before.end() + 2
    size = int.from_bytes(data[begin - 2 : begin], "big")
    name = data[begin : begin + size]
    return name.decode() if size == len(name) <= _LONGEST and _NAME.fullmatch(name) else "unknown"


def register_java_streams(registry: Registry) -> None:
    """Add readers of the two Java type ids, which name the class and the alternatives."""
    text = read_text(registry.layout)

    def refuse_serializable(data: bytes, pos: int, depth: int) -> NoReturn:
        name = _class_in(data, pos)
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
