"""Custom and global serializers of the user."""

from __future__ import annotations

from typing import Any

from hz_serialization.container_writers import prefer_others_for_mixed_lists
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.input import DataInput, InputTools
from hz_serialization.output import DataOutput
from hz_serialization.problems import UnserializableError, failed_reading, failed_writing, type_name
from hz_serialization.registry import Reader, Registry, Writer
from hz_serialization.stream_api import StreamSerializer


def make_serializer(serializer: type[StreamSerializer] | StreamSerializer) -> StreamSerializer:
    """Return the serializer itself; a class is called without arguments."""
    return serializer() if isinstance(serializer, type) else serializer


def stream_writer(registry: Registry, serializer: StreamSerializer, type_id: int) -> Writer:
    """Return the writer that calls a StreamSerializer."""
    head = registry.layout.type_id(type_id)
    method = f"{type_name(type(serializer))}.write()"

    def write_custom(out: bytearray, value: Any, depth: int) -> None:
        out += head
        try:
            serializer.write(DataOutput(out, registry, depth), value)
        except UnserializableError as problem:
            problem.add_step(f".<{type(serializer).__name__}.write>")
            raise
        except Exception as error:
            failed_writing(value, error, method)

    return write_custom


def stream_reader(tools: InputTools, serializer: StreamSerializer) -> Reader:
    """Return the reader that calls a StreamSerializer."""
    method = f"{type_name(type(serializer))}.read()"

    def read_custom(data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        inp = DataInput(data, pos, tools, depth)
        try:
            return serializer.read(inp), inp.position()
        except Exception as error:
            failed_reading(error, method)

    return read_custom


def register_custom(
    registry: Registry,
    tools: InputTools,
    custom: dict[type, StreamSerializer],
    global_serializer: StreamSerializer | None,
) -> None:
    """Add the user's serializers.

    Raises:
        HazelcastSerializationError: A type id is not positive or used twice, or the class is basic.
    """
    owners: dict[int, StreamSerializer] = {}

    def add(serializer: StreamSerializer) -> Writer:
        type_id: Any = serializer.get_type_id()
        if not isinstance(type_id, int) or not 0 < type_id < 2**31:
            raise HazelcastSerializationError(
                f"{type_name(type(serializer))}.get_type_id() gives {type_id!r}; it must be a positive int of 32 bits"
            )
        owner = owners.get(type_id)
        if owner is None:
            registry.add_reader(type_id, stream_reader(tools, serializer))
            owners[type_id] = serializer
        elif type(owner) is not type(serializer):
            raise HazelcastSerializationError(
                f"Type id {type_id} is used by {type_name(type(owner))} and {type_name(type(serializer))}; "
                "give each serializer an id of its own"
            )
        return stream_writer(registry, serializer, type_id)

    for cls, serializer in custom.items():
        registry.add_custom(cls, add(serializer))
    for_lists = registry.custom.pop(list, None)
    if global_serializer is not None:
        registry.global_writer = add(global_serializer)
        for_lists = for_lists or registry.global_writer
    if for_lists is not None:
        prefer_others_for_mixed_lists(registry, for_lists)
