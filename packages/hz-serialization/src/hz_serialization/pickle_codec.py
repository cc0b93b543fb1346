"""Pickles themselves. A module of its own, imported only where pickle_policy asks for it."""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from typing import Any

from hz_serialization.errors import HazelcastSerializationError

Listed = Mapping[tuple[str, str], type]
"""The types that may occur in a pickle, by module and qualified name."""


class _ListedUnpickler(pickle.Unpickler):
    """Refuses every class and function that is not on the list."""

    def __init__(self, block: bytes, listed: Listed) -> None:
        super().__init__(io.BytesIO(block))
        self._listed = listed

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return self._listed[module_name, global_name]
        except KeyError:
            raise HazelcastSerializationError(
                f"Cannot read the value: it is a pickle that uses {module_name}.{global_name}, which "
                "pickle_policy does not list; add that type if its writers are trusted"
            ) from None


def dumps(value: Any) -> bytes:
    """The value as a pickle of the newest protocol."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def loads(block: bytes, listed: Listed | None) -> Any:
    """The value of a pickle of any protocol; without a list, whatever its writer chose is run.

    Raises:
        HazelcastSerializationError: It uses a type that is not listed.
    """
    return pickle.loads(block) if listed is None else _ListedUnpickler(block, listed).load()
