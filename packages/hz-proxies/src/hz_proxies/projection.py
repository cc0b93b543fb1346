"""Projections: a part of each map entry, taken on the members so that only that part travels.

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
    """Makes an `R` of each map entry on the members, for `Map.project`.

    The functions of this module make the ones that every member knows. A projection of your own, whose Java
    class is on the members' class path, derives from this class and has its own factory id, class id and
    `write_data`.
    """

    __slots__ = ()

    def get_factory_id(self) -> int:
        """Factory id of the member's own projections; a projection of your own returns another."""
        return PROJECTION_FACTORY_ID


_SHAPES: Final = (
    Shape("single_attribute", 0, (UTF,)),
    Shape("multi_attribute", 1, (UTF_ARRAY,), spread=True),
    Shape("identity", 2),
)


class BuiltInProjection(BuiltIn, Projection[R]):
    """A projection of the table above; made by the functions of this module only."""

    __slots__ = ()

    shapes: ClassVar[Mapping[str, Shape]] = {shape.name: shape for shape in _SHAPES}


PROJECTION_FACTORY: Final[Mapping[int, Callable[[], Projection[Any]]]] = MappingProxyType(
    BuiltInProjection.factory()
)
"""Class id to constructor, for reading built-in projections back."""


def single_attribute(attribute_path: str) -> Projection[Any]:
    """One attribute of each entry.

    Args:
        attribute_path: A path as predicates take it, without ``[any]``.

    Raises:
        TypeError: If the path is not a str.
        ValueError: If the path is empty or has ``[any]``.
    """
    return BuiltInProjection.make("single_attribute", _check_path("single_attribute", attribute_path))


def multi_attribute(*attribute_paths: str) -> Projection[list[Any]]:
    """Several attributes of each entry, as a list in the order of the paths.

    Args:
        attribute_paths: One or more paths as predicates take them, without ``[any]``.

    Raises:
        TypeError: If a path is not a str.
        ValueError: If there is no path, or one is empty or has ``[any]``.
    """
    if not attribute_paths:
        raise ValueError("multi_attribute: name one attribute path or more; identity() gives whole entries.")
    paths = tuple(_check_path("multi_attribute", path) for path in attribute_paths)
    return BuiltInProjection.make("multi_attribute", paths)


def identity() -> Projection[MapEntry[Any, Any]]:
    """Each entry as it is."""
    return BuiltInProjection.make("identity")


def _check_path(function: str, path: object) -> str:
    checked = check_text(function, "attribute_path", path)
    if "[any]" in checked:
        raise ValueError(
            f"{function}: attribute_path {checked!r} has [any], but a projection gives one value per path. "
            f"Name one item, as in [0]."
        )
    return checked
