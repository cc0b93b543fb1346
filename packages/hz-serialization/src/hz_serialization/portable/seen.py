"""The layout of the fields of one version of a Portable class in received bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, Final, NamedTuple, Protocol

from hz_serialization.input import InputTools
from hz_serialization.layout import Layout
from hz_serialization.portable.definition import NESTED
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.plan import NUMBER_CODES, Key
from hz_serialization.problems import damaged

_CODES: Final = {**NUMBER_CODES, FieldType.BOOLEAN: "?", FieldType.STRING: "i"}
"""The struct codes of the values of fixed size, and of the size of a text."""
_SMALL: Final = (FieldType.BYTE, FieldType.CHAR, FieldType.SHORT)
WIDENS: Final = {
    FieldType.BYTE: (FieldType.BYTE,),
    FieldType.BOOLEAN: (FieldType.BOOLEAN,),
    FieldType.CHAR: (FieldType.CHAR,),
    FieldType.SHORT: (FieldType.SHORT, FieldType.BYTE),
    FieldType.INT: (FieldType.INT, *_SMALL),
    FieldType.LONG: (FieldType.LONG, FieldType.INT, *_SMALL),
    FieldType.FLOAT: (FieldType.FLOAT, FieldType.INT, *_SMALL),
    FieldType.DOUBLE: (FieldType.DOUBLE, FieldType.FLOAT, FieldType.LONG, FieldType.INT, *_SMALL),
    FieldType.STRING: (FieldType.STRING,),
}
"""The types of field that can be read as each of these, as in Java."""
_AT_ONCE: Final = {
    wanted: [
        source
        for source in sources
        if wanted < FieldType.FLOAT or wanted > FieldType.DOUBLE or source >= FieldType.FLOAT
    ]
    for wanted, sources in WIDENS.items()
}
"""The same without those that need a conversion to float."""
_TYPES: Final = tuple(FieldType)
FIRST: Final = 2
"""The index of the first field's position among the numbers of an object's head."""

Unpack = Callable[[bytes, int], "tuple[Any, ...]"]
UnpackTable = dict[str, tuple[int, bytes, Unpack]]
"""Field name to the index of its position, the bytes that must be before the value, and a function that unpacks
these and the value."""


class SeenField(NamedTuple):
    """One field as received; ``version`` is ``None`` if there is no nested object that has it."""

    name: str
    field_type: FieldType
    head: bytes
    factory_id: int = 0
    class_id: int = 0
    version: int | None = None


class KnownClasses(Protocol):
    """The classes that were received or are registered (see ``SeenClasses``)."""

    def class_version(self, factory_id: int, class_id: int) -> int | None:
        """Return the version of the local class; ``None`` if there is no class with these ids."""
        ...

    def learn(self, key: Key, data: bytes, head: Sequence[int], start: int) -> SeenClass:
        """Inspect the fields of an object and remember its class."""
        ...


class ReadingFormat(Protocol):
    """What readers of fields use of the format (see ``PortableFormat``)."""

    layout: Layout
    tools: InputTools
    takers: dict[FieldType, Callable[[bytes, int], tuple[Any, int]]]
    numbers: dict[FieldType, Struct]
    nothing: SeenClass

    @property
    def seen(self) -> KnownClasses:
        """The classes as received so far."""
        ...

    def read_nested(self, data: bytes, key: bytes, pos: int, depth: int, limit: int) -> tuple[Any, int]:
        """Read an object whose ids and version have been read already."""
        ...

    def open_nested(self, data: bytes, key: bytes, pos: int, depth: int, limit: int) -> Any:
        """Return the reader of the fields of such an object."""
        ...


class SeenClass:
    """Tables by type of field, which tell a reader where a field is and what must be there.

    The bytes are authoritative: a reader compares them with the ``head`` of the field, and the class is inspected
    again if they differ. A field is added to the tables when it is first read.

    Attributes:
        format: Reads nested objects.
        make: Makes an object of the class.
        unpack_head: Unpacks what is between the version and the first field: end, field count, the position of
            each field, the position of the raw data. The position of a field is at its index plus ``FIRST``.
        head_size: The size of that in bytes.
        compiled: The counterpart of this class in hz-speedups, if it is used.
        tables: The tables of single values other than texts, by the type as which they are read.
        others: Fields of types without a table, by type and name.
    """

    __slots__ = (
        "booleans",
        "by_name",
        "bytes",
        "chars",
        "compiled",
        "count",
        "doubles",
        "fields",
        "floats",
        "format",
        "head_size",
        "ints",
        "key",
        "longs",
        "make",
        "others",
        "shorts",
        "tables",
        "texts",
        "unpack_head",
    )

    def __init__(
        self, key: Key, fields: Sequence[SeenField], format_: ReadingFormat, make: Callable[[], Any]
    ) -> None:
        layout = format_.layout
        self.key: Key = key
        self.format: ReadingFormat = format_
        self.make: Callable[[], Any] = make
        self.compiled: object = None
        self.fields: tuple[SeenField, ...] = tuple(fields)
        count = len(fields)
        self.count: int = count
        self.head_size: int = 4 * (count + 3)
        self.unpack_head: Callable[[bytes, int], tuple[Any, ...]] = Struct(
            f"{layout.prefix}{count + 3}i"
        ).unpack_from
        self.by_name: dict[str, int] = {field.name: index for index, field in enumerate(fields)}
        self.tables: dict[FieldType, UnpackTable] = {wanted: {} for wanted in WIDENS}
        self.others: dict[tuple[FieldType, str], tuple[int, bytes]] = {}
        self.bytes: UnpackTable = self.tables[FieldType.BYTE]
        self.booleans: UnpackTable = self.tables[FieldType.BOOLEAN]
        self.chars: UnpackTable = self.tables[FieldType.CHAR]
        self.shorts: UnpackTable = self.tables[FieldType.SHORT]
        self.ints: UnpackTable = self.tables[FieldType.INT]
        self.longs: UnpackTable = self.tables[FieldType.LONG]
        self.floats: UnpackTable = self.tables[FieldType.FLOAT]
        self.doubles: UnpackTable = self.tables[FieldType.DOUBLE]
        self.texts: dict[str, tuple[int, bytes, Unpack, int]] = {}
        """Like the other tables, with the number of bytes from a field's position to its text."""

    def remember(self, index: int, wanted: FieldType) -> None:
        """Add a field to the table from which it is read next time."""
        field = self.fields[index]
        if wanted not in WIDENS:
            self.others[wanted, field.name] = (FIRST + index, field.head)
        elif field.field_type in _AT_ONCE[wanted]:
            code = _CODES[field.field_type]
            unpack = Struct(f"{self.format.layout.prefix}{len(field.head)}s{code}").unpack_from
            if wanted == FieldType.STRING:
                self.texts[field.name] = (FIRST + index, field.head, unpack, len(field.head) + 4)
            else:
                self.tables[wanted][field.name] = (FIRST + index, field.head, unpack)

    def fits(self, data: bytes, head: Sequence[int], start: int) -> bool:
        """Return whether these fields are at the positions in the head of an object."""
        return all(
            head[place] >= start and data.startswith(field.head, head[place])
            for place, field in enumerate(self.fields, FIRST)
        )


def inspect_fields(
    data: bytes, positions: Sequence[int], start: int, end: int, layout: Layout
) -> list[SeenField]:
    """Return the fields whose names and types are at these positions, between ``start`` and ``end``.

    Raises:
        HazelcastSerializationError: A position, a name or a type cannot be right.
    """
    fields: dict[str, SeenField] = {}
    left = end - start
    for position in positions:
        if not start <= position <= end - 3:
            raise damaged(f"the Portable at byte {start} has a field at byte {position}, outside of it")
        size = layout.h.unpack_from(data, position)[0]
        value = position + size + 3
        left -= size + 3
        if size < 0 or value > end or left < 0:
            raise damaged(f"a Portable field at byte {position} has a name of {size} bytes")
        head = data[position:value]
        name = head[2:-1].decode("latin-1")
        number = data[value - 1]
        if name in fields or number >= len(_TYPES):
            raise damaged(
                f"the Portable field {name[:80]!r} at byte {position} is there twice or of type {number}"
            )
        field_type = _TYPES[number]
        field = SeenField(name, field_type, head)
        if field_type in NESTED:
            field = field._replace(**_nested_class(data, value, end, layout, field_type))
        fields[name] = field
    return list(fields.values())


def _nested_class(data: bytes, pos: int, end: int, layout: Layout, field_type: FieldType) -> dict[str, Any]:
    """Return the ids of the nested class, and its version if there is an object of it."""
    if field_type == FieldType.PORTABLE:
        is_there, pos = pos < end and not data[pos], pos + 1
    else:
        is_there, pos = pos + 4 <= end and layout.i.unpack_from(data, pos)[0] > 0, pos + 4
    if pos + 8 > end:
        raise damaged(f"the value of a Portable field at byte {pos} is cut off")
    factory_id, class_id = layout.ii.unpack_from(data, pos)
    pos += 8
    if is_there and field_type == FieldType.PORTABLE_ARRAY and pos + 4 <= end:
        pos = layout.i.unpack_from(data, pos)[0]
    version = layout.i.unpack_from(data, pos)[0] if is_there and 0 <= pos <= end - 4 else None
    return {"factory_id": factory_id, "class_id": class_id, "version": version}
