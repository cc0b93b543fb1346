from collections.abc import Callable
from typing import Any

class TextReader:
    """Reader of the ``Data`` of a text; leaves everything unusual to ``general``."""

    def __init__(
        self, is_big_endian: bool, type_id: int, general: Callable[[bytes, int, int], Any]
    ) -> None: ...
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """Return the text of the ``Data`` at ``buffer[start:end]``."""

class JsonReader:
    """Reader of the ``Data`` of JSON into an object that holds only its text, in the given attribute."""

    def __init__(
        self,
        is_big_endian: bool,
        type_id: int,
        general: Callable[[bytes, int, int], Any],
        cls: type,
        attribute: str,
    ) -> None: ...
    def read(self, buffer: bytes, start: int, end: int) -> Any:
        """Return the value of the ``Data`` at ``buffer[start:end]``."""
