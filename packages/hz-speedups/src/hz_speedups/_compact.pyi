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
    """Take what is needed of hz_serialization, which imports this module and not the other way round."""

class FieldsReader:
    """Reads a record as its fields are asked for; a ``CompactReader``."""

class FieldsWriter:
    """Takes the values of a record whose schema is known; a ``CompactWriter``."""

class SerializedRecords:
    """Records by a ``CompactSerializer``: what the class of that name in hz_serialization does."""

    def __init__(self, records: Any, header: bytes) -> None: ...
    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append a record, from its schema id on."""
    def encode(self, value: Any) -> bytes:
        """The whole ``Data`` of an object."""
    def reader(self, layout: Any) -> Callable[[bytes, int, int], tuple[Any, int]]:
        """A reader of records of one schema of the type."""

class AutomaticRecords:
    """Records of a class with typed fields: what the class of that name in hz_serialization does."""

    def __init__(self, records: Any, header: bytes) -> None: ...
    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append a record, from its schema id on."""
    def encode(self, value: Any) -> bytes:
        """The whole ``Data`` of an object."""
    def reader(self, layout: Any) -> Callable[[bytes, int, int], tuple[Any, int]]:
        """A reader of records of one schema of the type."""

class TopReader:
    """Reads whole ``Data`` whose type id and schema id are in the table; leaves the others to ``general``."""

    def __init__(
        self,
        readers: dict[bytes, Callable[[bytes, int, int], tuple[Any, int]]],
        general: Callable[[bytes, int, int], Any],
    ) -> None: ...
    def forget(self) -> None:
        """Search anew: the table was cleared."""
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """The value of the ``Data`` at ``buffer[start:end]``."""
