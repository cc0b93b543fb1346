"""Portable with the compiled reader and writer of ``hz-speedups``, where they are installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from hz_serialization.config import SerializationConfig
from hz_serialization.input import InputTools
from hz_serialization.layout import header
from hz_serialization.portable.api import PortableReader, PortableWriter
from hz_serialization.portable.fields import FieldReader, FieldWriter
from hz_serialization.portable.format import PortableFormat
from hz_serialization.portable.plan import WritePlan
from hz_serialization.problems import failed_reading_portable
from hz_serialization.registry import Registry
from hz_serialization.speedups import compiled
from hz_serialization.top_level import TopReader

_portable: Final = compiled("_portable")


class CompiledPortableFormat(PortableFormat):
    """The format whose objects receive the compiled reader and writer."""

    def __init__(self, registry: Registry, tools: InputTools, config: SerializationConfig) -> None:
        super().__init__(registry, tools, config)
        module: Any = _portable
        self._codec = module.Codec(
            self, self._plans, self._definitions.define, self._by_bytes, header(self.type_id)
        )
        self.write_purely: Callable[[bytearray, Any, WritePlan, int], None] = super()._write_object
        self.read_purely: Callable[[bytes, bytes, int, int, int], tuple[Any, int]] = super().read_nested

    def encoder_of(self, cls: type) -> Callable[[Any], bytes]:
        """Return the encoder of whole ``Data``."""
        encode: Callable[[Any], bytes] = self._codec.encode
        return encode

    def top_reader(self, general: TopReader) -> TopReader:
        """Return the fast reader of whole ``Data``, which leaves everything unusual to ``general``."""
        read: TopReader = self._codec.top_reader(general)
        return read

    def read_nested(self, data: bytes, key: bytes, pos: int, depth: int, limit: int) -> tuple[Any, int]:
        """Read an object whose ids and version have been read already."""
        result: tuple[Any, int] = self._codec.read_nested(data, key, pos, depth, limit)
        return result

    def _write_object(self, out: bytearray, value: Any, plan: WritePlan, depth: int) -> None:
        self._codec.write(out, value, plan, depth)


def portable_format(registry: Registry, tools: InputTools, config: SerializationConfig) -> PortableFormat:
    """Return the format, with the compiled classes if they are installed."""
    make = PortableFormat if _portable is None else CompiledPortableFormat
    return make(registry, tools, config)


if _portable is not None:
    _portable.bind(pure_writer=FieldWriter, pure_reader=FieldReader, failed_reading=failed_reading_portable)
    PortableReader.register(_portable.FieldReader)
    PortableWriter.register(_portable.FieldWriter)
