"""Writing the functions that encode requests and custom types."""

from __future__ import annotations

from codegen.naming import layout, parameter, snake
from codegen.rules import Rules, annotation
from codegen.schema import FIXED, CustomType, Method, Parameter, SchemaError, TypeRef, version
from codegen.source import LINE_LENGTH, Item, Source, inline, wrap

ENCODE = "hz_core.wire.encode"
TYPES = "hz_core.wire.types"
_REQUEST_HEADER_SIZE = 22
_SIMPLE = frozenset({"String", "Data", "byteArray"})


class EncoderWriter:
    """Adds encoders to one module."""

    def __init__(self, source: Source, rules: Rules, homes: dict[str, str]) -> None:
        self._source = source
        self._rules = rules
        self._homes = homes

    def request(self, method: Method, title: str) -> None:
        """The function that makes a whole request of its parameters."""
        source = self._source
        fixed = [item for item in method.request if item.type.fixed]
        frames = [item for item in method.request if not item.type.fixed]
        arguments = ["partition_id: int"]
        # A parameter `partitionId` repeats the one in the header: one argument gives both.
        arguments += [
            f"{parameter(item.name)}: {self._annotation(item.type)}"
            for item in method.request
            if item.name != "partitionId"
        ]
        source.add("", "")
        source.block(f"def {snake(method.name)}_request(", arguments, ") -> bytearray:")
        source.add(f'    """Request ``{title}``."""')
        head = self._head(method.request_type, fixed, alone=not frames)
        simple: list[Item] = [head]
        while frames and frames[0].type.name in _SIMPLE and not frames[0].type.nullable:
            item = frames.pop(0)
            simple += self._simple(item, last=not frames)
        if not frames:
            if len(simple) == 1:
                source.block("return bytearray(", [head], ")", 4)
                return
            source.use(ENCODE, "join_parts")
            one = f"    return join_parts(({', '.join(map(inline, simple))}))"
            if len(one) <= LINE_LENGTH:
                source.add(one)
            else:
                source.add("    return join_parts(", *wrap("(", simple, ")", 8), "    )")
            return
        source.use(ENCODE, "join_parts")
        source.block("parts = [", simple, "]", 4)
        for item in frames:
            self._write(parameter(item.name), item.type, last=item is frames[-1])
        source.add("    return join_parts(parts)")

    def custom_type(self, custom: CustomType) -> None:
        """The function that adds a custom type to the parts of a message."""
        source = self._source
        name = snake(custom.name)
        source.use(ENCODE, "Parts")
        source.use(ENCODE, "PLAIN")
        source.add("", "")
        arguments = ["parts: Parts", f"value: {custom.name}", "head: int = PLAIN"]
        source.block(f"def write_{name}(", arguments, ") -> None:")
        source.add(f'    """Add a `{custom.name}`."""')
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

    def _head(self, message_type: int, fixed: list[Parameter], alone: bool) -> Item:
        code = "".join(FIXED[item.type.name][0] for item in fixed)
        size = _REQUEST_HEADER_SIZE + sum(FIXED[item.type.name][1] for item in fixed)
        pack = self._source.struct(f"_head_{layout(code)}" if code else "_head", f"<iHiqi{code}", "pack")
        flags = "0xE000" if alone else "0xC000"
        items = [str(size), flags, f"0x{message_type:06X}", "0", "partition_id"]
        items += [self._fixed(parameter(item.name), item.type) for item in fixed]
        return f"{pack}(", items, ")"

    def _fixed(self, name: str, type_: TypeRef) -> str:
        if type_.name == "UUID":
            return f"*{self._source.use(ENCODE, 'uuid_fields')}({name})"
        return name

    def _simple(self, item: Parameter, last: bool) -> list[Item]:
        name = parameter(item.name)
        source = self._source
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
