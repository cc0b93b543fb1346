"""Test vectors: the protocol's compatibility files and tables of messages, and the generated codecs they are for."""

import importlib
import struct
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codegen.naming import snake
from codegen.schema import load
from hz_core.testing.interpreter import IS_FINAL

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = load(ROOT / "protocol")
_OWNERS = {service.name: service.owner for service in SCHEMA.services}
_LEFT_OUT = {
    item.name: {method.name for method in item.methods} - {method.name for method in item.generated}
    for item in SCHEMA.services
}


def messages(path: Path) -> Iterator[bytes]:
    """Yield the messages of a compatibility file, or of a table with the bytes in the last column."""
    if path.suffix == ".tsv":
        for line in path.read_text("utf-8").splitlines():
            if not line.startswith("#"):
                yield bytes.fromhex(line.split("\t")[-1])
        return
    content = path.read_bytes()
    start = pos = 0
    while pos < len(content):
        length, flags = struct.unpack_from("<iH", content, pos)
        pos += length
        if flags & IS_FINAL:
            yield content[start:pos]
            start = pos


def message_type(message: bytes) -> int:
    """Return the message type."""
    return int(struct.unpack_from("<i", message, 6)[0])


def codec_module(service: str, method: str = "") -> Any:
    """Return the generated module of a service; None if its package is not installed here, or lacks the method."""
    owner = _OWNERS[service]
    if not owner or find_spec(owner) is None or (method and method in _LEFT_OUT[service]):
        return None
    return importlib.import_module(f"{owner}.codecs.{snake(service)}")
