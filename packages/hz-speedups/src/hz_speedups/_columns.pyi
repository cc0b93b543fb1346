from typing import Any

def encode(
    head: bytes, little: bool, rows: int, fixed: int, booleans: int, sources: list[Any]
) -> list[bytes] | None:
    """Return the ``Data`` of each row; None if a value cannot be written here, which the caller does otherwise."""

def partitions(keys: list[bytes], count: int) -> list[int]:
    """Return the partition of each ``Data``."""
