"""Projections: parts of map entries, extracted on the members so that only these are transferred.

Source: the projection factory (-30) of the members' serialization.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, TypeVar

from hz_proxies.built_in import UTF, UTF_ARRAY, BuiltIn, Shape, check_text
from hz_serialization import MapEntry
from hz_serialization.api import IdentifiedDataSerializable

R = TypeVar("R")

PROJECTION_FACTORY_ID: Final = -30


class Projection(IdentifiedDataSerializable, Generic[R]):
    """Converts each map entry to an ``R`` on the members, for ``Map.project``.

    The functions of this module return the built-in projections of the members. A custom projection, whose Java
    class is on the members' class path, is a subclass with its own factory id, class id and ``write_data``.
    """

    __slots__ = ()

    def get_factory_id(self) -> int:
        """Return the factory id of the built-in projections; a custom projection returns its own."""
        return PROJECTION_FACTORY_ID


_SHAPES: Final = (
    Shape("single_attribute", 0, (UTF,)),
    Shape("multi_attribute", 1, (UTF_ARRAY,), spread=True),
    Shape("identity", 2),
)


class BuiltInProjection(BuiltIn, Projection[R]):
    """A built-in projection; only created by the functions of this module."""

    __slots__ = ()

    shapes: ClassVar[Mapping[str, Shape]] = {shape.name: shape for shape in _SHAPES}


PROJECTION_FACTORY: Final[Mapping[int, Callable[[], Projection[Any]]]] = MappingProxyType(
    BuiltInProjection.factory()
)
"""Constructors by class id, to deserialize built-in projections."""


def single_attribute(attribute_path: str) -> Projection[Any]:
    """Return a projection to one attribute of each entry.

    Args:
        attribute_path: Path of the attribute, as in predicates, but without ``[any]``.

    Raises:
        TypeError: If the path is not a str.
        ValueError: If the path is empty or has ``[any]``.
    """
    return BuiltInProjection.make("single_attribute", _check_path("single_attribute", attribute_path))


def multi_attribute(*attribute_paths: str) -> Projection[list[Any]]:
    """Return a projection to several attributes of each entry, as a list in the order of the paths.

    Args:
        attribute_paths: One or more paths of attributes, as in predicates, but without ``[any]``.

    Raises:
        TypeError: If a path is not a str.
        ValueError: If there is no path, or one is empty or has ``[any]``.
    """
    if not attribute_paths:
        raise ValueError(
            "multi_attribute: at least one attribute path is required; use identity() for whole entries."
        )
    paths = tuple(_check_path("multi_attribute", path) for path in attribute_paths)
    return BuiltInProjection.make("multi_attribute", paths)


def identity() -> Projection[MapEntry[Any, Any]]:
    """Return a projection to the whole entries."""
    return BuiltInProjection.make("identity")


def _check_path(function: str, path: object) -> str:
    checked = check_text(function, "attribute_path", path)
    if "[any]" in checked:
        raise ValueError(
            f"{function}: attribute_path {checked!r} has [any], but a projection has one value per path. "
            f"Use the index of an item, such as [0]."
        )
    return checked
