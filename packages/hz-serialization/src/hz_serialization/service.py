"""The serialization service: conversion of values to ``Data`` and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any

from hz_serialization import type_ids
from hz_serialization.arrays import register_arrays
from hz_serialization.blocks import BlockWriter, register_blocks
from hz_serialization.compact.schema_registry import SchemaRegistry
from hz_serialization.config import SerializationConfig, int_type_of
from hz_serialization.container_writers import register_container_writers
from hz_serialization.containers import register_container_readers
from hz_serialization.data import HEADER_SIZE, Data, partition_hash
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.layout import BIG_ENDIAN, LITTLE_ENDIAN, header
from hz_serialization.problems import damaged, unreadable, unserializable
from hz_serialization.public_names import publish
from hz_serialization.registry import Format, Registry, Writer
from hz_serialization.scalars import make_scalars, register_scalars
from hz_serialization.speedups import compiled
from hz_serialization.top_level import TopReader, top_readers

if TYPE_CHECKING:
    from hz_serialization.compact.columns import Buffers
    from hz_serialization.compact.schema import Schema
    from hz_serialization.further import Further
    from hz_serialization.identified import ObjectReader

_calls: Any = compiled("_calls")
_unpack_type_id = Struct(">i").unpack_from
_pack_hash = Struct(">i").pack_into


class _Encoders(dict[type, Callable[[Any], bytes]]):
    """Encoders of whole ``Data`` by exact class, made on first use."""

    def __init__(self, make: Callable[[type], Callable[[Any], bytes]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, cls: type) -> Callable[[Any], bytes]:
        encoder = self._make(cls)
        self[cls] = encoder
        return encoder


class SerializationService:
    """Conversion of Python values to ``Data`` and of ``Data`` to Python values; safe to use from many threads.

    Args:
        config: Options; their defaults if ``None``.

    Raises:
        HazelcastSerializationError: Two serializers claim the same type id or a basic class.
    """

    def __init__(self, config: SerializationConfig | None = None) -> None:
        self.config: SerializationConfig = config or SerializationConfig()
        layout = BIG_ENDIAN if self.config.is_big_endian else LITTLE_ENDIAN
        int_type = int_type_of(self.config.default_int_type)
        self._registry = registry = Registry(layout, self._add_further)
        self._added: Further | None = None
        self.schemas: SchemaRegistry = SchemaRegistry()
        """Schemas of the Compact objects that were written or read."""
        register_scalars(registry, int_type)
        register_arrays(registry, self.config.primitive_arrays)
        register_blocks(registry)
        register_container_readers(registry)
        register_container_writers(registry)
        self._readers = top_readers(layout, self._read_any)
        if self.config.has_classes():
            registry.complete()  # now, so that errors of the configuration are raised here
        self._encoders = _Encoders(self._make_encoder)
        self._scalar_encoders = make_scalars(layout, int_type, header)
        self._encoders.update(self._scalar_encoders)
        self._add_bytes_encoders()
        self.read: TopReader = self._make_read()
        if _calls is not None and type(self).to_data is SerializationService.to_data:
            self.__dict__["to_data"] = _calls.DataWriter(self.to_data, self._encoders, unserializable)

    def to_data(self, value: Any) -> Data:
        """Serialize a value.

        Args:
            value: Any supported value; ``None`` gives the ``Data`` of Java's null.

        Raises:
            HazelcastSerializationError: No serializer takes the value or something in it; the error
                names the type and the path to it.
        """
        try:
            return self._encoders[type(value)](value)
        except Exception as error:
            problem = unserializable(value, error)
            raise problem from problem.__cause__

    def encode_columns(self, schema: Schema, columns: Sequence[Sequence[Any]]) -> list[Data]:
        """Serialize many records of one Compact schema, whose values are given as columns.

        The ``Data`` are those of ``GenericRecord`` objects with these values.

        Args:
            schema: The fields.
            columns: The values of each field, in the order of ``schema.slots``; None for null.

        Raises:
            HazelcastSerializationError: A value does not fit into its field; the error names it.
        """
        return self._further().compact.encode_columns(schema, columns)

    def encode_buffers(
        self, schema: Schema, rows: int, columns: Sequence[Buffers | list[Any]]
    ) -> list[Data] | None:
        """Do as ``encode_columns``, without Python objects for values that are given as buffers.

        Args:
            schema: The fields.
            rows: The number of rows.
            columns: The values of each field, in the order of ``schema.slots``.

        Returns:
            The records; None if ``encode_columns`` has to make them: without ``hz-speedups``, or where a value does not
            fit, which it can name.

        Raises:
            HazelcastSerializationError: A value in a list does not fit into its field; the error names it.
        """
        return self._further().compact.encode_buffers(schema, rows, columns)

    def to_object(self, data: Data | None) -> Any:
        """Return the value of a ``Data``; ``None`` for ``None``.

        Raises:
            HazelcastSerializationError: The bytes are damaged, or of a type that cannot be read here.
        """
        if data is None:
            return None
        try:
            return self._readers[data[7]](data, 0, len(data))
        except HazelcastSerializationError:
            raise
        except Exception as error:
            problem = self._unreadable(data, 0, len(data), error)
            raise problem from problem.__cause__

    def _make_read(self) -> TopReader:
        # A closure: its variables are faster than attributes, and this runs for every value of every reply.
        readers, unreadable = self._readers, self._unreadable

        def read(buffer: bytes, start: int, end: int) -> Any:
            """Return the value of the ``Data`` at ``buffer[start:end]``, header included.

            Args:
                buffer: A message or another block that holds the ``Data``.
                start: Index of its first byte.
                end: Index after its last byte; not beyond the buffer's end.

            Raises:
                HazelcastSerializationError: As ``to_object``.
            """
            try:
                return readers[buffer[start + 7]](buffer, start, end)
            except HazelcastSerializationError:
                raise
            except Exception as error:
                problem = unreadable(buffer, start, end, error)
                raise problem from problem.__cause__

        if _calls is not None:
            compiled_read: TopReader = _calls.DataReader(
                read, readers, unreadable, HazelcastSerializationError
            )
            return compiled_read
        return read

    def register_factory(self, factory_id: int, factory: Mapping[int, Callable[[], Any]]) -> None:
        """Add IdentifiedDataSerializable classes by class id."""
        self._further().identified.add_factory(factory_id, factory)

    def register_reader(self, factory_id: int, class_id: int, reader: ObjectReader) -> None:
        """Add a function that reads one class of IdentifiedDataSerializable and returns any object."""
        self._further().identified.add_reader(factory_id, class_id, reader)

    def register_format(self, format_: Format) -> None:
        """Add a serialization format such as Portable or Compact.

        Raises:
            HazelcastSerializationError: Its type id is taken.
        """
        self._further()
        self._registry.add_format(format_)
        for cls in self._encoders.keys() - self._scalar_encoders.keys():
            del self._encoders[cls]
        self._add_bytes_encoders()

    def destroy(self) -> None:
        """Call ``destroy`` of the user's serializers, which are not needed any more."""
        added = self._added
        if added is None:
            return
        for serializer in {
            id(made): made for made in (*added.custom.values(), added.global_serializer)
        }.values():
            if serializer is not None:
                serializer.destroy()

    def _add_further(self) -> None:
        # Not at the top: programs whose values are texts, numbers and lists need none of that.
        from hz_serialization.further import Further

        added = Further(self._registry, self.config, self.schemas)
        self._readers[type_ids.PORTABLE & 0xFF] = added.portable.top_reader(self._read_any)
        self._readers[type_ids.COMPACT & 0xFF] = added.compact.top_reader(self._read_any)
        self._added = added

    def _further(self) -> Further:
        self._registry.complete()
        assert self._added is not None
        return self._added

    def _add_bytes_encoders(self) -> None:
        """Add encoders that join a byte[] from two parts, so that large values are copied only once."""
        head, pack = header(type_ids.BYTE_ARRAY), self._registry.layout.i.pack

        def encode_bytes(value: bytes | bytearray) -> bytes:
            return b"".join((head, pack(len(value)), value))

        for cls in (bytes, bytearray):
            if self._registry.writers[cls] is self._registry.basic[bytearray]:
                self._encoders[cls] = encode_bytes

    def _make_encoder(self, cls: type) -> Callable[[Any], bytes]:
        writer = self._registry.writers[cls]
        if hasattr(cls, "get_partition_key"):
            return lambda value: self._encode_partition_aware(writer, value)
        encoder = self._registry.encoder_of(cls)
        if encoder is not None:
            return encoder
        if isinstance(writer, BlockWriter):
            return lambda value: writer.data(value) or bytes(self._encode(writer, value))
        return lambda value: bytes(self._encode(writer, value))

    def _encode(self, writer: Writer, value: Any) -> bytearray:
        out = bytearray(4)
        writer(out, value, 0)
        if not self._registry.layout.is_big_endian:
            out[4:8] = out[7:3:-1]  # the header's type id is big-endian always
        return out

    def _encode_partition_aware(self, writer: Writer, value: Any) -> bytes:
        out = self._encode(writer, value)
        key = value.get_partition_key()
        if key is not None and key is not value:
            _pack_hash(out, 0, partition_hash(self.to_data(key)))
        return bytes(out)

    def _read_any(self, buffer: bytes, start: int, end: int) -> Any:
        data = buffer if start == 0 and end == len(buffer) else buffer[start:end]
        if len(data) < HEADER_SIZE:
            raise damaged(f"{len(data)} bytes are too few; the header alone has {HEADER_SIZE}")
        return self._registry.readers[_unpack_type_id(data, 4)[0]](bytes(data), HEADER_SIZE, 0)[0]

    def _unreadable(
        self, buffer: bytes, start: int, end: int, error: Exception
    ) -> HazelcastSerializationError:
        if end - start < HEADER_SIZE or end > len(buffer):
            return damaged(f"{len(buffer[start:end])} bytes are too few; the header alone has {HEADER_SIZE}")
        return unreadable(error, _unpack_type_id(buffer, start + 4)[0])


publish("hz_serialization", (SerializationService,))
