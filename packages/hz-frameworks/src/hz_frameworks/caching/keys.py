"""The key of a call: the function's name and its arguments."""

import inspect
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

_PLAIN: Final = (bool, int, float, str, bytes, type(None), Decimal, UUID, date, datetime, time)


def key_maker(function: Callable[..., Any]) -> Callable[..., str]:
    """Return what makes the key of a call of ``function``; equal arguments give one key, however they are passed."""
    name = f"{function.__module__}.{function.__qualname__}"
    signature = inspect.signature(function)

    def key(*args: Any, **kwargs: Any) -> str:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        shown = ", ".join(f"{at}={_shown(value, at, name)}" for at, value in bound.arguments.items())
        return f"{name}({shown})"

    return key


def _shown(value: Any, at: str, name: str) -> str:
    if type(value) in _PLAIN:
        return repr(value)
    if isinstance(value, Enum):
        return f"{type(value).__qualname__}.{value.name}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(_shown(item, at, name) for item in value)}]"
    if isinstance(value, dict):
        items = sorted((_shown(k, at, name), _shown(v, at, name)) for k, v in value.items())
        return f"{{{', '.join(f'{k}: {v}' for k, v in items)}}}"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(_shown(item, at, name) for item in value))}}}"
    raise TypeError(
        f"{name} cannot be cached by its argument {at}, a {type(value).__name__}: its repr may not tell all of it."
        " Pass a function as `key` that makes a text from the arguments"
    )
