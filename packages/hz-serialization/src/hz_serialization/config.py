"""Options of the serialization service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hz_serialization.public_names import publish

if TYPE_CHECKING:
    from hz_serialization.stream_api import StreamSerializer

Factories = Mapping[int, Mapping[int, Callable[[], Any]]]
"""Factory id to class id to a class, or another callable without arguments that makes an object."""


_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


class IntType(IntEnum):
    """The Java type that a Python ``int`` is written as.

    All but ``VAR`` and ``BIG_INT`` refuse a value that does not fit.

    Attributes:
        VAR: The smallest of Byte, Short, Integer, Long and BigInteger that holds the value. The same key may then
            be of another Java type than in a statically typed client.
        BYTE: java.lang.Byte, 8 bits.
        SHORT: java.lang.Short, 16 bits.
        INT: java.lang.Integer, 32 bits.
        LONG: java.lang.Long, 64 bits.
        BIG_INT: java.math.BigInteger, any size; costs more time and bytes.
    """

    VAR = 0
    BYTE = 1
    SHORT = 2
    INT = 3
    LONG = 4
    BIG_INT = 5


class PicklePolicy(Enum):
    """Whether Python's pickle may write what nothing else can write, and read what pickle wrote.

    Attributes:
        DENY: Neither.
        ALLOW: Both. Reading a pickle runs code that its writer chose: only for use where all writers are trusted.
    """

    DENY = "deny"
    ALLOW = "allow"


class ArrayPolicy(Enum):
    """What Java's primitive arrays are read as, except ``byte[]``, which always is ``bytes``.

    Attributes:
        TYPED: ``IntArray``, ``DoubleArray`` and so on: lists that are written as the same Java arrays again.
        LIST: Plain lists, which are written as ``ArrayList``.
        ARRAY: ``array.array``, the fastest; booleans and characters as with ``TYPED``.
        NUMPY: NumPy arrays; characters as with ``TYPED``.
    """

    TYPED = "typed"
    LIST = "list"
    ARRAY = "array"
    NUMPY = "numpy"


class SerializationConfig:
    """Options of serialization. Client and member must agree on the byte order.

    Attributes:
        default_int_type: Java type of a Python ``int``: an ``IntType``, its number or its name.
        is_big_endian: Byte order of payloads; must be as in the member's serialization configuration.
        data_serializable_factories: Factories of the user's IdentifiedDataSerializable classes.
        portable_factories: Factories of the user's Portable classes.
        portable_version: Version of Portable classes that have no ``get_class_version()`` of their own.
        class_definitions: ``ClassDefinition`` objects of Portable classes that are known from the start.
        check_class_definition_errors: Whether a definition that names an unknown nested class is refused.
        compact_serializers: ``CompactSerializer`` objects, or classes whose Compact form follows from their
            typed fields.
        custom_serializers: Serializer class (or instance) per Python class.
        global_serializer: Serializer class (or instance) for what no other serializer takes.
        pickle_policy: ``PicklePolicy``, or the collection of types that pickle may write and read.
        primitive_arrays: What Java's primitive arrays are read as: an ``ArrayPolicy`` or its value.
        builtin_factories: Readers of member-made IdentifiedDataSerializable objects that a package adds;
            ``data_serializable_factories`` wins over them.
    """

    def __init__(
        self,
        *,
        default_int_type: IntType | int | str = IntType.INT,
        is_big_endian: bool = True,
        data_serializable_factories: Factories = _NOTHING,
        portable_factories: Factories = _NOTHING,
        portable_version: int = 0,
        class_definitions: Sequence[Any] = (),
        check_class_definition_errors: bool = True,
        compact_serializers: Sequence[Any] = (),
        custom_serializers: Mapping[type, type[StreamSerializer] | StreamSerializer] = _NOTHING,
        global_serializer: type[StreamSerializer] | StreamSerializer | None = None,
        pickle_policy: PicklePolicy | Collection[type] = PicklePolicy.DENY,
        primitive_arrays: ArrayPolicy | str = ArrayPolicy.TYPED,
        builtin_factories: Factories = _NOTHING,
    ) -> None:
        self.default_int_type: IntType = int_type_of(default_int_type)
        self.is_big_endian = is_big_endian
        self.data_serializable_factories = data_serializable_factories
        self.portable_factories = portable_factories
        self.portable_version = portable_version
        self.class_definitions = class_definitions
        self.check_class_definition_errors = check_class_definition_errors
        self.compact_serializers = compact_serializers
        self.custom_serializers = custom_serializers
        self.global_serializer = global_serializer
        self.pickle_policy = pickle_policy
        self.primitive_arrays: ArrayPolicy = ArrayPolicy(primitive_arrays)
        self.builtin_factories = builtin_factories

    def has_classes(self) -> bool:
        """Return whether an option names classes, serializers or factories, which have to be checked."""
        return not isinstance(self.pickle_policy, PicklePolicy) or any(
            (
                self.builtin_factories,
                self.class_definitions,
                self.compact_serializers,
                self.custom_serializers,
                self.data_serializable_factories,
                self.global_serializer is not None,
                self.portable_factories,
            )
        )

    @classmethod
    def options(cls) -> Collection[str]:
        """Return the names of all options."""
        return (cls.__init__.__kwdefaults__ or {}).keys()


def int_type_of(value: IntType | int | str) -> IntType:
    """Return the ``IntType`` for a member, its number or its name.

    Raises:
        TypeError: ``value`` names none of them.
    """
    for member in IntType:
        if value in (member.value, member.name) and not isinstance(value, bool):
            return member
    names = ", ".join(f"{member.name} ({member.value})" for member in IntType)
    raise TypeError(f"default_int_type must be one of {names}, not {value!r}")


publish("hz_serialization", (ArrayPolicy, IntType, PicklePolicy, SerializationConfig))
