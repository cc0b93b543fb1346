from collections.abc import Callable
from typing import Any

def bind(
    *,
    missing: object,
    field_missing: type[Exception],
    failed_writing: Callable[[Any, Exception, str], object],
    failed_reading: Callable[[Exception, str], object],
    pure_writer: Callable[[Any], Any],
    pure_reader: Callable[[Any, bytes, int, int], Any],
    not_available: object,
    type_name: Callable[[type], str],
) -> None:
    """Set what is needed of hz_serialization, which imports this module and not the other way round."""

class FieldsReader:
    """Reader of a record, field by field; a ``CompactReader``."""

class FieldsWriter:
    """Collector of the values of a record whose schema is known; a ``CompactWriter``."""

class SerializedRecords:
    """Records by a ``CompactSerializer``; does what the class of that name in hz_serialization does."""

    def __init__(self, records: Any, header: bytes) -> None: ...
    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append a record, from its schema id on."""
    def encode(self, value: Any) -> bytes:
        """Return the whole ``Data`` of an object."""
    def reader(self, layout: Any) -> Callable[[bytes, int, int], tuple[Any, int]]:
        """Return the reader of records of one schema of the type."""

class AutomaticRecords:
    """Records of a class with typed fields; does what the class of that name in hz_serialization does."""

    def __init__(self, records: Any, header: bytes) -> None: ...
    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append a record, from its schema id on."""
    def encode(self, value: Any) -> bytes:
        """Return the whole ``Data`` of an object."""
    def reader(self, layout: Any) -> Callable[[bytes, int, int], tuple[Any, int]]:
        """Return the reader of records of one schema of the type."""

class TopReader:
    """Reader of whole ``Data`` whose type id and schema id are in the table; leaves others to ``general``."""

    def __init__(
        self,
        readers: dict[bytes, Callable[[bytes, int, int], tuple[Any, int]]],
        general: Callable[[bytes, int, int], Any],
    ) -> None: ...
    def forget(self) -> None:
        """Forget the last reader, since the table was cleared."""
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """Return the value of the ``Data`` at ``buffer[start:end]``."""
