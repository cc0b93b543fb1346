"""Mapping of the annotations of typed Python classes to the kinds of Compact fields."""

from __future__ import annotations

import collections.abc
import types
import typing
from array import array
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, Flag
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    NewType,
    TypeVar,
    Union,
    get_args,
    get_origin,
)
from uuid import UUID

from hz_serialization.compact import conversions as convert
from hz_serialization.compact.field_types import (
    FLOAT_KINDS,
    INT_KINDS,
    FieldType,
    Unsupported,
    array_of,
    item_of,
    may_be_null,
    nullable,
    plain,
)
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.members import has_members
from hz_serialization.problems import type_name
from hz_serialization.public_names import publish

Int8 = Annotated[int, FieldKind.INT8]
"""An ``int`` stored as INT8, Java's byte."""
Int16 = Annotated[int, FieldKind.INT16]
"""An ``int`` stored as INT16, Java's short."""
Int32 = Annotated[int, FieldKind.INT32]
"""An ``int`` stored as INT32, Java's int."""
Int64 = Annotated[int, FieldKind.INT64]
"""An ``int`` stored as INT64, Java's long; the same as ``int`` alone."""
BigInt = Annotated[int, FieldKind.DECIMAL]
"""An ``int`` of any size, stored as DECIMAL, Java's BigDecimal."""
Float32 = Annotated[float, FieldKind.FLOAT32]
"""A ``float`` stored as FLOAT32, Java's float; digits beyond its 24 bits are lost."""
Float64 = Annotated[float, FieldKind.FLOAT64]
"""A ``float`` stored as FLOAT64, Java's double; the same as ``float`` alone."""
ZonedDatetime = Annotated[datetime, FieldKind.TIMESTAMP_WITH_TIMEZONE]
"""A ``datetime`` with a UTC offset, Java's OffsetDateTime; ``datetime`` alone means one without."""

if TYPE_CHECKING:
    _Ints = array[int]
    _Floats = array[float]
else:  # at run time, array.array can be subscripted from Python 3.12 on
    _Ints = _Floats = array
Int16Array = Annotated[_Ints, FieldKind.ARRAY_OF_INT16]
"""An ``array.array`` of type code ``h``, Java's ``short[]``."""
Int32Array = Annotated[_Ints, FieldKind.ARRAY_OF_INT32]
"""An ``array.array`` of type code ``i``, Java's ``int[]``."""
Int64Array = Annotated[_Ints, FieldKind.ARRAY_OF_INT64]
"""An ``array.array`` of type code ``q``, Java's ``long[]``."""
Float32Array = Annotated[_Floats, FieldKind.ARRAY_OF_FLOAT32]
"""An ``array.array`` of type code ``f``, Java's ``float[]``."""
Float64Array = Annotated[_Floats, FieldKind.ARRAY_OF_FLOAT64]
"""An ``array.array`` of type code ``d``, Java's ``double[]``."""


class FieldName(NamedTuple):
    """The name of a field in the record, if it is not the attribute's: ``Annotated[str, FieldName("e-mail")]``."""

    name: str


class Markers(NamedTuple):
    """What ``Annotated`` adds to the type; ``None`` where it adds nothing."""

    kind: FieldKind | None = None
    name: str | None = None


_STRINGS: Final = (str, bytes, bytearray, memoryview)
_COLLECTIONS: Final[dict[Any, tuple[tuple[type, ...], tuple[type, ...], Callable[[Any], Any] | None]]] = {
    list: ((list,), (), None),
    tuple: ((tuple,), (), tuple),
    set: ((set,), (), set),
    frozenset: ((frozenset,), (), frozenset),
    collections.abc.Sequence: ((collections.abc.Sequence,), _STRINGS, None),
    collections.abc.MutableSequence: ((collections.abc.MutableSequence,), _STRINGS, None),
    collections.abc.Collection: ((collections.abc.Collection,), (*_STRINGS, collections.abc.Mapping), None),
    collections.abc.Set: ((collections.abc.Set,), (), set),
    collections.abc.MutableSet: ((collections.abc.MutableSet,), (), set),
}
"""For each collection in an annotation: the classes of its values, subclasses that do not count, and its maker."""
_SETS: Final = (set, frozenset, collections.abc.Set, collections.abc.MutableSet)


def field_type(annotation: Any, owner: type) -> tuple[FieldType, str | None]:
    """Return how a field with this annotation is stored, and its name in the record if the annotation gives one.

    Args:
        annotation: With all forward references resolved.
        owner: The class with the annotation, which is the meaning of ``typing.Self``.

    Raises:
        Unsupported: Compact has no kind for it.
    """
    bare, markers, optional = unwrap(annotation)
    if bare is typing.Self:
        bare = owner
    result = _collection(bare, markers.kind, owner) or _scalar(bare, markers.kind)
    kind = result.kind
    if optional:
        label = f"{result.label} or None"
        result = result._replace(kind=nullable(kind), label=label, optional=True)
    elif markers.kind == nullable(kind):
        result = result._replace(kind=nullable(kind))
    return result, markers.name


def unwrap(annotation: Any) -> tuple[Any, Markers, bool]:
    """Unwrap Annotated, Optional, NewType, Final and type aliases.

    Returns:
        What is left, the markers, and whether it may be ``None``.

    Raises:
        Unsupported: It is a union of several types, or has two markers of one sort.
    """
    markers, optional = Markers(), False
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            for note in annotation.__metadata__:
                markers = _with_note(markers, note)
            annotation = annotation.__origin__
        elif origin is Union or origin is types.UnionType:
            some = [choice for choice in get_args(annotation) if choice is not type(None)]
            optional = optional or len(some) < len(get_args(annotation))
            if len(some) != 1:
                raise Unsupported(
                    "a Compact field has one kind, not one of several; name one type (`X | None` is fine), or "
                    "give each choice a field of its own"
                )
            annotation = some[0]
        elif origin is Literal and None in get_args(annotation):
            optional = True
            annotation = Literal[tuple(choice for choice in get_args(annotation) if choice is not None)]
        elif origin is typing.Final:
            (annotation,) = get_args(annotation)
        elif isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif _is_aware_datetime(annotation):
            annotation = ZonedDatetime if annotation.__name__ == "AwareDatetime" else datetime
        else:
            return annotation, markers, optional


def _is_aware_datetime(annotation: Any) -> bool:
    """Return whether it is one of pydantic's two names for a datetime, which are classes without instances."""
    return getattr(annotation, "__module__", "") == "pydantic.types" and getattr(
        annotation, "__name__", ""
    ) in ("AwareDatetime", "NaiveDatetime")


def _with_note(markers: Markers, note: Any) -> Markers:
    if isinstance(note, FieldKind):
        if markers.kind not in (None, note):
            raise Unsupported(f"it names two kinds, {markers.kind!r} and {note!r}; keep one")
        return markers._replace(kind=note)
    if isinstance(note, FieldName):
        if markers.name not in (None, note.name):
            raise Unsupported(f"it names two fields, {markers.name!r} and {note.name!r}; keep one")
        return markers._replace(name=note.name)
    return markers


def _collection(bare: Any, kind: FieldKind | None, owner: type) -> FieldType | None:
    """Return the array for a list, tuple, set or array.array; ``None`` for anything else."""
    origin = get_origin(bare) or bare
    if origin is array:
        return _array(get_args(bare), kind)
    if origin not in _COLLECTIONS:
        return None
    classes, excluded, make = _COLLECTIONS[origin]
    annotation, length = _item_annotation(origin, get_args(bare))
    if kind is not None:
        item_kind = item_of(kind)
        if item_kind is None:
            raise Unsupported(
                f"a collection is an array, not {kind.name}; name an ARRAY_OF kind or the item's"
            )
        annotation = Annotated[annotation, item_kind]
    item, _ = field_type(annotation, owner)
    if item_of(item.kind) is not None:
        raise Unsupported(
            "Compact has no arrays of arrays; put the inner collection into a class of its own, whose "
            "records can be items"
        )
    is_set = origin in _SETS
    if is_set and (item.kind is FieldKind.COMPACT or item.optional):
        raise Unsupported(
            "the items of a set are stored in their order, which records and None have not; use a list"
        )
    label = f"{origin.__name__} of {item.label}"
    result = FieldType(array_of(item.kind), label, classes, excluded, nested=item.nested)
    return result._replace(
        to_slot=_items_writer(item, length, is_set),
        from_slot=_items_reader(item, make, length),
    )


def _items_writer(item: FieldType, length: int | None, is_set: bool) -> Callable[[Any], Any]:
    if item.kind in INT_KINDS and item.to_slot is None and not is_set:
        return convert.IntsWriter(item, length)
    return convert.ItemsWriter(item, length, is_set)


def _items_reader(
    item: FieldType, make: Callable[[Any], Any] | None, length: int | None
) -> Callable[[Any], Any]:
    if make is None and item.from_slot is None and (item.optional or not may_be_null(item.kind)):
        return convert.as_list
    return convert.ItemsReader(item, make or list, length)


def _item_annotation(origin: Any, args: tuple[Any, ...]) -> tuple[Any, int | None]:
    """Return the annotation of the items, and their number where it is fixed."""
    if not args:
        raise Unsupported(f"it does not say what its items are; write for example {origin.__name__}[str]")
    if origin is not tuple or (len(args) == 2 and args[1] is Ellipsis):
        return args[0], None
    if any(arg != args[0] for arg in args):
        raise Unsupported("a tuple of several types has no kind; make it a NamedTuple or a dataclass")
    return args[0], len(args)


def _array(args: tuple[Any, ...], kind: FieldKind | None) -> FieldType:
    """Return the array for ``array.array``, of the given kind or of that of the annotation of its items."""
    if kind is None and args:
        item, _ = field_type(args[0], array)
        kind = array_of(item.kind)
    item_kind = None if kind is None else item_of(kind)
    if item_kind is None or item_kind not in convert.TYPECODES:
        raise Unsupported(
            "it does not say which numbers it holds; use Int16Array, Int32Array, Int64Array, Float32Array or "
            "Float64Array of hz_serialization.compact.automatic, or Annotated[array, FieldKind.ARRAY_OF_INT32]"
        )
    return FieldType(
        array_of(item_kind),
        f"array of {item_kind.name}",
        (array,),
        to_slot=convert.array_writer(item_kind),
        from_slot=convert.array_reader(item_kind),
    )


def _scalar(bare: Any, kind: FieldKind | None) -> FieldType:
    """Return the type of a single value."""
    if get_origin(bare) is Literal:
        return _literal(get_args(bare), kind)
    if bare is Any or not isinstance(bare, type) or get_origin(bare) is not None:
        raise Unsupported(_why_no_class(bare))
    if kind is not None and plain(kind) is FieldKind.COMPACT:
        return _record(bare)
    if issubclass(bare, Enum):
        return _enum(bare, kind)
    if bare in _BASIC:
        kinds = _BASIC[bare]
        chosen = next(iter(kinds)) if kind is None else plain(kind)
        if chosen not in kinds:
            names = ", ".join(possible.name for possible in kinds)
            raise Unsupported(f"{bare.__name__} cannot be {chosen.name}; it can be {names}")
        return kinds[chosen]
    if has_members(bare):
        if kind is not None:
            raise Unsupported(f"a record cannot be {kind.name}; leave the kind out")
        return _record(bare)
    raise Unsupported(_why_unknown(bare))


def _record(cls: type) -> FieldType:
    nested = (cls,) if has_members(cls) else ()
    check = convert.instance_of(cls)
    return FieldType(FieldKind.COMPACT, type_name(cls), (cls,), from_slot=check, nested=nested)


def _enum(cls: type[Enum], kind: FieldKind | None) -> FieldType:
    """Return the type of an enum: by name, as in Java, or by value for flags and where an integer kind is given."""
    chosen = plain(kind or (FieldKind.INT64 if issubclass(cls, Flag) else FieldKind.STRING))
    if chosen is FieldKind.STRING and not issubclass(cls, Flag):
        to_slot, from_slot = convert.enum_by_name(cls)
    elif chosen in INT_KINDS and all(isinstance(member.value, int) for member in cls):
        to_slot, from_slot = convert.enum_by_value(cls)
    else:
        raise Unsupported(
            f"the members of {type_name(cls)} cannot be {chosen.name}; STRING keeps the names of an enum that is "
            "no Flag, INT8 to INT64 keep the values where all are ints"
        )
    return FieldType(chosen, type_name(cls), (cls,), to_slot=to_slot, from_slot=from_slot)


def _literal(choices: tuple[Any, ...], kind: FieldKind | None) -> FieldType:
    classes = {type(choice) for choice in choices}
    (cls, *others) = classes
    if others or cls not in (str, int, bool):
        raise Unsupported("literals in a Compact field must all be str, all int or all bool")
    result = _scalar(cls, kind)
    if result.kind is FieldKind.DECIMAL:
        raise Unsupported("literals cannot be DECIMAL; leave the kind out")
    check = convert.one_of(choices)
    return result._replace(label=f"one of {choices!r}", to_slot=check, from_slot=check)


def _why_no_class(bare: Any) -> str:
    if bare is Any:
        return (
            "a Compact field has one kind, so that it cannot hold anything; name the one type that it holds"
        )
    origin = get_origin(bare)
    if isinstance(origin, type) and issubclass(origin, collections.abc.Iterable) and not has_members(origin):
        return _why_unknown(origin)
    if isinstance(bare, TypeVar) or origin is not None:
        return (
            "generic types have no record of their own, since one type name has one schema; write a subclass "
            "with concrete types"
        )
    return f"Compact has no kind for this type; {_POSSIBLE}"


def _why_unknown(cls: type) -> str:
    if cls is object:
        return _why_no_class(Any)
    if issubclass(cls, collections.abc.Mapping):
        return (
            "Compact has no maps; use a list of a dataclass with a key and a value field, or keep JSON text in a "
            "str field"
        )
    if issubclass(cls, complex):
        return "Compact has no complex numbers; use two float fields"
    return (
        f"{type_name(cls)} has no typed fields of its own; {_POSSIBLE}; or register a CompactSerializer for it and "
        f"annotate the field as Annotated[{cls.__name__}, FieldKind.COMPACT]"
    )


_POSSIBLE: Final = (
    "use bool, int, float, str, bytes, Decimal, date, time, datetime, UUID, an Enum, a dataclass (or NamedTuple, "
    "attrs class, pydantic model, msgspec Struct), or a list, tuple or set of one of them"
)


def _basic_types() -> dict[type, dict[FieldKind, FieldType]]:
    """Return the kinds that can hold the values of each class; the first is the default."""
    kinds = FieldKind
    floats = {
        kind: FieldType(kind, "float", (float,), coerce=convert.exact_float) for kind in FLOAT_KINDS[::-1]
    }
    ints = {kind: FieldType(kind, "int", (int,)) for kind in INT_KINDS[::-1]}
    big = FieldType(kinds.DECIMAL, "int", (int,), to_slot=Decimal, from_slot=convert.whole)
    naive = FieldType(kinds.TIMESTAMP, "datetime", (datetime,), to_slot=convert.without_zone)
    aware = FieldType(kinds.TIMESTAMP_WITH_TIMEZONE, "datetime", (datetime,), to_slot=convert.with_zone)
    octets = FieldType(
        kinds.ARRAY_OF_INT8, "bytes", (bytes,), to_slot=convert.signed, from_slot=convert.octets
    )
    mutable = FieldType(
        kinds.ARRAY_OF_INT8,
        "bytearray",
        (bytearray,),
        to_slot=convert.signed,
        from_slot=convert.mutable_octets,
    )
    return {
        bool: {kinds.BOOLEAN: FieldType(kinds.BOOLEAN, "bool", (bool,))},
        int: {**ints, kinds.DECIMAL: big},
        float: floats,
        str: {kinds.STRING: FieldType(kinds.STRING, "str", (str,))},
        bytes: {kinds.ARRAY_OF_INT8: octets},
        bytearray: {kinds.ARRAY_OF_INT8: mutable},
        Decimal: {kinds.DECIMAL: FieldType(kinds.DECIMAL, "Decimal", (Decimal,))},
        date: {kinds.DATE: FieldType(kinds.DATE, "date", (date,), (datetime,))},
        time: {kinds.TIME: FieldType(kinds.TIME, "time", (time,), to_slot=convert.time_without_zone)},
        datetime: {kinds.TIMESTAMP: naive, kinds.TIMESTAMP_WITH_TIMEZONE: aware},
        UUID: {
            kinds.STRING: FieldType(kinds.STRING, "UUID", (UUID,), to_slot=str, from_slot=convert.uuid_of)
        },
    }


_BASIC: Final = _basic_types()


publish("hz_serialization.compact", (FieldName,))
