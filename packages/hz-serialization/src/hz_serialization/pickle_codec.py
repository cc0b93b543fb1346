"""Pickles of any type, in a module of its own that is imported only if ``pickle_policy`` allows it."""

from __future__ import annotations

import pickle
from typing import Any

from hz_serialization.problems import UnserializableError


def dumps(value: Any) -> bytes:
    """Return the value as a pickle of the newest protocol.

    Raises:
        UnserializableError: It cannot be pickled.
    """
    try:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise not_pickled(value, error) from error


def not_pickled(value: Any, error: Exception) -> UnserializableError:
    """Return the error for a value that even pickle cannot write."""
    return UnserializableError(
        type(value),
        f"no serializer takes this type, and it cannot be pickled either ({type(error).__name__}: {error}); "
        "add a serializer of it to custom_serializers",
        error,
    )


def loads(block: bytes) -> Any:
    """Return the value of a pickle of any protocol; this runs code that its writer chose."""
    return pickle.loads(block)
