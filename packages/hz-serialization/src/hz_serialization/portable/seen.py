"""How the fields of one version of a Portable class lie in bytes that were received."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hz_serialization.layout import Layout
from hz_serialization.portable.definition import NESTED
from hz_serialization.portable.field_type import FieldType
from hz_serialization.portable.plan import NUMBER_CODES, Key
from hz_serialization.problems import damaged

if TYPE_CHECKING:
    from hz_serialization.portable.format import PortableFormat

_CODES: Final = {**NUMBER_CODES, FieldType.BOOLEAN: "?", FieldType.STRING: "i"}
"""struct's codes of the values of fixed size, and of what stands before a text."""
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
"""Which types of field can be read as one of these, as Java allows."""
_AT_ONCE: Final = {
    wanted: [
        source
        for source in sources
        if wanted < FieldType.FLOAT or wanted > FieldType.DOUBLE or source >= FieldType.FLOAT
    ]
    for wanted, sources in WIDENS.items()
}
"""Those of them that need no conversion to float."""
_TYPES: Final = tuple(FieldType)
FIRST: Final = 2
"""Place of the first field's position among the numbers of an object's head."""

Unpack = Callable[[bytes, int], "tuple[Any, ...]"]
UnpackTable = dict[str, tuple[int, bytes, Unpack]]
"""Field name to the place of its position, the bytes that must stand before the value, and what unpacks them
and the value."""


class SeenField(NamedTuple):
    """One field as it stands in the bytes; ``version`` is ``None`` where no nested object tells it."""

    name: str
    field_type: FieldType
    head: bytes
    factory_id: int = 0
    class_id: int = 0
    version: int | None = None


class SeenClass:
    """Tables by type of field, from which a reader takes where a field is and what must stand there.

    The bytes are what counts: a reader compares what it finds with ``head`` of the field, and has the class
    looked at again if they differ. The tables fill as fields are read for the first time.

    Attributes:
        format: Reads nested objects.
        make: Makes an object of the class.
        unpack_head: Unpacks what stands between the version and the first field: end, field count, position of
            each field, that of the raw data. So a field's position is ``FIRST`` places behind its index.
        head_size: Bytes of that.
        compiled: What hz-speedups made of this class, if it is used.
        tables: Those of single values but texts, by the type as which they are read.
        others: Fields of types that have no table of their own, by type and name.
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
        self, key: Key, fields: Sequence[SeenField], format_: PortableFormat, make: Callable[[], Any]
    ) -> None:
        layout = format_.layout
        self.key = key
        self.format = format_
        self.make = make
        self.compiled: object = None
        self.fields = tuple(fields)
        self.count = count = len(fields)
        self.head_size = 4 * (count + 3)
        self.unpack_head = Struct(f"{layout.prefix}{count + 3}i").unpack_from
        self.by_name = {field.name: index for index, field in enumerate(fields)}
        self.tables: dict[FieldType, UnpackTable] = {wanted: {} for wanted in WIDENS}
        self.others: dict[tuple[FieldType, str], tuple[int, bytes]] = {}
        self.bytes = self.tables[FieldType.BYTE]
        self.booleans = self.tables[FieldType.BOOLEAN]
        self.chars = self.tables[FieldType.CHAR]
        self.shorts = self.tables[FieldType.SHORT]
        self.ints = self.tables[FieldType.INT]
        self.longs = self.tables[FieldType.LONG]
        self.floats = self.tables[FieldType.FLOAT]
        self.doubles = self.tables[FieldType.DOUBLE]
        self.texts: dict[str, tuple[int, bytes, Unpack, int]] = {}
        """As the other tables, and the bytes from a field's position to its text."""

    def remember(self, index: int, wanted: FieldType) -> None:
        """Puts a field into the table from which it is read the next time."""
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
        """Whether these fields stand where the head of an object says."""
        return all(
            head[place] >= start and data.startswith(field.head, head[place])
            for place, field in enumerate(self.fields, FIRST)
        )


def look_at(data: bytes, positions: Sequence[int], start: int, end: int, layout: Layout) -> list[SeenField]:
    """The fields whose names and types stand at these positions, between ``start`` and ``end``.

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
    """Ids of the nested class, and its version if an object of it is there."""
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
