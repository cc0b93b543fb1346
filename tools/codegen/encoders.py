"""Writing the functions that make operations and encode custom types."""

from __future__ import annotations

from codegen.naming import constant, layout, operation, parameter, snake
from codegen.rules import KEPT, Rules, annotation
from codegen.schema import FIXED, CustomType, Method, Parameter, SchemaError, TypeRef, version
from codegen.source import LINE_LENGTH, Item, Source, inline, wrap

ENCODE = "hz_core.wire.encode"
TYPES = "hz_core.wire.types"
OP = "hz_core.op"
CONNECTION = "hz_core.connection"
COMPILED = "hz_core.compiled"
_REQUEST_HEADER_SIZE = 22
_LETTERS = {
    "Data": "d",
    "Data?": "d",
    "List<Data>": "D",
    "List<Data?>": "D",
    "EntryList<Data, Data>": "E",
    "long": "q",
    "int": "i",
    "boolean": "z",
}
"""The letters of ``request_builder``; what is null is left to the pure function."""
_MOST_LETTERS = 6
_SIMPLE = frozenset({"String", "Data", "byteArray"}) | KEPT


def _shape(parameters: tuple[Parameter, ...]) -> str:
    """Return what follows a name, as ``request_builder`` takes it; empty if it does not take that."""
    first, *others = parameters
    letters = [_LETTERS.get(str(item.type), "?") for item in others]
    shape = "".join(letters)
    is_plain = str(first.type) == "String" and "?" not in letters and len(letters) <= _MOST_LETTERS
    return shape if is_plain and set(shape) & set("dDE") else ""


class EncoderWriter:
    """Adds encoders to one module."""

    def __init__(self, source: Source, rules: Rules, homes: dict[str, str]) -> None:
        self._source = source
        self._rules = rules
        self._homes = homes

    def operation(self, method: Method, title: str, result: str) -> None:
        """The function that makes an operation, an `Op` of ``result``, from its parameters and its route."""
        source = self._source
        fixed = [item for item in method.request if item.type.fixed]
        frames = [item for item in method.request if not item.type.fixed]
        explicit = any(item.name == "partitionId" for item in method.request)
        first, last, partition, routed = self._route("partition" if explicit else method.route)
        # A parameter `partitionId` repeats the one in the header: one argument gives both.
        arguments = [
            f"{parameter(item.name)}: {self._annotation(item.type)}"
            for item in method.request
            if item.name != "partitionId"
        ]
        source.add("", "")
        if routed == ["partition_id"] and first and not explicit and (shape := _shape(method.request)):
            source.add(f'@{source.use(COMPILED, "request_builder")}("{shape}")')
        name = operation(method.name)
        returned = f"{source.use(OP, 'Op')}[{result}]"
        source.block(f"def {name}(", [*first, *arguments, *last], f") -> {returned}:")
        source.add(f'    """Return the operation ``{title}``."""')
        head = self._head(method.request_type, fixed, partition, alone=not frames)
        simple: list[Item] = [head]
        while frames and frames[0].type.name in _SIMPLE and not frames[0].type.nullable:
            if frames[0].type.name in KEPT and len(frames) == 1:
                break
            item = frames.pop(0)
            simple += self._simple(item, last=not frames)
        if frames:
            source.block("parts = [", simple, "]", 4)
            for item in frames:
                self._write(parameter(item.name), item.type, last=item is frames[-1])
            made = f"{source.use(ENCODE, 'join_parts')}(parts)"
        else:
            if len(simple) == 1:
                source.block("request = bytearray(", [head], ")", 4)
            else:
                source.use(ENCODE, "join_parts")
                one = f"    request = join_parts(({', '.join(map(inline, simple))}))"
                if len(one) <= LINE_LENGTH:
                    source.add(one)
                else:
                    source.add("    request = join_parts(", *wrap("(", simple, ")", 8), "    )")
            made = "request"
        arguments = [constant(method.name), made, *routed]
        groups = [parameter(item.name) for item in method.request if item.type.name == "RaftGroupId"]
        if not groups:
            source.block("return Op(", arguments, ")", 4)
            return
        # So that it may be sent to the leader of the group.
        source.block(f"op: {returned} = Op(", arguments, ")", 4)
        source.add(f"    op.group = {groups[0]}", "    return op")

    def _route(self, route: str) -> tuple[list[str], list[str], str, list[str]]:
        """Arguments before and behind the parameters, the partition id of the header, and arguments of the Op."""
        if route == "none":
            return [], [], "-1", []
        if route == "connection":
            self._source.use(CONNECTION, "Connection")
            return ["connection: Connection"], [], "-1", ["connection=connection"]
        if route == "predicate":
            self._source.use(OP, "ANY_PARTITION")
            return [], ["partition_id: int = ANY_PARTITION"], "partition_id", ["partition_id"]
        return ["partition_id: int"], [], "partition_id", ["partition_id"]

    def custom_type(self, custom: CustomType) -> None:
        """The function that adds a custom type to the parts of a message."""
        source = self._source
        name = snake(custom.name)
        source.use(ENCODE, "Parts")
        source.use(ENCODE, "PLAIN")
        source.add("", "")
        arguments = ["parts: Parts", f"value: {custom.name}", "head: int = PLAIN"]
        source.block(f"def write_{name}(", arguments, ") -> None:")
        source.add(f'    """Append a ``{custom.name}``."""')
        in_begin = custom.fixed_in_begin_frame
        if not in_begin:
            source.add(f"    parts.append({source.use(ENCODE, 'BEGIN_FRAME')})")
        if custom.fixed:
            size = sum(FIXED[item.type.name][1] for item in custom.fixed)
            code = "".join(FIXED[item.type.name][0] for item in custom.fixed)
            pack = source.struct(f"_frame_{layout(code)}", f"<iH{code}", "pack")
            values = [self._fixed(f"value.{parameter(item.name)}", item.type) for item in custom.fixed]
            source.append_call(f"{pack}(", [str(size + 6), "0x1000" if in_begin else "0", *values], ")")
        for item in custom.fields:
            if item.type.fixed:
                continue
            name = f"value.{parameter(item.name)}"
            begin = len(source.lines)
            self._write(name, item.type, last=False)
            if item.type.nullable and version(item.since) > version(custom.since):
                # A member takes null for something else than what it was not sent.
                absent = source.use(TYPES, "ABSENT")
                written = [f"    {line}" for line in source.lines[begin:]]
                source.lines[begin:] = [f"    if {name} is not {absent}:", *written]
        source.add(f"    {source.use(ENCODE, 'write_end')}(parts, head)")

    def _annotation(self, type_: TypeRef) -> str:
        return self._source.use_words(annotation(type_, "write"), self._homes)

    def _head(self, message_type: int, fixed: list[Parameter], partition: str, alone: bool) -> Item:
        code = "".join(FIXED[item.type.name][0] for item in fixed)
        size = _REQUEST_HEADER_SIZE + sum(FIXED[item.type.name][1] for item in fixed)
        pack = self._source.struct(f"_head_{layout(code)}" if code else "_head", f"<iHiqi{code}", "pack")
        flags = "0xE000" if alone else "0xC000"
        items = [str(size), flags, f"0x{message_type:06X}", "0", partition]
        items += [self._fixed(parameter(item.name), item.type) for item in fixed]
        return f"{pack}(", items, ")"

    def _fixed(self, name: str, type_: TypeRef) -> str:
        if type_.name == "UUID":
            return f"*{self._source.use(ENCODE, 'uuid_fields')}({name})"
        return name

    def _simple(self, item: Parameter, last: bool) -> list[Item]:
        name = parameter(item.name)
        source = self._source
        if item.type.name in KEPT:
            return [f"{name}.frames"]
        if item.type.name == "String" and item.name == "name":
            return [f"{source.use(ENCODE, 'final_name_frame' if last else 'name_frame')}({name})"]
        if item.type.name == "String":
            return [f"{source.use(ENCODE, 'final_string_frame' if last else 'string_frame')}({name})"]
        head = source.use(ENCODE, "FINAL") if last else "6"
        return [f'(len({name}) + {head}).to_bytes(6, "little")', name]

    def _write(self, name: str, type_: TypeRef, last: bool) -> None:
        source = self._source
        function, items = self._rules.codec(type_, "write")
        self._use(function, type_)
        arguments = ["parts", name]
        for item in items:
            inner, nested = self._rules.codec(item, "write")
            if nested or item.nullable:
                raise SchemaError(f"{type_}: nested too deeply for the generator")
            self._use(inner, item)
            arguments.append(inner)
        final = source.use(ENCODE, "FINAL") if last else ""
        tail = [final] if final else []
        if not type_.nullable:
            source.block(f"{function}(", arguments + tail, ")", 4)
        elif not items:
            source.block(f"{source.use(ENCODE, 'write_nullable')}(", [*arguments, function, *tail], ")", 4)
        else:
            null = source.use(ENCODE, "write_null")
            source.add(
                f"    if {name} is None:", f"        {null}({', '.join(['parts', *tail])})", "    else:"
            )
            source.block(f"{function}(", arguments + tail, ")", 8)

    def _use(self, function: str, type_: TypeRef) -> None:
        self._source.use(self._rules.home(type_, self._homes, ENCODE), function)
