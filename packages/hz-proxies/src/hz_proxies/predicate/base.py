"""`Predicate` and the table of the predicates that every member has built in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from hz_proxies.built_in import BOOLEAN, OBJECT, OBJECTS, UTF, BuiltIn, Shape
from hz_serialization.api import IdentifiedDataSerializable

PREDICATE_FACTORY_ID: Final = -20


class Predicate(IdentifiedDataSerializable):
    """A condition on the entries of a map, evaluated on the members.

    The functions of this package make the ones that every member knows. A predicate of your own, whose Java
    class is on the members' class path, derives from this class and has its own factory id, class id and
    `write_data`.

    **Attributes.** Functions that take an attribute read it from the entry's value, except for two special
    names: ``__key`` is the key and ``this`` the whole value. A path goes deeper with dots
    (``full_name.first_name``, ``__key.id``), to one item of a list or array with ``names[0]``, and to all
    of them with ``names[any]``. A step through ``None``, or beyond the end of a list, gives ``None``; a name
    that no class on the path has makes the query fail.

    **None.** Only where a function says so may the value or pattern be ``None``; it then matches entries
    whose attribute is ``None``. An attribute that is ``None`` never passes `greater`, `greater_or_equal`,
    `less`, `less_or_equal` or `between`.

    **Types.** The member converts the given value to the type of the stored attribute, and the query fails if
    there is no conversion.
    """

    __slots__ = ()

    def get_factory_id(self) -> int:
        """Factory id of the member's own predicates; a predicate of your own returns another."""
        return PREDICATE_FACTORY_ID


def _comparison(name: str, *, equal: bool, less: bool) -> Shape:
    return Shape(name, 4, (UTF, OBJECT), constants=((BOOLEAN, equal), (BOOLEAN, less)))


_SHAPES: Final = (
    Shape("sql", 0, (UTF,)),
    Shape("and_", 1, (OBJECTS,), spread=True),
    Shape("between", 2, (UTF, OBJECT, OBJECT), wire_order=(0, 2, 1)),  # the upper bound goes first
    Shape("equal", 3, (UTF, OBJECT)),
    _comparison("greater", equal=False, less=False),
    _comparison("greater_or_equal", equal=True, less=False),
    _comparison("less", equal=False, less=True),
    _comparison("less_or_equal", equal=True, less=True),
    Shape("like", 5, (UTF, UTF)),
    Shape("ilike", 6, (UTF, UTF)),
    Shape("in_", 7, (UTF, OBJECTS), spread=True),
    Shape("instance_of", 8, (UTF,)),
    Shape("not_equal", 9, (UTF, OBJECT)),
    Shape("not_", 10, (OBJECT,)),
    Shape("or_", 11, (OBJECTS,), spread=True),
    Shape("regex", 12, (UTF, UTF)),
    Shape("false", 13),
    Shape("true", 14),
)


class BuiltInPredicate(BuiltIn, Predicate):
    """A predicate of the table above; made by the functions of this package only."""

    __slots__ = ()

    shapes: ClassVar[Mapping[str, Shape]] = {shape.name: shape for shape in _SHAPES}
