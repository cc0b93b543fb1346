"""Generated codecs against an independent interpreter of the schema, over vectors and captured traffic."""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from codegen.interpreter import REQUEST_START, RESPONSE_START, Interpreter
from codegen.naming import parameter, pascal, snake
from codegen.schema import Parameter, TypeRef, load, version
from codegen.vectors import Shape, captured, codec_module, message_type, messages, protocol_folder, shapes
from hz_core.wire.types import ABSENT, Record, raw_data

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(__file__).parent / "data"
SCHEMA = load(ROOT / "protocol")
SHAPES = shapes(SCHEMA)
INTERPRETER = Interpreter(SCHEMA.types)
SERVICES = {service.id for service in SCHEMA.services if service.methods}
# Management Center, Cache and experimental services: not part of the schema.
LEFT_OUT = {32, 19, 253}
PROTOCOL = protocol_folder(ROOT)


def _vector_files() -> list[Path]:
    own = sorted(DATA.glob("*.vectors.tsv"))
    if PROTOCOL is None:
        return own
    return own + sorted((PROTOCOL / "binary").glob("*.protocol.compatibility*.binary"))


def _captures() -> list[Path]:
    own = [DATA / "captured.jsonl"]
    return own if PROTOCOL is None else own + sorted((PROTOCOL / "binary").glob("captured-*.jsonl"))


def _known(source: Iterator[bytes]) -> Iterator[tuple[Shape, bytes]]:
    for message in source:
        type_id = message_type(message)
        if type_id in SHAPES:
            yield SHAPES[type_id], message
        else:
            assert type_id >> 16 in LEFT_OUT, f"message type 0x{type_id:06x} is in no schema file"


def _start(shape: Shape) -> int:
    return RESPONSE_START if shape.kind == "response" else REQUEST_START


def _interpret(shape: Shape, message: bytes) -> tuple[list[Any], int]:
    return INTERPRETER.decode(message, shape.parameters, shape.since, _start(shape))


def _encode(shape: Shape, message: bytes, values: Sequence[Any]) -> bytes:
    flags = struct.unpack_from("<H", message, 4)[0] & ~0x2000
    return INTERPRETER.encode(message[6 : 6 + _start(shape)], flags, shape.parameters, values)


def _generated(shape: Shape, message: bytes) -> Any:
    """What the generated decoder makes of a response or event."""
    module = codec_module(shape.service)
    if shape.method is None:
        return _plain(module.decode_error(message))
    constant = getattr(module, snake(shape.method.name).upper())
    decode = constant.decode if shape.kind == "response" else constant.events[message_type(message)]
    return _plain(decode(message, raw_data))


def _plain(value: Any) -> Any:
    """Replace the generated classes by the interpreter's tuples."""
    if isinstance(value, Record):
        return tuple(_plain(item) for item in value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    return value


def _expected(shape: Shape, values: list[Any]) -> Any:
    if not values:
        return None
    return values[0] if len(values) == 1 else tuple(values)


def _has_page(shape: Shape) -> bool:
    return any(item.type.name == "SqlPage" for item in shape.parameters)


def _check_decoder(shape: Shape, message: bytes, values: list[Any]) -> None:
    result = _generated(shape, message)
    if not _has_page(shape):
        assert result == _expected(shape, values), shape.title
        return
    pairs = zip(shape.parameters, result, values, strict=True)
    for item, mine, other in pairs:
        assert (mine is None) == (other is None)
        assert item.type.name == "SqlPage" or mine == other


def _absent_inside(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_absent_inside(item) for item in value)
    return value is ABSENT


def _build(type_: TypeRef, value: Any) -> Any:
    """Replace the interpreter's tuples by the generated classes."""
    if value is None:
        return None
    custom = SCHEMA.types.get(type_.name)
    if custom is not None:
        module = importlib.import_module(f"{custom.owner}.codecs.{custom.module}")
        fields = [_build(item.type, part) for item, part in zip(custom.fields, value, strict=True)]
        return getattr(module, custom.name)(*fields)
    if len(type_.arguments) == 1:
        return [_build(type_.arguments[0], item) for item in value]
    if type_.arguments:
        return [(_build(type_.arguments[0], key), _build(type_.arguments[1], item)) for key, item in value]
    return value


def _check_encoder(shape: Shape, message: bytes, values: list[Any]) -> None:
    assert shape.method is not None
    module = codec_module(shape.service)
    encode = getattr(module, f"{snake(shape.method.name)}_request")
    partition_id = struct.unpack_from("<i", message, 18)[0]
    arguments: dict[str, Any] = {"partition_id": partition_id}
    for item, value in zip(shape.parameters, values, strict=True):
        arguments[parameter(item.name)] = _build(item.type, value)
    expected = bytearray(message)
    # The engine's part of the header: correlation id 0 and no backup-aware flag come from an encoder. A
    # parameter `partitionId` is written together with the one in the header.
    expected[5] &= 0xFE
    struct.pack_into("<qi", expected, 10, 0, arguments["partition_id"])
    request = encode(**arguments)
    assert type(request) is bytearray
    assert request == expected, shape.title


def _check(shape: Shape, message: bytes) -> bool:
    """Check one message all ways; True if generated code took part."""
    values, left_over = _interpret(shape, message)
    assert left_over == 0, shape.title
    assert _encode(shape, message, values) == message, shape.title
    if codec_module(shape.service) is None:
        return False
    if shape.kind != "request":
        _check_decoder(shape, message, values)
        return True
    if _absent_inside(values):
        return False
    _check_encoder(shape, message, values)
    return True


def _absent_by_version(parameters: Sequence[Parameter], limit: str) -> list[bool]:
    return [version(item.since) > version(limit) for item in parameters]


@pytest.mark.parametrize("path", _vector_files(), ids=lambda path: path.name)
def test_compatibility_vectors(path: Path) -> None:
    """Upstream's files (and our own of the same form) decode and encode to the same bytes."""
    limit = ".".join(path.name.split(".")[:2])
    count = generated = 0
    for shape, message in _known(messages(path)):
        values, _ = _interpret(shape, message)
        assert [value is ABSENT for value in values] == _absent_by_version(shape.parameters, limit)
        generated += _check(shape, message)
        count += 1
    assert count > 20
    assert generated > 0


@pytest.mark.parametrize("path", _captures(), ids=lambda path: path.name)
def test_captured_traffic(path: Path) -> None:
    """What real members and the official client sent decodes with nothing left over."""
    count = 0
    for shape, message in _known(captured(path)):
        _check(shape, message)
        count += 1
    assert count > 4


def _decodable() -> dict[str, tuple[Shape, bytes]]:
    """One whole response or event per shape, from the newest vectors."""
    found = _known(messages(DATA / "2.10.vectors.tsv"))
    return {
        f"{shape.title} {shape.event}".strip(): (shape, message)
        for shape, message in found
        if shape.kind != "request" and codec_module(shape.service) is not None
    }


def test_a_newer_peer_may_add_bytes_and_frames() -> None:
    """Surplus bytes of the initial frame and surplus frames at the end change nothing."""
    for shape, message in _decodable().values():
        values, _ = _interpret(shape, message)
        length = struct.unpack_from("<i", message)[0]
        longer = struct.pack("<i", length + 5) + message[4:length] + b"\x07" * 5 + message[length:]
        surplus = b"\x09\0\0\0\0\0new\x06\0\0\0\0\x04"
        _check_decoder(shape, longer, values)
        # A later parameter of ours would be read from the surplus, were it not there; here all are.
        _check_decoder(shape, message + surplus, values)
        _check_decoder(shape, longer + surplus, values)


def test_every_method_has_its_constant_and_functions() -> None:
    """Names of generated code follow from the schema's names."""
    for service in SCHEMA.services:
        module = codec_module(service)
        if module is None:
            continue
        for method in service.methods:
            constant = getattr(module, snake(method.name).upper())
            assert constant.name == f"{service.name}.{method.name}"
            assert constant.request_type == method.request_type
            assert constant.response_type == method.response_type
            assert constant.retryable == method.retryable
            assert constant.decode is getattr(module, f"{snake(method.name)}_response")
            assert set(constant.events) == {event.type_id for event in method.events}
            if len(method.response) > 1:
                assert hasattr(module, f"{pascal(method.name)}Response")
