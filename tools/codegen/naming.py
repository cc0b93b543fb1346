"""Python names for the schema's names."""

from __future__ import annotations

import keyword
import re

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# What a generated decoder calls its own things.
_DECODER_NAMES = frozenset({"length", "message", "pos", "read"})


def snake(name: str) -> str:
    """``addCPGroupViewListener`` becomes ``add_cp_group_view_listener``."""
    return _WORD.sub("_", name).lower()


def parameter(name: str) -> str:
    """A schema parameter as a Python identifier."""
    result = snake(name)
    return f"{result}_" if keyword.iskeyword(result) else result


def pascal(name: str) -> str:
    """``addEntryListener`` becomes ``AddEntryListener``."""
    return name[:1].upper() + name[1:]


def local(name: str) -> str:
    """The variable of a decoder that holds a schema parameter."""
    result = parameter(name)
    return f"{result}_" if result in _DECODER_NAMES else result


def layout(code: str) -> str:
    """A struct code as part of an identifier: ``u`` for a UUID, ``z`` for a boolean."""
    return code.replace("?QQ", "u").replace("?", "z")


def operation(name: str) -> str:
    """The function that makes an operation of a protocol method: ``await`` becomes ``await_``."""
    return parameter(name)


def constant(name: str) -> str:
    """The constant that describes a protocol method: ``addListener`` becomes ``ADD_LISTENER``."""
    return snake(name).upper()
