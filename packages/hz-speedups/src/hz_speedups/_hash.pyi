def partition_hash(data: bytes) -> int:
    """Return the signed 32-bit hash of a ``Data``: that in its header, or else the MurmurHash3 of its payload."""
