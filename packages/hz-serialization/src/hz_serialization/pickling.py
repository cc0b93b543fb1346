"""Python's pickle, where it is allowed, with a warning in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any, Final

from hz_serialization import type_ids
from hz_serialization.config import PicklePolicy
from hz_serialization.layout import take
from hz_serialization.problems import damaged, failed_reading, type_name
from hz_serialization.registry import Registry

_logger = logging.getLogger("hz_serialization.pickle")
_MAX_WARNED: Final = 256
_ALTERNATIVES = (
    "other languages and queries cannot read it; better use Compact, Portable, JSON or a custom serializer"
)


class PickleFormat:
    """The fallback for values that nothing else can write, and the reader of type id -120.

    Payload: int32 size and the pickle. Clients of releases 4 and 5 write protocol 0, which is text; this client
    writes the newest protocol, and reads all.
    """

    def __init__(self, registry: Registry, policy: PicklePolicy | Collection[type]) -> None:
        self._warned: set[tuple[str, str]] = set()
        layout = registry.layout
        self._head = layout.type_id(type_ids.PYTHON_PICKLE)
        self._pack, self._unpack = layout.i.pack, layout.i.unpack_from
        registry.add_reader(type_ids.PYTHON_PICKLE, self.read)
        self._dumps: Callable[[Any], bytes] | None = None
        if policy is PicklePolicy.ALLOW:
            from hz_serialization import pickle_codec

            self._dumps, self._loads = pickle_codec.dumps, pickle_codec.loads
        elif not isinstance(policy, PicklePolicy):
            from hz_serialization.pickle_listed import ListedPickles

            listed = ListedPickles(policy)
            self._dumps, self._loads = listed.dumps, listed.loads
        if self._dumps is not None:
            registry.fallback = self.write

    def write(self, out: bytearray, value: Any, depth: int) -> None:
        """Append type id and pickle.

        Raises:
            UnserializableError: The value, or something in it, is of a type that is not listed, or pickle fails.
        """
        assert self._dumps is not None  # otherwise this is not registered as the fallback
        block = self._dumps(value)
        self._warn_once("written", type(value))
        out += self._head + self._pack(len(block))
        out += block

    def read(self, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
        """Read a pickle, if the policy allows it."""
        size = self._unpack(data, pos)[0]
        block = take(data, pos + 4, size)
        if self._dumps is None:
            raise damaged(
                f"type id {type_ids.PYTHON_PICKLE} is a Python pickle, and pickle_policy denies it, since "
                "reading one runs code that its writer chose; if all are trusted, allow it or list the types"
            )
        try:
            value = self._loads(block)
        except Exception as error:
            failed_reading(error, "unpickling it")
        self._warn_once("read", type(value))
        return value, pos + 4 + size

    def _warn_once(self, action: str, cls: type) -> None:
        known = (action, type_name(cls))
        if known not in self._warned and len(self._warned) < _MAX_WARNED:
            self._warned.add(known)
            _logger.warning("%s was %s as a pickle: %s", known[1], action, _ALTERNATIVES)
