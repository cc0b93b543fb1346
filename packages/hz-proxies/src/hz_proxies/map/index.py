"""Configuration of indexes."""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final, TypeVar

from hz_core.arguments import shown
from hz_core.config import IndexType, QueryConstants, UniqueKeyTransformation
from hz_proxies.codecs.map import BitmapIndexOptions, IndexConfig

MAX_ATTRIBUTES: Final = 255
_BITMAP_OPTIONS: Final = ("unique_key", "unique_key_transformation")
_THIS: Final = "this."

E = TypeVar("E", bound=IntEnum)


def index_config(
    map_name: str,
    attributes: Sequence[str] | None,
    index_type: int | str,
    name: str | None,
    bitmap_options: Mapping[str, Any] | None,
) -> IndexConfig:
    """Check and complete the arguments of ``Map.add_index``.

    Raises:
        ValueError: There is no attribute, there are too many, or one is duplicate, empty or ends with a dot; a
            bitmap index has more than one attribute, or an unknown option.
        TypeError: An argument has the wrong type.
    """
    kind = _member(IndexType, index_type, "index_type")
    names = [_attribute(a) for a in _checked(attributes)]
    if len(set(names)) != len(names):
        raise ValueError(f"the attributes of an index must be distinct, not {names}")
    if kind == IndexType.BITMAP and len(names) > 1:
        raise ValueError(f"a bitmap index has one attribute, not {len(names)}: {names}")
    options = _bitmap_options(bitmap_options or {}) if kind == IndexType.BITMAP else None
    name = name or f"{map_name}_{kind.name.lower()}_{'_'.join(names)}"
    return IndexConfig(name, int(kind), names, options)


def _checked(attributes: Sequence[str] | None) -> Sequence[str]:
    if isinstance(attributes, str):
        raise TypeError(f"attributes must be a list of names, not the string {shown(attributes)}")
    if not attributes:
        raise ValueError("an index needs at least one attribute")
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"an index has at most {MAX_ATTRIBUTES} attributes, not {len(attributes)}")
    return attributes


def _attribute(attribute: object) -> str:
    if not isinstance(attribute, str):
        raise TypeError(f"an attribute of an index must be a string, not {shown(attribute)}")
    stripped = attribute.strip()
    if not stripped:
        raise ValueError("an attribute of an index must not be empty")
    if stripped.endswith("."):
        raise ValueError(f"an attribute of an index must not end with a dot: {attribute!r}")
    return stripped.removeprefix(_THIS)


def _bitmap_options(options: Mapping[str, Any]) -> BitmapIndexOptions:
    for option in options:
        if option not in _BITMAP_OPTIONS:
            raise ValueError(
                f"unknown bitmap index option {option!r}; known are {', '.join(_BITMAP_OPTIONS)}"
            )
    transformation = options.get("unique_key_transformation", UniqueKeyTransformation.OBJECT)
    return BitmapIndexOptions(
        _attribute(options.get("unique_key", QueryConstants.KEY_ATTRIBUTE_NAME)),
        int(_member(UniqueKeyTransformation, transformation, "unique_key_transformation")),
    )


def _member(enum: type[E], value: object, what: str) -> E:
    for member in enum:
        if value == member.value or (isinstance(value, str) and value.upper() == member.name):
            return member
    names = ", ".join(f"{m.name} ({m.value})" for m in enum)
    raise TypeError(f"{what} must be one of {names}, as value or name; not {shown(value)}")
