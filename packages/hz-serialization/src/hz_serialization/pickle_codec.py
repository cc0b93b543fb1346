"""Pickles of any type. A module of its own, imported only where pickle_policy allows it."""

from __future__ import annotations

import pickle
from typing import Any

from hz_serialization.problems import Unserializable


def dumps(value: Any) -> bytes:
    """The value as a pickle of the newest protocol.

    Raises:
        Unserializable: It cannot be pickled.
    """
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise not_pickled(value, error) from error


def not_pickled(value: Any, error: Exception) -> Unserializable:
    """The error for a value that even pickle cannot write."""
    return Unserializable(
        type(value),
        f"no serializer takes this type, and it cannot be pickled either ({type(error).__name__}: {error}); "
        "add a serializer of it to custom_serializers",
        error,
    )


def loads(block: bytes) -> Any:
    """The value of a pickle of any protocol; whatever its writer chose is run."""
    return pickle.loads(block)
