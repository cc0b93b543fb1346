from collections.abc import Callable
from typing import Any

class TextReader:
    """Reads a ``Data`` of a text; leaves what is out of the ordinary to ``general``."""

    def __init__(
        self, is_big_endian: bool, type_id: int, general: Callable[[bytes, int, int], Any]
    ) -> None: ...
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """The text of the ``Data`` at ``buffer[start:end]``."""

class JsonReader:
    """Reads a ``Data`` of JSON into an object that holds nothing but its text, in the attribute of that name."""

    def __init__(
        self,
        is_big_endian: bool,
        type_id: int,
        general: Callable[[bytes, int, int], Any],
        cls: type,
        attribute: str,
    ) -> None: ...
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """The value of the ``Data`` at ``buffer[start:end]``."""
