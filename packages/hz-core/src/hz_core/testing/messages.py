"""Messages as clients and members send them, made without the generated codecs.

The shapes of the protocol's messages are in ``messages.json``, which ``tools/generate_messages.py`` writes.

Attributes:
    SHAPES: What a message type stands for, by number.
    BY_TITLE: Number and shape by title: ``"Map.put request"``, ``"Map.put response"`` or
        ``"Map.addEntryListener event Entry"``.
    ANSWERS: Methods that members answer with the response of another method, and that method.
    INTERPRETER: Encodes and decodes all of them.
"""

import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

from hz_core.testing.interpreter import (
    IS_FINAL,
    REQUEST_START,
    RESPONSE_START,
    CustomType,
    Interpreter,
    Parameter,
    TypeRef,
    Version,
)
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.schema import Field, Schema

UNFRAGMENTED: Final = 0xC000
IS_EVENT: Final = 0x0200
BACKUP_AWARE: Final = 0x0100
BACKUP_EVENT: Final = 0x0080

_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

ERROR_TYPE: Final = 0
"""The message type of every error answer."""


@dataclass(frozen=True)
class Shape:
    """What a message type stands for.

    Attributes:
        service: Name of the service, such as ``Map``.
        method: Name of the method, such as ``put``; empty for the error answer.
        kind: ``request``, ``response`` or ``event``.
        event: Name of the event, else empty.
        since: The protocol version that has had the message first.
        parameters: The parameters in the protocol's order.
        route: What the partition of a request depends on: ``none``, ``key``, ``name``, ``batch`` and so on.
    """

    service: str
    method: str
    kind: str
    event: str
    since: Version
    parameters: tuple[Parameter, ...]
    route: str = "none"

    @cached_property
    def function(self) -> str:
        """The name of the method of a service that answers the request: ``add_entry_listener``."""
        return _WORD.sub("_", self.method).lower()

    @property
    def title(self) -> str:
        """The name of the message: ``Map.put request``."""
        return f"{self.service}.{self.method} {self.kind} {self.event}".rstrip()

    @property
    def server_version(self) -> Version:
        """The first version of members that know the message."""
        minor = self.since[1]
        return (4, minor) if minor < 3 else (5, minor - 3)

    @property
    def start(self) -> int:
        """Where the fixed-size parameters begin in the payload of the initial frame."""
        return RESPONSE_START if self.kind == "response" else REQUEST_START


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split("."))


def _type(entry: Any) -> TypeRef:
    name, *arguments = [entry] if isinstance(entry, str) else entry
    return TypeRef(name.removesuffix("?"), tuple(map(_type, arguments)), name.endswith("?"))


def _parameters(entries: list[Any], since: str) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, _type(type_), _version(own[0] if own else since)) for name, type_, *own in entries
    )


def _load() -> tuple[dict[int, Shape], dict[str, str], Interpreter]:
    content = json.loads(files("hz_core.testing").joinpath("messages.json").read_text("utf-8"))
    types = {
        name: CustomType(name, _version(since), _parameters(fields, since))
        for name, (since, fields) in content["types"].items()
    }
    shapes = {
        number: Shape(service, method, kind, event, _version(since), _parameters(parameters, since), *route)
        for number, service, method, kind, event, since, parameters, *route in content["messages"]
    }
    return shapes, content["answers"], Interpreter(types)


SHAPES, ANSWERS, INTERPRETER = _load()
BY_TITLE: Final = {shape.title: (number, shape) for number, shape in SHAPES.items()}

_DEFAULTS: Final[dict[str, Any]] = {
    "boolean": False, "byte": 0, "int": 0, "long": 0, "float": 0.0, "UUID": None, "String": "", "Data": b"",
    "byteArray": b"",
}  # fmt: skip


def default_value(parameter: Parameter) -> Any:
    """Return what a parameter is if nothing is said: null where that can be, else zero or empty."""
    return None if parameter.type.nullable else _DEFAULTS.get(parameter.type.name, [])


def encode(title: str, values: Sequence[Any], correlation_id: int, place: int, flags: int = 0) -> bytes:
    """Return the bytes of a message.

    Args:
        title: Title of the message, a key of ``BY_TITLE``.
        values: Values of its parameters. Those left out at the end are empty, zero or, where that can be, null.
        correlation_id: The correlation id.
        place: Partition id of a request or event, number of backup acks of a response.
        flags: Further flags of the initial frame.
    """
    number, shape = BY_TITLE[title]
    head = struct.pack("<iqB" if shape.kind == "response" else "<iqi", number, correlation_id, place)
    rest = map(default_value, shape.parameters[len(values) :])
    return INTERPRETER.encode(head, UNFRAGMENTED | flags, shape.parameters, [*values, *rest])


@dataclass(frozen=True)
class Message:
    """A decoded message.

    Attributes:
        shape: What it is.
        correlation_id: Its correlation id.
        place: Partition id of a request or event, number of backup acks of a response.
        flags: Flags of the initial frame.
        values: Values of the parameters in the protocol's order.
    """

    shape: Shape
    correlation_id: int
    place: int
    flags: int
    values: list[Any]

    def __getitem__(self, name: str) -> Any:
        """Return the value of a parameter by its name."""
        return self.values[[item.name for item in self.shape.parameters].index(name)]


def decode(message: bytes) -> Message:
    """Decode a message of any kind.

    Raises:
        ValueError: The bytes are not what the message type promises, or there is more of them.
    """
    (flags, number, correlation_id) = struct.unpack_from("<Hiq", message, 4)
    shape = SHAPES[number]
    place = struct.unpack_from("<B" if shape.kind == "response" else "<i", message, 18)[0]
    values, rest = INTERPRETER.decode(message, shape.parameters, shape.since, shape.start)
    if rest:
        raise ValueError(f"{shape.title} has {rest} bytes or frames more than its description says")
    return Message(shape, correlation_id, place, flags, values)


def error_bytes(correlation_id: int, code: int, class_name: str, message: str | None = "simulated") -> bytes:
    """Return the bytes of an error answer."""
    holders = [(code, class_name, message, [("Class", "method", "Class.java", 7)])]
    return encode(SHAPES[ERROR_TYPE].title, [holders], correlation_id, 0)


def schema_id(type_name: str, fields: list[tuple[str, int]]) -> int:
    """Return the id of a Compact schema, given as it lies on the wire."""
    return Schema(type_name, [Field(name, FieldKind(kind)) for name, kind in fields]).schema_id


def frames(message: bytes) -> list[bytes]:
    """Return the frames of a message, their headers included."""
    found, pos = [], 0
    while pos < len(message):
        length = struct.unpack_from("<i", message, pos)[0]
        found.append(message[pos : pos + length])
        pos += length
    return found


def fragments(message: bytes, fragment_id: int) -> list[bytes]:
    """Return the message as fragments of one frame each."""
    parts = frames(message)
    made = []
    for index, frame in enumerate(parts):
        flags = (0x8000 if index == 0 else 0) | (0x4000 if index == len(parts) - 1 else 0)
        length, own = struct.unpack_from("<iH", frame)
        body = struct.pack("<iH", length, own | IS_FINAL) + frame[6:]
        made.append(struct.pack("<iHq", 14, flags, fragment_id) + body)
    return made
