"""Objects that every member knows by a factory id and a class id, described by tables instead of classes.

Built-in predicates, aggregators and projections differ only in their class id and in the fields they write.
A `Shape` names those; `BuiltIn` does the writing, reading, comparing and printing for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, Self

from hz_serialization import HazelcastSerializationError, type_ids
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput


class Field(NamedTuple):
    """How one field is written and read."""

    write: Callable[[ObjectDataOutput, Any], None]
    read: Callable[[ObjectDataInput], Any]


def _write_objects(out: ObjectDataOutput, values: Sequence[Any]) -> None:
    out.write_int(len(values))
    for value in values:
        out.write_object(value)


def _read_objects(inp: ObjectDataInput) -> tuple[Any, ...]:
    return tuple(inp.read_object() for _ in range(inp.read_int()))


# Written by hand because a Python int has no fixed Java class: write_object would make an Integer of it where
# a member casts to BigInteger.
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
    """One built-in class of the member: the function that makes it, its class id, its fields.

    Attributes:
        name: Name of the function that makes it; `repr` prints a call of it.
        class_id: Class id within the factory.
        fields: One per argument, in the order of the function's parameters.
        wire_order: Indexes of `fields` in the order in which they are written; empty if it is the same.
        constants: Fields without an argument, written last, each with its value.
        spread: Whether the last argument is a sequence that the function takes as `*arguments`.
    """

    name: str
    class_id: int
    fields: tuple[Field, ...] = ()
    wire_order: tuple[int, ...] = ()
    constants: tuple[tuple[Field, Any], ...] = ()
    spread: bool = False

    def written(self) -> Sequence[int]:
        """Indexes of `fields` in wire order."""
        return self.wire_order or range(len(self.fields))


class BuiltIn(IdentifiedDataSerializable):
    """An object with a shape and one argument for each of the shape's fields.

    Two are equal if they are made by the same function of equal arguments of the same types: `1`, `1.0` and
    `True` are equal in Python and different values to a member.
    """

    __slots__ = ("_arguments", "_shape")

    shapes: ClassVar[Mapping[str, Shape]] = {}

    def __init__(self, shape: Shape, *arguments: Any) -> None:
        self._shape = shape
        self._arguments = arguments

    @classmethod
    def make(cls, name: str, *arguments: Any) -> Self:
        """An object of the shape called `name`."""
        return cls(cls.shapes[name], *arguments)

    @classmethod
    def factory(cls) -> dict[int, Callable[[], Self]]:
        """Class id to constructor of a blank object to read into, as serialization factories are given."""

        def constructor(shape: Shape) -> Callable[[], Self]:
            return lambda: cls(shape, *(None for _ in shape.fields))

        return {shape.class_id: constructor(shape) for shape in cls.shapes.values()}

    def get_class_id(self) -> int:
        """Class id within the factory."""
        return self._shape.class_id

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """Writes the arguments in wire order, then the constants."""
        shape = self._shape
        for index in shape.written():
            shape.fields[index].write(object_data_output, self._arguments[index])
        for field, value in shape.constants:
            field.write(object_data_output, value)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        """Reads what `write_data` wrote.

        Raises:
            HazelcastSerializationError: If the constants are none of this class id's.
        """
        shape = self._shape
        arguments: list[Any] = [None] * len(shape.fields)
        for index in shape.written():
            arguments[index] = shape.fields[index].read(object_data_input)
        constants = tuple(field.read(object_data_input) for field, _ in shape.constants)
        self._shape = self._variant(constants)
        self._arguments = tuple(arguments)

    def _variant(self, constants: tuple[Any, ...]) -> Shape:
        """The shape of this class id that has these constants (greater and less share a class id)."""
        for shape in self.shapes.values():
            if shape.class_id == self.get_class_id() and tuple(v for _, v in shape.constants) == constants:
                return shape
        raise HazelcastSerializationError(
            f"Cannot read an object of factory {self.get_factory_id()}, class {self.get_class_id()}: "
            f"it ends in {constants}, which this client never writes and does not understand."
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
    """`value` with the type of every item beside it, so that 1, 1.0 and True do not compare equal."""
    if isinstance(value, tuple):
        return tuple, tuple(map(_typed, value))
    if isinstance(value, list):
        return list, list(map(_typed, value))
    return type(value), value


def check_text(function: str, parameter: str, value: object) -> str:
    """`value` if it is a str that is not empty.

    Raises:
        TypeError: If it is not a str.
        ValueError: If it is empty.
    """
    if not isinstance(value, str):
        raise TypeError(f"{function}: {parameter} must be a str, not {type(value).__name__} ({value!r}).")
    if not value:
        raise ValueError(f"{function}: {parameter} must not be empty.")
    return value


def check_int(function: str, parameter: str, value: object, *, minimum: int) -> int:
    """`value` if it is an int (and no bool) of at least `minimum`.

    Raises:
        TypeError: If it is not an int.
        ValueError: If it is less than `minimum`, or does not fit into 32 bits.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{function}: {parameter} must be an int, not {type(value).__name__} ({value!r}).")
    if not minimum <= value < 1 << 31:
        raise ValueError(
            f"{function}: {parameter} must be between {minimum} and {(1 << 31) - 1}, not {value}."
        )
    return value
