"""The keys of a near cache in a file, so that the next run of a program can read their values at its start."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final
from urllib.parse import quote

from hz_serialization import Data

_MAGIC: Final = b"HZNEARKEYS1\n"
_LENGTH: Final = 4
_ORDER: Final = "big"


def file_of(pattern: str, name: str) -> Path:
    """Return the file of a map: ``{name}`` in the option stands for its name."""
    return Path(pattern.replace("{name}", quote(name, safe=" ")))


def write_keys(path: Path, name: str, keys: list[Data]) -> int:
    """Write keys into a file, which is replaced at once or not at all; return its size in bytes.

    Args:
        path: The file.
        name: Name of the map.
        keys: The keys.

    Raises:
        OSError: The file cannot be written.
    """
    parts = [_MAGIC]
    for item in (name.encode(), *keys):
        parts += (len(item).to_bytes(_LENGTH, _ORDER), item)
    content = b"".join(parts)
    descriptor, temporary = mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    return len(content)


def read_keys(path: Path, name: str) -> list[Data]:
    """Return the keys in a file; none if there is no file.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is damaged, or belongs to another map.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    if not content.startswith(_MAGIC):
        raise ValueError(f"{path} holds no keys of a near cache")
    items, at = [], len(_MAGIC)
    while at < len(content):
        start = at + _LENGTH
        at = start + int.from_bytes(content[at:start], _ORDER)
        if start > len(content) or at > len(content):
            raise ValueError(f"{path} is damaged: it ends in the middle of a key")
        items.append(content[start:at])
    if not items or items[0] != name.encode():
        raise ValueError(
            f"{path} holds the keys of another map: use {{name}} in preload_file for several maps"
        )
    return items[1:]
