"""Objects with built-in classes on the members, described by tables instead of classes.

Built-in predicates, aggregators and projections differ only in their class id and their fields. A ``Shape``
describes these; ``BuiltIn`` implements serialization, comparison and ``repr`` for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, Self

from hz_core.arguments import shown
from hz_serialization import HazelcastSerializationError, type_ids
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput


class Field(NamedTuple):
    """The writer and the reader of a field."""

    write: Callable[[ObjectDataOutput, Any], None]
    read: Callable[[ObjectDataInput], Any]


def _write_objects(out: ObjectDataOutput, values: Sequence[Any]) -> None:
    out.write_int(len(values))
    for value in values:
        out.write_object(value)


def _read_objects(inp: ObjectDataInput) -> tuple[Any, ...]:
    return tuple(inp.read_object() for _ in range(inp.read_int()))


# Written without write_object, which would write a small int as an Integer, where members cast to BigInteger.
def _write_big_integer_zero(out: ObjectDataOutput, _: int) -> None:
    out.write_int(type_ids.BIG_INTEGER)
    out.write_byte_array(bytearray(1))


def _write_big_decimal_zero(out: ObjectDataOutput, _: int) -> None:
    out.write_int(type_ids.BIG_DECIMAL)
    out.write_byte_array(bytearray(1))
    out.write_int(0)  # scale


BOOLEAN: Final = Field(lambda out, value: out.write_boolean(value), lambda inp: inp.read_boolean())
INT: Final = Field(lambda out, value: out.write_int(value), lambda inp: inp.read_int())
LONG: Final = Field(lambda out, value: out.write_long(value), lambda inp: inp.read_long())
DOUBLE: Final = Field(lambda out, value: out.write_double(value), lambda inp: inp.read_double())
UTF: Final = Field(lambda out, value: out.write_utf(value), lambda inp: inp.read_utf())
UTF_ARRAY: Final = Field(
    lambda out, value: out.write_utf_array(list(value)), lambda inp: tuple(inp.read_utf_array() or ())
)
OBJECT: Final = Field(lambda out, value: out.write_object(value), lambda inp: inp.read_object())
OBJECTS: Final = Field(_write_objects, _read_objects)
BIG_INTEGER_ZERO: Final = Field(_write_big_integer_zero, lambda inp: inp.read_object())
BIG_DECIMAL_ZERO: Final = Field(_write_big_decimal_zero, lambda inp: inp.read_object())


class Shape(NamedTuple):
    """A built-in class of the members: the function that creates its objects, its class id, its fields.

    Attributes:
        name: Name of the function that creates its objects; ``repr`` shows a call of it.
        class_id: Class id within the factory.
        fields: One per argument, in the order of the function's parameters.
        wire_order: Indexes of ``fields`` in the order in which they are written; empty if it is the same.
        constants: Fields without an argument, which are written last, with their values.
        spread: Whether the function takes the last argument, a sequence, as ``*arguments``.
    """

    name: str
    class_id: int
    fields: tuple[Field, ...] = ()
    wire_order: tuple[int, ...] = ()
    constants: tuple[tuple[Field, Any], ...] = ()
    spread: bool = False

    def written(self) -> Sequence[int]:
        """Return the indexes of ``fields`` in wire order."""
        return self.wire_order or range(len(self.fields))


class BuiltIn(IdentifiedDataSerializable):
    """An object with a shape and one argument for each of the shape's fields.

    Objects are equal if they have the same shape and equal arguments of the same types: ``1``, ``1.0`` and
    ``True`` are equal in Python, but different values for a member.
    """

    __slots__ = ("_arguments", "_shape")

    shapes: ClassVar[Mapping[str, Shape]] = {}

    def __init__(self, shape: Shape, *arguments: Any) -> None:
        self._shape = shape
        self._arguments = arguments

    @classmethod
    def make(cls, name: str, *arguments: Any) -> Self:
        """Return an object of the shape with this name."""
        return cls(cls.shapes[name], *arguments)

    @classmethod
    def factory(cls) -> dict[int, Callable[[], Self]]:
        """Return the constructors by class id, for the factories of the serialization service."""

        def constructor(shape: Shape) -> Callable[[], Self]:
            return lambda: cls(shape, *(None for _ in shape.fields))

        return {shape.class_id: constructor(shape) for shape in cls.shapes.values()}

    def get_class_id(self) -> int:
        """Return the class id within the factory."""
        return self._shape.class_id

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """Write the arguments in wire order, then the constants."""
        shape = self._shape
        for index in shape.written():
            shape.fields[index].write(object_data_output, self._arguments[index])
        for field, value in shape.constants:
            field.write(object_data_output, value)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        """Read the fields that ``write_data`` wrote.

        Raises:
            HazelcastSerializationError: If no shape with this class id has these constants.
        """
        shape = self._shape
        arguments: list[Any] = [None] * len(shape.fields)
        for index in shape.written():
            arguments[index] = shape.fields[index].read(object_data_input)
        constants = tuple(field.read(object_data_input) for field, _ in shape.constants)
        self._shape = self._variant(constants)
        self._arguments = tuple(arguments)

    def _variant(self, constants: tuple[Any, ...]) -> Shape:
        """Return the shape with these constants (several shapes share a class id)."""
        for shape in self.shapes.values():
            if shape.class_id == self.get_class_id() and tuple(v for _, v in shape.constants) == constants:
                return shape
        raise HazelcastSerializationError(
            f"Cannot read an object of factory {self.get_factory_id()}, class {self.get_class_id()}: "
            f"its last fields are {constants}, which this client does not know."
        )

    def _compared(self) -> tuple[Any, ...]:
        return self._shape.name, _typed(self._arguments)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BuiltIn) or type(self) is not type(other):
            return NotImplemented
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def __repr__(self) -> str:
        arguments = list(self._arguments)
        if self._shape.spread:
            arguments.extend(arguments.pop())
        return f"{self._shape.name}({', '.join(map(repr, arguments))})"


def _typed(value: Any) -> Any:
    """Return ``value`` with the types of its items, so that 1, 1.0 and True do not compare equal."""
    if isinstance(value, tuple):
        return tuple, tuple(map(_typed, value))
    if isinstance(value, list):
        return list, list(map(_typed, value))
    return type(value), value


def check_text(function: str, parameter: str, value: object) -> str:
    """Return ``value`` if it is a non-empty str.

    Raises:
        TypeError: If it is not a str.
        ValueError: If it is empty.
    """
    if not isinstance(value, str):
        raise TypeError(
            f"{function}: {parameter} must be a str, not {type(value).__name__} ({shown(value)})."
        )
    if not value:
        raise ValueError(f"{function}: {parameter} must not be empty.")
    return value


def check_int(function: str, parameter: str, value: object, *, minimum: int) -> int:
    """Return ``value`` if it is an int (but no bool) of at least ``minimum``.

    Raises:
        TypeError: If it is not an int.
        ValueError: If it is less than ``minimum``, or does not fit into 32 bits.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(
            f"{function}: {parameter} must be an int, not {type(value).__name__} ({shown(value)})."
        )
    if not minimum <= value < 1 << 31:
        raise ValueError(
            f"{function}: {parameter} must be between {minimum} and {(1 << 31) - 1}, not {shown(value)}."
        )
    return value
