"""Messages as members send them, made by the schema's interpreter instead of the codecs under test."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from codegen.interpreter import Interpreter
from codegen.schema import load
from codegen.vectors import Shape, shapes
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import Field, Schema

SCHEMA = load(Path(__file__).resolve().parents[3] / "protocol")
SHAPES = shapes(SCHEMA)
INTERPRETER = Interpreter(SCHEMA.types)
ERROR_SHAPE = SHAPES[0]
BY_TITLE = {f"{shape.title} {shape.event}".strip(): (type_id, shape) for type_id, shape in SHAPES.items()}

UNFRAGMENTED, IS_FINAL, IS_EVENT, BACKUP_AWARE, BACKUP_EVENT = 0xC000, 0x2000, 0x0200, 0x0100, 0x0080


def encode(title: str, values: tuple[Any, ...], correlation_id: int, place: int, flags: int = 0) -> bytes:
    """Make the bytes of a message; `place` is its partition id, or number of backup acks in a response."""
    type_id, shape = BY_TITLE[title]
    code = "<iqB" if shape.kind in ("response", "error") else "<iqi"
    head = struct.pack(code, type_id, correlation_id, place)
    given = [*values, *_defaults(shape)[len(values) :]]
    return INTERPRETER.encode(head, UNFRAGMENTED | flags, shape.parameters, given)


def _defaults(shape: Shape) -> list[Any]:
    simple = {"boolean": False, "byte": 0, "int": 0, "long": 0, "UUID": None, "String": ""}
    return [None if p.type.nullable else simple.get(p.type.name, []) for p in shape.parameters]


def error_bytes(correlation_id: int, code: int, class_name: str, message: str = "simulated") -> bytes:
    """Make the bytes of an error answer."""
    head = struct.pack("<iqB", 0, correlation_id, 0)
    holders = [(code, class_name, message, [("Class", "method", "Class.java", 7)])]
    return INTERPRETER.encode(head, UNFRAGMENTED, ERROR_SHAPE.parameters, [holders])


def schema_id(type_name: str, fields: list[tuple[str, int]]) -> int:
    """Return the id of a Compact schema as it lies on the wire."""
    return Schema(type_name, [Field(name, FieldKind(kind)) for name, kind in fields]).schema_id


def frames(message: bytes) -> list[bytes]:
    """Cut a message into its frames, headers included."""
    found, pos = [], 0
    while pos < len(message):
        length = struct.unpack_from("<i", message, pos)[0]
        found.append(message[pos : pos + length])
        pos += length
    return found


def fragments(message: bytes, fragment_id: int) -> list[bytes]:
    """Cut a message into fragments of one frame each."""
    parts = frames(message)
    made = []
    for index, frame in enumerate(parts):
        flags = (0x8000 if index == 0 else 0) | (0x4000 if index == len(parts) - 1 else 0)
        length, own = struct.unpack_from("<iH", frame)
        body = struct.pack("<iH", length, own | IS_FINAL) + frame[6:]
        made.append(struct.pack("<iHq", 14, flags, fragment_id) + body)
    return made
