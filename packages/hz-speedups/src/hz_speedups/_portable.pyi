from collections.abc import Callable
from typing import Any

def bind(*, pure_writer: Callable[..., Any], pure_reader: Callable[..., Any]) -> None:
    """Take what is needed of hz_serialization, which imports this module and not the other way round."""

class FieldReader:
    """Reads the fields of one object; a ``PortableReader``."""

class FieldWriter:
    """Writes the fields of one object; a ``PortableWriter``."""

class Codec:
    """What the Portable format of a service does with objects of known classes."""

    def __init__(
        self,
        format_: Any,
        plans: dict[tuple[int, int, int], Any],
        define: Callable[[Any, tuple[int, int, int]], Any],
        by_bytes: dict[bytes, Any],
        header: bytes,
    ) -> None: ...
    def encode(self, value: Any) -> bytes:
        """The whole ``Data`` of an object."""
    def write(self, out: bytearray, value: Any, pure: Any, depth: int) -> None:
        """Append an object, without its ids, by a plan of hz_serialization."""
    def read_nested(self, data: bytes, key: bytes, pos: int, depth: int, limit: int) -> tuple[Any, int]:
        """An object whose ids and version stood before it, and the position after it."""
    def top_reader(self, general: Callable[[bytes, int, int], Any]) -> Callable[[bytes, int, int], Any]:
        """The reader of whole ``Data``; what is out of the ordinary is left to `general`."""
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """The value of the ``Data`` at ``buffer[start:end]``."""
