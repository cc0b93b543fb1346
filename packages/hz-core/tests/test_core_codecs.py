"""Generated codecs against an independent interpreter of the schema, over vectors and captured traffic."""

import importlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from codegen.naming import constant, operation, parameter, pascal
from codegen.schema import TypeRef as SchemaTypeRef
from codegen.schema import version
from core_vectors import SCHEMA, codec_module, message_type, messages
from hz_core.connection import Connection
from hz_core.model import Address
from hz_core.op import Op
from hz_core.testing.interpreter import IS_FINAL, Parameter, TypeRef
from hz_core.testing.messages import INTERPRETER, SHAPES, Shape
from hz_core.wire.types import ABSENT, Record, raw_data

DATA = Path(__file__).parent / "data"
# Management Center, Cache and experimental services: not part of the schema.
LEFT_OUT = {32, 19, 253}
UPSTREAM = [f"protocol/{version}.protocol.compatibility" for version in ("2.0", "2.4", "2.7", "2.10")]
VECTORS = ["2.2.vectors.tsv", *(f"{stem}{end}" for stem in UPSTREAM for end in (".binary", ".null.binary"))]
CAPTURED = [f"captured-{member}.tsv" for member in ("4.0", "5.4.0", "5.7.0", "two-members-5.7.0")]


def _known(source: Iterator[bytes]) -> Iterator[tuple[Shape, bytes]]:
    for message in source:
        type_id = message_type(message)
        if type_id in SHAPES:
            yield SHAPES[type_id], message
        else:
            assert type_id >> 16 in LEFT_OUT, f"message type 0x{type_id:06x} is in no schema file"


def _interpret(shape: Shape, message: bytes) -> tuple[list[Any], int]:
    return INTERPRETER.decode(message, shape.parameters, shape.since, shape.start)


def _encode(shape: Shape, message: bytes, values: Sequence[Any]) -> bytes:
    flags = struct.unpack_from("<H", message, 4)[0] & ~IS_FINAL
    return INTERPRETER.encode(message[6 : 6 + shape.start], flags, shape.parameters, values)


def _generated(shape: Shape, message: bytes) -> Any:
    """What the generated decoder makes of a response or event."""
    module = codec_module(shape.service)
    if not shape.method:
        return _plain(module.decode_error(message))
    method = getattr(module, constant(shape.method))
    decode = method.decode if shape.kind == "response" else method.events[message_type(message)]
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


def _build(type_: TypeRef | SchemaTypeRef, value: Any) -> Any:
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


class _Nobody:
    """Owner of a connection that is never used."""

    def on_connection_opened(self, connection: Connection) -> None:
        raise AssertionError(connection)

    def on_connection_closed(self, connection: Connection, error: Exception) -> None:
        raise AssertionError(connection)

    def on_messages(self, connection: Connection, messages: Iterable[bytes]) -> None:
        raise AssertionError(connection)


CONNECTION = Connection(1, Address("nowhere", 1), _Nobody(), 1000)


def _make(shape: Shape, partition_id: int, values: Sequence[Any]) -> Op[Any]:
    """Call the generated function of a request with all its parameters, and what its route demands."""
    arguments: dict[str, Any] = {
        parameter(item.name): _build(item.type, value)
        for item, value in zip(shape.parameters, values, strict=True)
    }
    if shape.route == "connection":
        arguments["connection"] = CONNECTION
    elif shape.route != "none":
        # A parameter `partitionId` gives the one in the header, too.
        arguments.setdefault("partition_id", partition_id)
    make = getattr(codec_module(shape.service), operation(shape.method))
    op = make(**arguments)
    assert type(op) is Op
    assert op.connection is (CONNECTION if shape.route == "connection" else None)
    assert op.partition_id == arguments.get("partition_id", -1)
    assert op.member is None
    assert op.deadline is None
    return op


def _check_encoder(shape: Shape, message: bytes, values: list[Any]) -> None:
    op = _make(shape, struct.unpack_from("<i", message, 18)[0], values)
    expected = bytearray(message)
    # The engine's part of the header: correlation id 0 and no backup-aware flag come from an encoder.
    expected[5] &= 0xFE
    struct.pack_into("<qi", expected, 10, 0, op.partition_id)
    assert type(op.request) is bytearray
    assert op.request == expected, shape.title
    assert op.method is getattr(codec_module(shape.service), constant(shape.method))
    assert op.decode == op.method.decode


PARTITIONED = {"key", "name", "batch", "partition"}
"""Routes of requests that belong to a partition."""

UNPARTITIONED = {"none", "connection"}
# The protocol's definition of this one names no partition, but members demand that of the key.


def _check_route(shape: Shape, message: bytes) -> None:
    """Check that the official client sent a request the way that the schema prescribes."""
    partition_id = struct.unpack_from("<i", message, 18)[0]
    if shape.route in PARTITIONED:
        assert partition_id >= 0, shape.title
    elif shape.route in UNPARTITIONED:
        assert partition_id == -1, shape.title


def _check(shape: Shape, message: bytes) -> bool:
    """Check one message all ways; True if generated code took part."""
    values, left_over = _interpret(shape, message)
    assert left_over == 0, shape.title
    assert _encode(shape, message, values) == message, shape.title
    if codec_module(shape.service, shape.method) is None:
        return False
    if shape.kind != "request":
        _check_decoder(shape, message, values)
        return True
    if _absent_inside(values):
        return False
    _check_encoder(shape, message, values)
    return True


def _absent_by_version(parameters: Sequence[Parameter], limit: str) -> list[bool]:
    return [item.since > version(limit) for item in parameters]


@pytest.mark.parametrize("name", VECTORS)
def test_compatibility_vectors(name: str) -> None:
    """Upstream's files (and our own of the same form) decode and encode to the same bytes."""
    path = DATA / name
    limit = ".".join(path.name.split(".")[:2])
    count = generated = 0
    for shape, message in _known(messages(path)):
        values, _ = _interpret(shape, message)
        assert [value is ABSENT for value in values] == _absent_by_version(shape.parameters, limit)
        generated += _check(shape, message)
        count += 1
    assert count > 20
    assert generated > 0


@pytest.mark.parametrize("name", CAPTURED)
def test_captured_traffic(name: str) -> None:
    """What real members and the official client sent decodes with nothing left over."""
    count = 0
    for shape, message in _known(messages(DATA / name)):
        _check(shape, message)
        if shape.kind == "request":
            _check_route(shape, message)
        count += 1
    assert count > 4


def _decodable() -> dict[str, tuple[Shape, bytes]]:
    """One whole response or event per shape, from the newest vectors."""
    found = _known(messages(DATA / "protocol" / "2.10.protocol.compatibility.binary"))
    return {
        shape.title: (shape, message)
        for shape, message in found
        if shape.kind != "request" and codec_module(shape.service, shape.method) is not None
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
        module = codec_module(service.name)
        if module is None:
            continue
        for method in service.generated:
            found = getattr(module, constant(method.name))
            assert found.name == f"{service.name}.{method.name}"
            assert found.request_type == method.request_type
            assert found.response_type == method.response_type
            assert found.retryable == method.retryable
            assert set(found.events) == {event.type_id for event in method.events}
            assert callable(getattr(module, operation(method.name)))
            if len(method.response) > 1:
                assert hasattr(module, f"{pascal(method.name)}Response")
