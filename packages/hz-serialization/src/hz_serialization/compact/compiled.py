"""Compact with the compiled records of ``hz-speedups``, where they are installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hz_serialization.compact.api import CompactReader, CompactWriter
from hz_serialization.compact.fields import FieldsReader, FieldsWriter
from hz_serialization.compact.format import CompactFormat
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.layout import MISSING, FieldMissing
from hz_serialization.compact.records import AutomaticRecords, RecordType, SerializedRecords
from hz_serialization.compact.schema_registry import SchemaRegistry
from hz_serialization.layout import header
from hz_serialization.problems import failed_reading, failed_writing, type_name
from hz_serialization.registry import Registry
from hz_serialization.speedups import compiled
from hz_serialization.top_level import TopReader

_compact: Final = compiled("_compact")


class CompiledCompactFormat(CompactFormat):
    """The format with compiled records of classes; generic records are not compiled."""

    _top: Any = None

    def top_reader(self, general: TopReader) -> TopReader:
        """Return the fast reader of whole ``Data``, which leaves everything unusual to ``general``."""
        self._top = top = _module().TopReader(self._top_readers, general)
        read: TopReader = top.read
        return read

    def _add(self, cls: type, name: str, records: RecordType) -> None:
        module, head = _module(), header(self.type_id)
        if isinstance(records, SerializedRecords):
            records = module.SerializedRecords(records, head)
        elif isinstance(records, AutomaticRecords):
            records = module.AutomaticRecords(records, head)
        super()._add(cls, name, records)
        if self._top is not None:
            self._top.forget()


def _module() -> Any:
    return _compact


def compact_format(registry: Registry, serializers: Iterable[Any], schemas: SchemaRegistry) -> CompactFormat:
    """Return the format, with the compiled classes if they are installed."""
    make = CompactFormat if _compact is None else CompiledCompactFormat
    return make(registry, serializers, schemas)


if _compact is not None:
    _compact.bind(
        missing=MISSING,
        field_missing=FieldMissing,
        failed_writing=failed_writing,
        failed_reading=failed_reading,
        pure_writer=FieldsWriter,
        pure_reader=FieldsReader,
        not_available=FieldKind.NOT_AVAILABLE,
        type_name=type_name,
    )
    CompactReader.register(_compact.FieldsReader)
    CompactWriter.register(_compact.FieldsWriter)
