"""Input and output as user serializers see them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from typing import Any


class ObjectDataOutput(ABC):
    """Writes Java's primitives, arrays, texts and objects, in the configured byte order.

    A number that does not fit, and anything else that cannot be written, ends as a
    ``HazelcastSerializationError`` of the call that serializes.
    """

    __slots__ = ()

    @abstractmethod
    def write_from(
        self, buff: bytes | bytearray | memoryview, offset: int | None = None, length: int | None = None
    ) -> None:
        """Copies ``length`` bytes of ``buff`` from ``offset`` on; all of it if neither is given.

        Raises:
            ValueError: ``buff`` has no such range.
        """

    @abstractmethod
    def write_boolean(self, val: bool) -> None:
        """One byte, 1 or 0."""

    @abstractmethod
    def write_byte(self, val: int) -> None:
        """One byte; -128 to 127, or the same bits as 128 to 255."""

    @abstractmethod
    def write_short(self, val: int) -> None:
        """A 16-bit number."""

    @abstractmethod
    def write_char(self, val: str) -> None:
        """One UTF-16 unit: a ``str`` of one character up to U+FFFF."""

    @abstractmethod
    def write_int(self, val: int) -> None:
        """A 32-bit number."""

    @abstractmethod
    def write_long(self, val: int) -> None:
        """A 64-bit number."""

    @abstractmethod
    def write_float(self, val: float) -> None:
        """A 32-bit floating point number."""

    @abstractmethod
    def write_double(self, val: float) -> None:
        """A 64-bit floating point number."""

    @abstractmethod
    def write_bytes(self, val: str) -> None:
        """The low eight bits of each UTF-16 unit of the text, without a length."""

    @abstractmethod
    def write_chars(self, val: str) -> None:
        """Each UTF-16 unit of the text, two bytes each, without a length."""

    @abstractmethod
    def write_string(self, val: str | None) -> None:
        """Number of UTF-8 bytes and those bytes; ``None`` is null."""

    @abstractmethod
    def write_utf(self, val: str | None) -> None:
        """As ``write_string``."""

    @abstractmethod
    def write_byte_array(self, val: bytes | bytearray | memoryview | None) -> None:
        """Number of bytes and the bytes; ``None`` is null."""

    @abstractmethod
    def write_boolean_array(self, val: Sequence[bool] | None) -> None:
        """A ``boolean[]``; ``None`` is null."""

    @abstractmethod
    def write_char_array(self, val: Sequence[str] | None) -> None:
        """A ``char[]``; ``None`` is null."""

    @abstractmethod
    def write_int_array(self, val: Sequence[int] | None) -> None:
        """An ``int[]``; ``None`` is null. An ``array.array`` goes as a block."""

    @abstractmethod
    def write_long_array(self, val: Sequence[int] | None) -> None:
        """A ``long[]``; ``None`` is null."""

    @abstractmethod
    def write_double_array(self, val: Sequence[float] | None) -> None:
        """A ``double[]``; ``None`` is null."""

    @abstractmethod
    def write_float_array(self, val: Sequence[float] | None) -> None:
        """A ``float[]``; ``None`` is null."""

    @abstractmethod
    def write_short_array(self, val: Sequence[int] | None) -> None:
        """A ``short[]``; ``None`` is null."""

    @abstractmethod
    def write_string_array(self, val: Sequence[str | None] | None) -> None:
        """A ``String[]``, whose items may be ``None``; ``None`` is null."""

    @abstractmethod
    def write_utf_array(self, val: Sequence[str | None] | None) -> None:
        """As ``write_string_array``."""

    @abstractmethod
    def write_object(self, val: Any) -> None:
        """Type id and payload of any serializable value; ``None`` too.

        Raises:
            HazelcastSerializationError: No serializer takes the value, or it nests too deeply.
        """

    @abstractmethod
    def to_byte_array(self) -> bytearray:
        """A copy of all bytes so far, beginning with the eight of the header."""

    @abstractmethod
    def get_byte_order(self) -> str:
        """``BIG_ENDIAN`` or ``LITTLE_ENDIAN``."""


class ObjectDataInput(ABC):
    """Reads what an ``ObjectDataOutput`` wrote, call by call in the same order.

    Reading past the end, or a length that cannot be, raises ``HazelcastSerializationError``.
    """

    __slots__ = ()

    @abstractmethod
    def read_into(self, buff: bytearray, offset: int | None = None, length: int | None = None) -> bytearray:
        """Copies the next ``length`` bytes into ``buff`` from ``offset`` on; by default, fills it.

        Returns:
            The bytes read.
        """

    @abstractmethod
    def skip_bytes(self, count: int) -> int:
        """Passes over up to ``count`` bytes; gives how many there were."""

    @abstractmethod
    def read_boolean(self) -> bool:
        """One byte as bool."""

    @abstractmethod
    def read_byte(self) -> int:
        """One byte, -128 to 127."""

    @abstractmethod
    def read_unsigned_byte(self) -> int:
        """One byte, 0 to 255."""

    @abstractmethod
    def read_short(self) -> int:
        """A 16-bit number."""

    @abstractmethod
    def read_unsigned_short(self) -> int:
        """A 16-bit number, 0 to 65535."""

    @abstractmethod
    def read_char(self) -> str:
        """One UTF-16 unit as a ``str`` of length 1."""

    @abstractmethod
    def read_int(self) -> int:
        """A 32-bit number."""

    @abstractmethod
    def read_long(self) -> int:
        """A 64-bit number."""

    @abstractmethod
    def read_float(self) -> float:
        """A 32-bit floating point number."""

    @abstractmethod
    def read_double(self) -> float:
        """A 64-bit floating point number."""

    @abstractmethod
    def read_string(self) -> str | None:
        """A text; ``None`` for null."""

    @abstractmethod
    def read_utf(self) -> str | None:
        """As ``read_string``."""

    @abstractmethod
    def read_byte_array(self) -> bytearray | None:
        """A ``byte[]``; ``None`` for null."""

    @abstractmethod
    def read_boolean_array(self) -> list[bool] | None:
        """A ``boolean[]``; ``None`` for null."""

    @abstractmethod
    def read_char_array(self) -> list[str] | None:
        """A ``char[]``, one UTF-16 unit per item; ``None`` for null."""

    @abstractmethod
    def read_int_array(self) -> list[int] | None:
        """An ``int[]``; ``None`` for null."""

    @abstractmethod
    def read_long_array(self) -> list[int] | None:
        """A ``long[]``; ``None`` for null."""

    @abstractmethod
    def read_double_array(self) -> list[float] | None:
        """A ``double[]``; ``None`` for null."""

    @abstractmethod
    def read_float_array(self) -> list[float] | None:
        """A ``float[]``; ``None`` for null."""

    @abstractmethod
    def read_short_array(self) -> list[int] | None:
        """A ``short[]``; ``None`` for null."""

    @abstractmethod
    def read_array(self, typecode: str) -> array[Any] | None:
        """An array of numbers as one block, without an object for each: ``h`` short[], ``i`` int[], ``q`` long[],
        ``f`` float[], ``d`` double[]; ``None`` for null.

        NumPy takes it without copying, by ``numpy.asarray(inp.read_array("d"))``.

        Raises:
            ValueError: ``typecode`` is none of these.
        """

    @abstractmethod
    def read_string_array(self) -> list[str | None] | None:
        """A ``String[]``, whose items may be ``None``; ``None`` for null."""

    @abstractmethod
    def read_utf_array(self) -> list[str | None] | None:
        """As ``read_string_array``."""

    @abstractmethod
    def read_object(self) -> Any:
        """A value that ``write_object`` wrote, of any type."""

    @abstractmethod
    def get_byte_order(self) -> str:
        """``BIG_ENDIAN`` or ``LITTLE_ENDIAN``."""

    @abstractmethod
    def position(self) -> int:
        """Where the next read begins, counted from the first byte of the ``Data``."""

    @abstractmethod
    def size(self) -> int:
        """Number of bytes of the whole ``Data``."""
