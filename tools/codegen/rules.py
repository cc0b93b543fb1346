"""Which function of ``hz_core.wire`` writes or reads which schema type, and its Python type."""

from __future__ import annotations

from dataclasses import dataclass, field

from codegen.naming import snake
from codegen.schema import CustomType, SchemaError, TypeRef

# Types with a function of their own. The name is what follows ``write_`` or ``read_``.
CODECS: dict[str, str] = {
    "String": "string",
    "Data": "data",
    "byteArray": "bytes",
    "longArray": "longs",
    "floatArray": "floats",
    "List<int>": "ints",
    "List<long>": "longs",
    "List<UUID>": "uuids",
    "Set<UUID>": "uuids",
    "List<Data>": "data_list",
    "List<Data?>": "data_list",
    "EntryList<Data, Data>": "data_entries",
    "EntryList<int, int>": "int_int_entries",
    "EntryList<int, long>": "int_long_entries",
    "EntryList<int, UUID>": "int_uuid_entries",
    "EntryList<UUID, long>": "uuid_long_entries",
    "EntryList<UUID, UUID>": "uuid_uuid_entries",
    "EntryList<UUID, List<int>>": "uuid_ints_entries",
    "EntryList<long, byteArray>": "long_bytes_entries",
}
WRITERS = frozenset(
    {
        "string",
        "data",
        "bytes",
        "floats",
        "ints",
        "data_list",
        "data_entries",
        "int_int_entries",
        "uuid_long_entries",
    }
)
# Custom types whose records keep their frames, because few of them are written with very many requests.
KEPT = frozenset({"RaftGroupId"})
# Whole-response decoders for responses with one parameter of such a type.
RESPONSES: dict[str, str] = {
    "boolean": "boolean_response",
    "int": "int_response",
    "long": "long_response",
    "UUID": "uuid_response",
    "UUID?": "uuid_response",
    "Data?": "data_response",
    "List<Data>": "data_list_response",
    "EntryList<Data, Data>": "data_entries_response",
}
# The same for events.
EVENTS: dict[str, str] = {"long": "long_event"}
_PLAIN = {
    "boolean": "bool",
    "byte": "int",
    "int": "int",
    "long": "int",
    "float": "float",
    "UUID": "UUID",
    "String": "str",
    "byteArray": "bytes",
    "SqlPage": "SqlPage",
}


@dataclass
class Rules:
    """The rules with a note of those that were used, so that a rule for nothing can be found."""

    types: dict[str, CustomType]
    used: set[str] = field(default_factory=set)

    def codec(self, type_: TypeRef, direction: str) -> tuple[str, list[TypeRef]]:
        """The function that writes or reads a type with own frames, and the item types it must be given."""
        bare = type_.bare()
        name = CODECS.get(str(bare))
        if name is not None:
            self.used.add(str(bare))
            if direction == "write":
                name = "bytes" if name == "data" else name
                if name not in WRITERS:
                    raise SchemaError(f"{type_}: hz_core.wire.encode has no write_{name}")
                self.used.add(f"write_{name}")
            return f"{direction}_{name}", []
        if bare.name in self.types or bare.name == "SqlPage":
            return f"{direction}_{snake(bare.name)}", []
        kind = "list" if len(bare.arguments) == 1 else "entries"
        return f"{direction}_{kind}", list(bare.arguments)

    def home(self, type_: TypeRef, homes: dict[str, str], runtime: str) -> str:
        """The module of the function that `codec` names."""
        return homes[type_.name] if type_.name in self.types or type_.name == "SqlPage" else runtime

    def whole(self, kind: str, type_: TypeRef) -> str | None:
        """The decoder of a response or event with one parameter of this type, where the runtime has one."""
        name = (RESPONSES if kind == "response" else EVENTS).get(str(type_))
        if name is not None:
            self.used.add(f"{kind} {type_}")
        return name

    def unused(self) -> list[str]:
        """Rules that no schema type needed."""
        known = CODECS.keys() | {f"write_{name}" for name in WRITERS - {"data"}}
        known |= {f"response {name}" for name in RESPONSES} | {f"event {name}" for name in EVENTS}
        return sorted(known - self.used)


def annotation(type_: TypeRef, direction: str) -> str:
    """The Python type that a caller gives (``write``) or gets (``read``)."""
    if type_.nullable:
        inner = annotation(type_.bare(), direction)
        return "Any" if inner == "Any" else f"{inner} | None"
    if type_.name == "Data":
        return "Data" if direction == "write" else "Any"
    if type_.name == "longArray":
        return "list[int]"
    if type_.name == "floatArray":
        return "Collection[float]" if direction == "write" else "list[float]"
    if not type_.arguments:
        return _PLAIN.get(type_.name, type_.name)
    items = [annotation(argument, direction) for argument in type_.arguments]
    item = items[0] if len(items) == 1 else f"tuple[{', '.join(items)}]"
    if direction == "read":
        return f"list[{item}]"
    sized = type_.arguments[0].name in ("int", "long") and len(items) == 1
    return f"Collection[{item}]" if sized else f"Iterable[{item}]"
