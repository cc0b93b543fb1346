"""Reading files of test vectors: upstream's compatibility files and traffic captured from real members."""

from __future__ import annotations

import importlib
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from codegen.naming import snake
from codegen.schema import Method, Parameter, Schema, Service

IS_FINAL = 0x2000


@dataclass(frozen=True)
class Shape:
    """What a message type stands for."""

    service: Service
    method: Method | None
    kind: str
    event: str
    since: str
    parameters: tuple[Parameter, ...]

    @property
    def title(self) -> str:
        return f"{self.service.name}.{self.method.name if self.method else ''} {self.kind}"


def protocol_folder(root: Path) -> Path | None:
    """The folder of the protocol's reference data, if any: ``HZ_PROTOCOL_DIR``, or beside the repository."""
    folder = Path(os.environ.get("HZ_PROTOCOL_DIR", root.parent / "shared" / "protocol"))
    return folder if folder.is_dir() else None


def shapes(schema: Schema) -> dict[int, Shape]:
    """Message type to what it stands for, over the whole schema."""
    result: dict[int, Shape] = {}
    for service in schema.services:
        if service.error:
            result[0] = Shape(service, None, "response", "", "2.0", service.error)
            continue
        for method in service.methods:
            base = method.request_type
            result[base] = Shape(service, method, "request", "", method.since, method.request)
            result[base + 1] = Shape(service, method, "response", "", method.since, method.response)
            for event in method.events:
                result[event.type_id] = Shape(
                    service, method, "event", event.name, event.since, event.parameters
                )
    return result


def messages(path: Path) -> Iterator[bytes]:
    """The messages of a compatibility file, or of a table with the bytes in the last column."""
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
    return int(struct.unpack_from("<i", message, 6)[0])


def captured(path: Path) -> Iterator[bytes]:
    """The whole messages of a capture, without the connection's first bytes and without fragments."""
    for line in path.read_text("utf-8").splitlines():
        entry = json.loads(line)
        if "hex" in entry and "init" not in entry and "fragmentId" not in entry:
            yield bytes.fromhex(entry["hex"])


def codec_module(service: Service) -> Any:
    """The generated module of a service, or None if its package is not installed here."""
    if not service.owner or find_spec(service.owner) is None:
        return None
    return importlib.import_module(f"{service.owner}.codecs.{snake(service.name)}")
