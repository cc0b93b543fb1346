from collections.abc import Callable
from typing import Any

def bind(
    *,
    pure_writer: Callable[..., Any],
    pure_reader: Callable[..., Any],
    failed_reading: Callable[[Exception, object], object],
) -> None:
    """Set what is needed of hz_serialization, which imports this module and not the other way round."""

class FieldReader:
    """Reader of the fields of one object; a ``PortableReader``."""

class FieldWriter:
    """Writer of the fields of one object; a ``PortableWriter``."""

class Codec:
    """Writing and reading of objects of known classes, for the Portable format of a service."""

    def __init__(
        self,
        format_: Any,
        plans: dict[tuple[int, int, int], Any],
        define: Callable[[Any, tuple[int, int, int]], Any],
        by_bytes: dict[bytes, Any],
        header: bytes,
    ) -> None: ...
    def encode(self, value: Any) -> bytes:
        """Return the whole ``Data`` of an object."""
    def write(self, out: bytearray, value: Any, pure: Any, depth: int) -> None:
        """Append an object, without its ids, by a plan of hz_serialization."""
    def read_nested(self, data: bytes, key: bytes, pos: int, depth: int, limit: int) -> tuple[Any, int]:
        """Return an object whose ids and version have been read already, and the position after it."""
    def top_reader(self, general: Callable[[bytes, int, int], Any]) -> Callable[[bytes, int, int], Any]:
        """Return the reader of whole ``Data``, which leaves everything unusual to ``general``."""
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """Return the value of the ``Data`` at ``buffer[start:end]``."""
