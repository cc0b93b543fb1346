"""``Predicate``, and the table of built-in predicates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from hz_proxies.built_in import BOOLEAN, OBJECT, OBJECTS, UTF, BuiltIn, Shape
from hz_serialization.api import IdentifiedDataSerializable

PREDICATE_FACTORY_ID: Final = -20


class Predicate(IdentifiedDataSerializable):
    """A condition on the entries of a map, evaluated on the members.

    The functions of this package return the built-in predicates of the members. A custom predicate, whose Java
    class is on the members' class path, is a subclass with its own factory id, class id and ``write_data``.

    **Attributes.** Attributes are attributes of the entry's value, except for two special names: ``__key`` is the
    key and ``this`` the whole value. A path can have several parts (``full_name.first_name``, ``__key.id``),
    an index of a list or array (``names[0]``), or all items (``names[any]``). The attribute of ``None``, or an
    index beyond the end of a list, is ``None``; an attribute that the class does not have is an error.

    **None.** The value or pattern may be ``None`` only where this is documented; it then matches entries
    whose attribute is ``None``. An attribute that is ``None`` never matches ``greater``, ``greater_or_equal``,
    ``less``, ``less_or_equal`` or ``between``.

    **Types.** The member converts the value to the type of the stored attribute. The query fails if this is not
    possible.
    """

    __slots__ = ()

    def get_factory_id(self) -> int:
        """Return the factory id of the built-in predicates; a custom predicate returns its own."""
        return PREDICATE_FACTORY_ID


def _comparison(name: str, *, equal: bool, less: bool) -> Shape:
    return Shape(name, 4, (UTF, OBJECT), constants=((BOOLEAN, equal), (BOOLEAN, less)))


_SHAPES: Final = (
    Shape("sql", 0, (UTF,)),
    Shape("and_", 1, (OBJECTS,), spread=True),
    Shape("between", 2, (UTF, OBJECT, OBJECT), wire_order=(0, 2, 1)),  # the upper bound is first
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
    """A built-in predicate; only created by the functions of this package."""

    __slots__ = ()

    shapes: ClassVar[Mapping[str, Shape]] = {shape.name: shape for shape in _SHAPES}
