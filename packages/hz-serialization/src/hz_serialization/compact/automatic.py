"""Compact records of typed Python classes, without a serializer.

The annotated fields of a class give the schema, so that it is enough to name the class.

>>> from dataclasses import dataclass
>>> from datetime import date
>>> from hz_serialization import SerializationConfig, SerializationService
>>> from hz_serialization.compact.automatic import Int32, compact_type
>>> @dataclass
... class Address:
...     street: str
...     number: Int32
>>> @compact_type(name="employee")
... @dataclass
... class Employee:
...     name: str
...     born: date | None
...     addresses: list[Address]
>>> service = SerializationService(SerializationConfig(compact_serializers=[Employee]))
>>> data = service.to_data(Employee("Ada", date(1815, 12, 10), [Address("St James's Square", 12)]))
>>> service.to_object(data)
Employee(name='Ada', born=datetime.date(1815, 12, 10), addresses=[Address(street="St James's Square", number=12)])

Dataclasses and NamedTuples are taken as they are; so are attrs classes, pydantic models (version 2) and msgspec
Structs where those packages are installed. Classes in fields are registered with the class that has them.

=====================================================  ==========================================
Annotation                                             Kind of the field
=====================================================  ==========================================
``bool``, ``str``, ``Decimal``, ``date``, ``time``     BOOLEAN, STRING, DECIMAL, DATE, TIME
``int``; ``Int8``, ``Int16``, ``Int32``; ``BigInt``    INT64; INT8, INT16, INT32; DECIMAL
``float``; ``Float32``                                 FLOAT64; FLOAT32
``datetime``; ``ZonedDatetime``                        TIMESTAMP; TIMESTAMP_WITH_TIMEZONE
``UUID``                                               STRING, its text form
an ``Enum``; a ``Flag``                                STRING, the member's name; INT64, its value
``Literal["a", "b"]``                                  that of ``str`` (or of ``int``, ``bool``)
a class with typed fields                              COMPACT
``bytes``, ``bytearray``                               ARRAY_OF_INT8
``list[X]``, ``tuple[X, ...]``, ``Sequence[X]``        ARRAY_OF the kind of X
``set[X]``, ``frozenset[X]``                           ARRAY_OF the kind of X, sorted
``Int32Array``, ``Float64Array`` (``array.array``)     ARRAY_OF_INT32, ARRAY_OF_FLOAT64
``X | None``                                           NULLABLE, where the kind knows the difference
=====================================================  ==========================================

``Annotated[X, FieldKind.INT32]`` chooses another kind, ``Annotated[X, FieldName("e-mail")]`` another name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeVar, overload
from weakref import WeakValueDictionary

from hz_serialization.compact.annotations import (
    BigInt,
    FieldName,
    Float32,
    Float32Array,
    Float64,
    Float64Array,
    Int8,
    Int16,
    Int16Array,
    Int32,
    Int32Array,
    Int64,
    Int64Array,
    ZonedDatetime,
    field_type,
)
from hz_serialization.compact.constructors import getter_of, make_by_name, maker_of
from hz_serialization.compact.field_types import FieldType, Mismatch, Unsupported, may_be_null, read_methods
from hz_serialization.compact.kinds import FieldKind
from hz_serialization.compact.members import Member, has_members, is_frozen, members_of
from hz_serialization.compact.schema import FIXED_KINDS, Schema
from hz_serialization.errors import HazelcastSerializationError
from hz_serialization.problems import UnserializableError, type_name

__all__ = [
    "AutomaticRecord",
    "BigInt",
    "FieldName",
    "Float32",
    "Float32Array",
    "Float64",
    "Float64Array",
    "Int8",
    "Int16",
    "Int16Array",
    "Int32",
    "Int32Array",
    "Int64",
    "Int64Array",
    "ZonedDatetime",
    "compact_type",
    "is_marked",
    "marked_class",
    "record_of",
]

_Class = TypeVar("_Class", bound=type)

_MARK: Final = "__compact_type_name__"
_KNOWN_SHAPES: Final = 1024
"""Combinations of value classes that are remembered for each class; further ones are checked each time."""


class Reader(Protocol):
    """The part of a ``CompactReader`` that is used here, in addition to its ``read_`` methods."""

    def get_field_kind(self, field_name: str) -> FieldKind:
        """Return the kind of a field of the record; ``NOT_AVAILABLE`` if it has none of that name."""


class _Binding(NamedTuple):
    """A field of the record and the attribute that it belongs to."""

    name: str
    member: Member
    type: FieldType
    methods: tuple[str | None, ...]


class AutomaticRecord:
    """Conversion of objects of a typed class to records and back.

    Attributes:
        cls: The class.
        type_name: Name of the Compact type.
        schema: Its fields.
        order: Names of the variable-size fields in the order of the class: the order of their values in a record, which
            matters for keys.
        nested: Classes in its fields, which need records too.
        shapes: Combinations of the classes of values that are known to fit.
        getter: Returns the values of an object, if values of a known shape are written without conversion.
        values: Turns an object into the values of a record, in the order of ``schema.slots``; raises
            ``HazelcastSerializationError`` if an attribute is not what its annotation says.
        make: Turns the values of a record of the same schema, in that order, into an object; raises
            ``HazelcastSerializationError`` if one of them is null but must not be, or if the class refuses them.
    """

    def __init__(self, cls: type) -> None:
        members = members_of(cls)
        self.cls = cls
        self.type_name: str = vars(cls).get(_MARK, cls.__name__)
        bindings = [_bind(cls, member) for member in members]
        self.schema: Schema = Schema(
            self.type_name, [(binding.name, binding.type.kind) for binding in bindings]
        )
        self.order: tuple[str, ...] = tuple(b.name for b in bindings if b.type.kind not in FIXED_KINDS)
        self._bindings = sorted(bindings, key=lambda binding: self.schema.slots[binding.name])
        self._members = [binding.member for binding in self._bindings]
        nested = (each for binding in bindings for each in binding.type.nested if each is not cls)
        self.nested: tuple[type, ...] = tuple(dict.fromkeys(nested))
        self.shapes: set[tuple[type, ...]] = set()
        self.getter: Callable[[Any], tuple[Any, ...]] | None = None
        self.values: Callable[[Any], Sequence[Any]] = self._make_values()
        self.make: Callable[[Sequence[Any]], Any] = self._make_make()

    def make_evolved(self, reader: Reader) -> Any:
        """Make an object of a record whose schema is another version of the type.

        A field that the record does not have gets its default, or ``None`` if it is optional. Integers and floats
        may be narrower in the record than in the class, and null or not as long as they are not null.

        Args:
            reader: Gives the record's fields by name and kind.

        Raises:
            HazelcastSerializationError: A field is missing without a default, or is of another kind.
        """
        values: dict[str, Any] = {}
        missing = []
        for binding in self._bindings:
            member = binding.member
            found = reader.get_field_kind(binding.name)
            if found is not FieldKind.NOT_AVAILABLE:
                values[member.attribute] = self._read(reader, binding, found)
            elif member.argument is None:
                missing.append(binding)  # the constructor may set it
            elif member.required:
                if not binding.type.optional:
                    raise self._unreadable(binding, _ABSENT)
                values[member.attribute] = None
        try:
            obj = make_by_name(self.cls, self._members, values)
        except Exception as error:
            raise self._not_made(error) from error
        for binding in missing:
            self._set_missing(obj, binding)
        return obj

    def _set_missing(self, obj: Any, binding: _Binding) -> None:
        attribute = binding.member.attribute
        if hasattr(obj, attribute):
            return
        if not binding.type.optional:
            raise self._unreadable(binding, _ABSENT)
        set_attribute = object.__setattr__ if is_frozen(self.cls) else setattr
        set_attribute(obj, attribute, None)

    def _read(self, reader: Reader, binding: _Binding, found: FieldKind) -> Any:
        method = binding.methods[found]
        if method is None:
            raise self._unreadable(
                binding,
                f"the record has {found.name} where the class has {binding.type.kind.name}; give the field a new "
                "name",
            )
        value = getattr(reader, method)(binding.name)
        if value is None:
            if not binding.type.optional:
                raise self._unreadable(binding, _null(binding))
            return None
        if binding.type.from_slot is None:
            return value
        try:
            return binding.type.from_slot(value)
        except Exception as error:
            raise self._unreadable(binding, _text(error)) from _cause(error)

    def _make_values(self) -> Callable[[Any], Sequence[Any]]:
        # Closures here and below: they run for every object, and their variables are faster than attributes.
        get = getter_of([member.attribute for member in self._members])
        steps = [(slot, binding.type.to_slot) for slot, binding in enumerate(self._bindings)]
        conversions = tuple((slot, convert) for slot, convert in steps if convert is not None)
        shapes = self.shapes
        self.getter = None if conversions else get
        examine, explain = self._examine, self._unwritable

        def values(obj: Any) -> Sequence[Any]:
            try:
                found: Sequence[Any] = get(obj)
                if tuple(map(type, found)) not in shapes:
                    found = examine(found, shapes)
            except Exception as error:
                problem = explain(obj, None, error)
                raise problem from problem.__cause__
            return found

        if not conversions:
            return values

        def converted(obj: Any) -> Sequence[Any]:
            slot = None
            try:
                found = list(get(obj))
                if tuple(map(type, found)) not in shapes:
                    found = examine(found, shapes)
                for slot, convert in conversions:
                    value = found[slot]
                    if value is not None:
                        found[slot] = convert(value)
            except Exception as error:
                problem = explain(obj, slot, error)
                raise problem from problem.__cause__
            return found

        return converted

    def _make_make(self) -> Callable[[Sequence[Any]], Any]:
        make = maker_of(self.cls, self._members)
        steps = [(slot, binding.type.from_slot) for slot, binding in enumerate(self._bindings)]
        conversions = tuple((slot, convert) for slot, convert in steps if convert is not None)
        required = tuple(
            slot
            for slot, binding in enumerate(self._bindings)
            if may_be_null(binding.type.kind) and not binding.type.optional
        )
        not_made, fail = self._not_made, self._unreadable

        def made(values: Sequence[Any]) -> Any:
            for slot in required:
                if values[slot] is None:
                    raise fail(self._bindings[slot], _null(self._bindings[slot]))
            try:
                return make(values)
            except Exception as error:
                raise not_made(error) from error

        if not conversions:
            return made

        def converted(values: Sequence[Any]) -> Any:
            values = list(values)
            slot = 0
            try:
                for slot, convert in conversions:
                    value = values[slot]
                    if value is not None:
                        values[slot] = convert(value)
            except Exception as error:
                raise fail(self._bindings[slot], _text(error)) from _cause(error)
            return made(values)

        return converted

    def _examine(self, found: Sequence[Any], shapes: set[tuple[type, ...]]) -> list[Any]:
        """Check each value, and remember the combination of their classes if all fit as they are."""
        fitting = []
        for binding, value in zip(self._bindings, found, strict=True):
            try:
                fitting.append(binding.type.fit(value))
            except Mismatch as error:
                raise _AtField(binding.name, error) from None
        shape = tuple(map(type, found))
        if shape == tuple(map(type, fitting)) and len(shapes) < _KNOWN_SHAPES:
            shapes.add(shape)
        return fitting

    def _unwritable(self, obj: Any, slot: int | None, error: Exception) -> UnserializableError:
        """Return the error for an object that cannot be a record."""
        if isinstance(error, _AtField):
            return UnserializableError(type(obj), f"field {error.name!r}: {error.mismatch}")
        if slot is not None:
            return UnserializableError(
                type(obj), f"field {self._bindings[slot].name!r}: {_text(error)}", _cause(error)
            )
        for binding in self._bindings:
            name = binding.member.attribute
            if isinstance(error, AttributeError) and not hasattr(obj, name):
                reason = f"field {binding.name!r}: attribute {name!r} is not set"
                return UnserializableError(type(obj), reason)
        return UnserializableError(type(obj), _text(error), error)

    def _unreadable(self, binding: _Binding, reason: str) -> HazelcastSerializationError:
        return HazelcastSerializationError(
            f"Cannot read Compact type {self.type_name!r} as {type_name(self.cls)}: field {binding.name!r}: {reason}"
        )

    def _not_made(self, error: Exception) -> HazelcastSerializationError:
        return HazelcastSerializationError(
            f"Cannot read Compact type {self.type_name!r} as {type_name(self.cls)}: its constructor refuses what "
            f"was stored: {type(error).__name__}: {error}",
            error,
        )


class _AtField(Exception):
    def __init__(self, name: str, mismatch: Mismatch) -> None:
        super().__init__(name, mismatch)
        self.name = name
        self.mismatch = mismatch


def _bind(cls: type, member: Member) -> _Binding:
    try:
        result, name = field_type(member.annotation, cls)
    except Unsupported as error:
        shown = member.annotation if isinstance(member.annotation, str) else _shown(member.annotation)
        raise Unsupported(f"field {member.attribute!r} is annotated {shown}: {error}") from None
    return _Binding(name or member.attribute, member, result, read_methods(result.kind))


def _shown(annotation: Any) -> str:
    return type_name(annotation) if isinstance(annotation, type) else repr(annotation)


def _cause(error: Exception) -> Exception | None:
    """Return the error, unless it only carries the message."""
    return None if isinstance(error, Mismatch) else error


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, Mismatch) else f"{type(error).__name__}: {error}"


def _null(binding: _Binding) -> str:
    return f"the record has null where {binding.type.label} must be; annotate it as `... | None` if it may be absent"


_ABSENT: Final = "the record has no such field; give it a default, or annotate it as `... | None`"


def record_of(cls: type) -> AutomaticRecord:
    """Return the Compact form of a typed class.

    Args:
        cls: A dataclass, NamedTuple, attrs class, pydantic model or msgspec Struct.

    Raises:
        HazelcastSerializationError: It is none of these, or one of its fields has a type for which Compact
            has no kind; the error names the field and says what to do.
    """
    if not isinstance(cls, type):
        raise HazelcastSerializationError(
            f"Cannot make a Compact type of {cls!r}: it is not a class; name a CompactSerializer or a typed class"
        )
    try:
        if getattr(cls, "__parameters__", ()):
            raise Unsupported("it is generic; write a subclass with concrete types and name that")
        return AutomaticRecord(cls)
    except Unsupported as error:
        raise HazelcastSerializationError(
            f"Cannot make a Compact type of {type_name(cls)}: {error}"
        ) from None


_marked: Final[WeakValueDictionary[str, type]] = WeakValueDictionary()


@overload
def compact_type(cls: _Class, /) -> _Class: ...
@overload
def compact_type(*, name: str | None = None) -> Callable[[_Class], _Class]: ...
def compact_type(cls: _Class | None = None, /, *, name: str | None = None) -> Any:
    """Mark a typed class as Compact, so that every service writes and reads it without configuration.

    To be written above ``@dataclass`` and the like.

    Args:
        cls: The class.
        name: Name of the Compact type, the same for all programs that share its objects; the class's name if
            it is left out.

    Raises:
        HazelcastSerializationError: The class has no typed fields, or another class was marked with that name.
    """
    if cls is None:
        return lambda marked: _mark(marked, name)
    return _mark(cls, name)


def _mark(cls: _Class, name: str | None) -> _Class:
    chosen = cls.__name__ if name is None else name
    if not has_members(cls):
        raise HazelcastSerializationError(
            f"Cannot make a Compact type of {type_name(cls)}: it is not a dataclass, NamedTuple, attrs class, pydantic "
            "model or msgspec Struct; write @compact_type above the decorator that makes it one"
        )
    other = _marked.get(chosen)
    if other is not None and type_name(other) != type_name(cls):
        raise HazelcastSerializationError(
            f"Cannot make a Compact type of {type_name(cls)}: {type_name(other)} has the type name {chosen!r} already; "
            "choose another by @compact_type(name=...)"
        )
    setattr(cls, _MARK, chosen)
    _marked[chosen] = cls
    return cls


def is_marked(cls: type) -> bool:
    """Return whether ``compact_type`` decorates this class itself, and not only a base class."""
    return _MARK in vars(cls)


def marked_class(type_name: str) -> type | None:
    """Return the class that ``compact_type`` marked with this type name, if there is one."""
    return _marked.get(type_name)
