"""Input and output for serializers of users."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from typing import Any

from hz_serialization.problems import method_missing


class ObjectDataOutput(ABC):
    """Output for Java's primitives, arrays, texts and objects, in the configured byte order.

    For a number that does not fit, and for anything else that cannot be written, the call that serializes raises
    ``HazelcastSerializationError``.
    """

    __slots__ = ()

    @abstractmethod
    def write_from(
        self, buff: bytes | bytearray | memoryview, offset: int | None = None, length: int | None = None
    ) -> None:
        """Copy ``length`` bytes of ``buff`` from ``offset`` on; all of it if neither is given.

        Raises:
            ValueError: ``buff`` has no such range.
        """

    @abstractmethod
    def write_boolean(self, val: bool) -> None:
        """Write one byte, 1 or 0."""

    @abstractmethod
    def write_byte(self, val: int) -> None:
        """Write one byte: -128 to 127, or the same bits as 128 to 255."""

    @abstractmethod
    def write_short(self, val: int) -> None:
        """Write a 16-bit number."""

    @abstractmethod
    def write_char(self, val: str) -> None:
        """Write one UTF-16 unit: a ``str`` of one character up to U+FFFF."""

    @abstractmethod
    def write_int(self, val: int) -> None:
        """Write a 32-bit number."""

    @abstractmethod
    def write_long(self, val: int) -> None:
        """Write a 64-bit number."""

    @abstractmethod
    def write_float(self, val: float) -> None:
        """Write a 32-bit floating point number."""

    @abstractmethod
    def write_double(self, val: float) -> None:
        """Write a 64-bit floating point number."""

    @abstractmethod
    def write_bytes(self, val: str) -> None:
        """Write the low eight bits of each UTF-16 unit of the text, without a length."""

    @abstractmethod
    def write_chars(self, val: str) -> None:
        """Write each UTF-16 unit of the text in two bytes, without a length."""

    @abstractmethod
    def write_string(self, val: str | None) -> None:
        """Write the number of UTF-8 bytes and these bytes; ``None`` is null."""

    @abstractmethod
    def write_utf(self, val: str | None) -> None:
        """Write a text; the same as ``write_string``."""

    @abstractmethod
    def write_byte_array(self, val: bytes | bytearray | memoryview | None) -> None:
        """Write the number of bytes and the bytes; ``None`` is null."""

    @abstractmethod
    def write_boolean_array(self, val: Sequence[bool] | None) -> None:
        """Write a ``boolean[]``; ``None`` is null."""

    @abstractmethod
    def write_char_array(self, val: Sequence[str] | None) -> None:
        """Write a ``char[]``; ``None`` is null."""

    @abstractmethod
    def write_int_array(self, val: Sequence[int] | None) -> None:
        """Write an ``int[]``; ``None`` is null. An ``array.array`` is copied as a block."""

    @abstractmethod
    def write_long_array(self, val: Sequence[int] | None) -> None:
        """Write a ``long[]``; ``None`` is null."""

    @abstractmethod
    def write_double_array(self, val: Sequence[float] | None) -> None:
        """Write a ``double[]``; ``None`` is null."""

    @abstractmethod
    def write_float_array(self, val: Sequence[float] | None) -> None:
        """Write a ``float[]``; ``None`` is null."""

    @abstractmethod
    def write_short_array(self, val: Sequence[int] | None) -> None:
        """Write a ``short[]``; ``None`` is null."""

    @abstractmethod
    def write_string_array(self, val: Sequence[str | None] | None) -> None:
        """Write a ``String[]``, whose items may be ``None``; ``None`` is null."""

    @abstractmethod
    def write_utf_array(self, val: Sequence[str | None] | None) -> None:
        """Write a ``String[]``; the same as ``write_string_array``."""

    @abstractmethod
    def write_object(self, val: object) -> None:
        """Write type id and payload of any serializable value, ``None`` included.

        Raises:
            HazelcastSerializationError: No serializer takes the value, or it nests too deeply.
        """

    @abstractmethod
    def to_byte_array(self) -> bytearray:
        """Return a copy of all bytes so far, beginning with the eight of the header."""

    @abstractmethod
    def get_byte_order(self) -> str:
        """Return ``BIG_ENDIAN`` or ``LITTLE_ENDIAN``."""


class ObjectDataInput(ABC):
    """Input of what an ``ObjectDataOutput`` wrote, call by call in the same order.

    Reading beyond the end, or an impossible length, raises ``HazelcastSerializationError``.
    """

    __slots__ = ()

    @abstractmethod
    def read_into(self, buff: bytearray, offset: int | None = None, length: int | None = None) -> bytearray:
        """Copy the next ``length`` bytes into ``buff`` from ``offset`` on; fill it by default.

        Returns:
            The bytes read.
        """

    @abstractmethod
    def skip_bytes(self, count: int) -> int:
        """Skip up to ``count`` bytes and return how many there were."""

    @abstractmethod
    def read_boolean(self) -> bool:
        """Read one byte as a bool."""

    @abstractmethod
    def read_byte(self) -> int:
        """Read one byte, -128 to 127."""

    @abstractmethod
    def read_unsigned_byte(self) -> int:
        """Read one byte, 0 to 255."""

    @abstractmethod
    def read_short(self) -> int:
        """Read a 16-bit number."""

    @abstractmethod
    def read_unsigned_short(self) -> int:
        """Read a 16-bit number, 0 to 65535."""

    @abstractmethod
    def read_char(self) -> str:
        """Read one UTF-16 unit as a ``str`` of length 1."""

    @abstractmethod
    def read_int(self) -> int:
        """Read a 32-bit number."""

    @abstractmethod
    def read_long(self) -> int:
        """Read a 64-bit number."""

    @abstractmethod
    def read_float(self) -> float:
        """Read a 32-bit floating point number."""

    @abstractmethod
    def read_double(self) -> float:
        """Read a 64-bit floating point number."""

    @abstractmethod
    def read_string(self) -> str | None:
        """Read a text; ``None`` for null."""

    @abstractmethod
    def read_utf(self) -> str | None:
        """Read a text; the same as ``read_string``."""

    @abstractmethod
    def read_byte_array(self) -> bytearray | None:
        """Read a ``byte[]``; ``None`` for null."""

    @abstractmethod
    def read_boolean_array(self) -> list[bool] | None:
        """Read a ``boolean[]``; ``None`` for null."""

    @abstractmethod
    def read_char_array(self) -> list[str] | None:
        """Read a ``char[]``, one UTF-16 unit per item; ``None`` for null."""

    @abstractmethod
    def read_int_array(self) -> list[int] | None:
        """Read an ``int[]``; ``None`` for null."""

    @abstractmethod
    def read_long_array(self) -> list[int] | None:
        """Read a ``long[]``; ``None`` for null."""

    @abstractmethod
    def read_double_array(self) -> list[float] | None:
        """Read a ``double[]``; ``None`` for null."""

    @abstractmethod
    def read_float_array(self) -> list[float] | None:
        """Read a ``float[]``; ``None`` for null."""

    @abstractmethod
    def read_short_array(self) -> list[int] | None:
        """Read a ``short[]``; ``None`` for null."""

    @abstractmethod
    def read_array(self, typecode: str) -> array[Any] | None:
        """Read an array of numbers as one block, without an object for each number; ``None`` for null.

        The type codes are ``h`` (short[]), ``i`` (int[]), ``q`` (long[]), ``f`` (float[]) and ``d`` (double[]).

        NumPy takes it without copying, by ``numpy.asarray(inp.read_array("d"))``.

        Raises:
            ValueError: ``typecode`` is none of these.
        """

    @abstractmethod
    def read_string_array(self) -> list[str | None] | None:
        """Read a ``String[]``, whose items may be ``None``; ``None`` for null."""

    @abstractmethod
    def read_utf_array(self) -> list[str | None] | None:
        """Read a ``String[]``; the same as ``read_string_array``."""

    @abstractmethod
    def read_object(self) -> Any:
        """Read a value that ``write_object`` wrote, of any type."""

    @abstractmethod
    def get_byte_order(self) -> str:
        """Return ``BIG_ENDIAN`` or ``LITTLE_ENDIAN``."""

    @abstractmethod
    def position(self) -> int:
        """Return where the next read begins, counted from the first byte of the ``Data``."""

    @abstractmethod
    def size(self) -> int:
        """Return the number of bytes of the whole ``Data``."""


class StreamSerializer:
    """Writer and reader of objects of classes that do not depend on Hazelcast.

    Registered as ``custom_serializers={SomeClass: SomeSerializer}`` or as ``global_serializer``.
    """

    __slots__ = ()

    def write(self, out: ObjectDataOutput, obj: Any) -> None:
        """Write ``obj``."""
        method_missing(self, "write")

    def read(self, inp: ObjectDataInput) -> Any:
        """Read and return an object."""
        method_missing(self, "read")

    def get_type_id(self) -> int:
        """Return a positive number, unique among the serializers of the cluster's clients and members."""
        method_missing(self, "get_type_id")

    def destroy(self) -> None:
        """Release what the serializer holds; called when the service is closed."""
