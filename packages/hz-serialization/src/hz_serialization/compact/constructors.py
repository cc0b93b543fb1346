"""Creation of objects from their field values, by the constructor of their class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from hz_serialization.compact.field_types import Unsupported
from hz_serialization.compact.members import Member, is_frozen

Getter = Callable[[Any], tuple[Any, ...]]
Make = Callable[[Sequence[Any]], Any]


def getter_of(attributes: Sequence[str]) -> Getter:
    """Return a function that returns attributes of an object, in this order."""
    get = attrgetter(*attributes)
    if len(attributes) == 1:
        return lambda obj: (get(obj),)
    return get


def maker_of(cls: type, members: Sequence[Member]) -> Make:
    """Return a function that makes an object of values in the order of ``members``.

    The constructor is called by position if it takes all values in a row, and by name otherwise. Values that it
    does not take are set afterwards.

    Raises:
        Unsupported: The constructor cannot be called with the members alone.
    """
    places = {member.argument: place for place, member in enumerate(members) if member.argument is not None}
    later = [(place, member.attribute) for place, member in enumerate(members) if member.argument is None]
    make = _calling(cls, places, len(members))
    if not later:
        return make
    set_attribute = object.__setattr__ if is_frozen(cls) else setattr

    def make_and_set(values: Sequence[Any]) -> Any:
        obj = make(values)
        for place, attribute in later:
            set_attribute(obj, attribute, values[place])
        return obj

    return make_and_set


def make_by_name(cls: type, members: Sequence[Member], values: dict[str, Any]) -> Any:
    """Make an object from some of its attributes; the others have the constructor's defaults."""
    arguments = {
        member.argument: values[member.attribute]
        for member in members
        if member.argument is not None and member.attribute in values
    }
    obj = cls(**arguments)
    set_attribute = object.__setattr__ if is_frozen(cls) else setattr
    for member in members:
        if member.argument is None and member.attribute in values:
            set_attribute(obj, member.attribute, values[member.attribute])
    return obj


def _calling(cls: type, places: dict[str, int], count: int) -> Make:
    """Return a function that calls the class with the values at the given places, out of ``count`` values."""
    order = _positions(cls, places)
    if order is None:
        names = tuple(places)
        pick = _picker(tuple(places.values()))
        return lambda values: cls(**dict(zip(names, pick(values), strict=True)))
    if order == tuple(range(count)):
        return lambda values: cls(*values)
    pick = _picker(order)
    return lambda values: cls(*pick(values))


def _picker(places: tuple[int, ...]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[place] for place in places)


def _positions(cls: type, places: dict[str, int]) -> tuple[int, ...] | None:
    """Return the place of each argument, in the order of the constructor's positional parameters.

    ``None`` if it does not take all of them by position.
    """
    import inspect

    try:
        signature = inspect.signature(cls)
    except (TypeError, ValueError):
        return None
    if _is_pydantic_model(cls):
        return None  # its signature leaves out names that are not identifiers
    try:
        signature.bind(**dict.fromkeys(places))
    except TypeError as error:
        raise Unsupported(
            f"its constructor cannot be called with the fields alone ({error}); give that argument a default, "
            "or register a CompactSerializer"
        ) from None
    by_position = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ][: len(places)]
    return tuple(places[name] for name in by_position) if set(by_position) == set(places) else None


def _is_pydantic_model(cls: type) -> bool:
    return hasattr(cls, "model_config") and hasattr(cls, "__pydantic_complete__")
