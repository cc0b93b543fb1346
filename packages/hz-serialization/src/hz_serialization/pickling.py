"""Python's pickle, where it is allowed: never silently."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from hz_serialization import type_ids
from hz_serialization.config import PicklePolicy
from hz_serialization.layout import take
from hz_serialization.problems import Unserializable, damaged, type_name
from hz_serialization.registry import Registry

_logger = logging.getLogger("hz_serialization.pickle")
_INSTEAD = (
    "other languages and queries cannot read it; better use Compact, Portable, JSON or a custom serializer"
)


class PickleFormat:
    """The last resort of writing, and the reader of type id -120.

    Payload: int32 size and the pickle. Clients of releases 4 and 5 write protocol 0, which is text; this
    one writes the newest. Reading takes any.
    """

    def __init__(self, registry: Registry, policy: PicklePolicy | Collection[type]) -> None:
        self._listed: dict[tuple[str, str], type] | None = None
        self._allowed = policy is PicklePolicy.ALLOW
        if not isinstance(policy, PicklePolicy):
            self._listed = {(cls.__module__, cls.__qualname__): cls for cls in policy}
        self._told: set[tuple[str, type]] = set()
        layout = registry.layout
        self._head = layout.type_id(type_ids.PYTHON_PICKLE)
        self._pack, self._unpack = layout.i.pack, layout.i.unpack_from
        registry.add_reader(type_ids.PYTHON_PICKLE, self.read)
        if policy is not PicklePolicy.DENY:
            from hz_serialization import pickle_codec

            self._dumps, self._loads = pickle_codec.dumps, pickle_codec.loads
            registry.fallback = self.write

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Appends type id and pickle.

        Raises:
            Unserializable: The type is not listed.
        """
        cls = type(value)
        if self._listed is not None and cls not in self._listed.values():
            raise Unserializable(cls, "no serializer takes this type, and pickle_policy does not list it")
        block = self._dumps(value)
        self._tell("written", cls)
        out += self._head + self._pack(len(block))
        out += block

    def read(self, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        """Reads a pickle, if the policy allows it."""
        size = self._unpack(data, pos)[0]
        block = take(data, pos + 4, size)
        if self._listed is None and not self._allowed:
            raise damaged(
                f"type id {type_ids.PYTHON_PICKLE} is a Python pickle, and pickle_policy denies it, since "
                "reading one runs code that its writer chose; if all are trusted, allow it or list the types"
            )
        value = self._loads(block, self._listed)
        self._tell("read", type(value))
        return value, pos + 4 + size

    def _tell(self, action: str, cls: type) -> None:
        if (action, cls) not in self._told:
            self._told.add((action, cls))
            _logger.warning("%s was %s as a pickle: %s", type_name(cls), action, _INSTEAD)
