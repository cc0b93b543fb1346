"""Writing the functions and classes that decode responses, events and custom types."""

from __future__ import annotations

from codegen.naming import layout, local, parameter, snake
from codegen.rules import KEPT, Rules, annotation
from codegen.schema import FIXED, CustomType, Parameter, SchemaError, TypeRef, version
from codegen.source import Source

DECODE = "hz_core.wire.decode"
TYPES = "hz_core.wire.types"
# Where the fixed-size parameters begin: in a response, an event, and a custom type's own frame.
_STARTS = {"r": 19, "e": 22, "c": 6, "x": 19}
_PREFIXES = {"r": "_response", "e": "_event", "c": "_fields", "x": "_response"}


class DecoderWriter:
    """Adds decoders to one module."""

    def __init__(self, source: Source, rules: Rules, homes: dict[str, str]) -> None:
        self._source = source
        self._rules = rules
        self._homes = homes

    def record(
        self, name: str, items: tuple[Parameter, ...], since: str, doc: str, direction: str = "read"
    ) -> None:
        """A record class; parameters that an older peer does not send get a default."""
        source = self._source
        source.add("", "", f"class {name}({source.use(TYPES, 'Record')}):", f'    """{doc}"""', "")
        names = [parameter(item.name) for item in items]
        slots = [f'"{n}"' for n in names]
        if len(slots) > 1:
            source.block("_fields = (", slots, ")", indent=4)
        else:
            source.add(f"    _fields = ({slots[0]},)")
        kept = name in KEPT
        source.add('    __slots__ = (*_fields, "frames")' if kept else "    __slots__ = _fields")
        defaults = _trailing_later(items, since)
        arguments = ["self"]
        for item in items:
            later = version(item.since) > version(since)
            text = annotation(item.type, direction)
            default = ""
            if later and direction == "read":
                text = or_absent(item.type)
            elif later and item.type.nullable:
                text = f"{text.removesuffix(' | None')} | Absent | None"
            if item in defaults and (direction == "read" or item.type.nullable):
                default = f" = {source.use(TYPES, 'ABSENT')}"
            source.use_words(text, self._homes)
            arguments.append(f"{parameter(item.name)}: {text}{default}")
        source.add("")
        source.block("def __init__(", arguments, ") -> None:", indent=4)
        for n in names:
            source.add(f"        self.{n} = {n}")
        if kept:
            # Computed once; its fields are not changed.
            source.add("        parts: Parts = []", f"        write_{snake(name)}(parts, self)")
            source.add('        self.frames: bytes = b"".join(parts)')

    def alias(self, function: str, known: str) -> None:
        """A decoder that the runtime has."""
        self._source.add("", "", f"{function} = {self._source.use(DECODE, known)}")

    def message(
        self, function: str, record: str, items: tuple[Parameter, ...], since: str, doc: str, kind: str
    ) -> None:
        """The decoder of a response (``r``), event (``e``) or error (``x``): one value or a record."""
        source = self._source
        if len(items) == 1:
            result = annotation(items[0].type, "read")
            if version(items[0].since) > version(since):
                result = or_absent(items[0].type)
            source.use_words(result, self._homes)
        else:
            self.record(record, items, since, doc)
            result = record
        source.use(TYPES, "ReadData")
        source.add("", "")
        default = f" = {source.use(TYPES, 'raw_data')}" if kind == "x" else ""
        source.block(f"def {function}(", ["message: bytes", f"read: ReadData{default}"], f") -> {result}:")
        source.add(f'    """{doc}"""')
        fixed = [item for item in items if item.type.fixed]
        frames = [item for item in items if not item.type.fixed]
        self._fixed(fixed, since, "0", kind)
        if frames and not fixed:
            source.add(f"    pos = {source.use(DECODE, 'length_at')}(message)[0]")
        elif frames:
            source.add("    pos = length")
        for item in frames:
            later = version(item.since) > version(since)
            call, plain = self._read_call(item.type)
            if len(items) == 1 and not later and (plain or not item.type.nullable):
                source.add(f"    return {call}[0]")
                return
            self._frame(item, "pos < len(message)" if later else "", last=item is frames[-1])
        self._result("return ", record, items, "")

    def custom_type(self, custom: CustomType) -> None:
        """The function that reads a custom type out of a message."""
        source = self._source
        name = snake(custom.name)
        source.use(TYPES, "ReadData")
        source.add("", "")
        source.block(
            f"def read_{name}(",
            ["message: bytes", "pos: int", "read: ReadData"],
            f") -> tuple[{custom.name}, int]:",
        )
        source.add(f'    """Read a ``{custom.name}``."""')
        begin = f"    pos = {source.use(DECODE, 'after_begin')}(message, pos)"
        fixed = list(custom.fixed)
        if custom.fixed_in_begin_frame:
            self._fixed(fixed, custom.since, "pos", "c")
            source.add(begin)
        else:
            source.add(begin)
            self._fixed(fixed, custom.since, "pos", "c")
            if fixed:
                source.add("    pos += length")
        for item in custom.fields:
            if not item.type.fixed:
                later = version(item.since) > version(custom.since)
                condition = f"not {source.use(DECODE, 'is_end')}(message, pos)" if later else ""
                self._frame(item, condition, last=False)
        end = source.use(DECODE, "after_end")
        self._result("return ", custom.name, custom.fields, f", {end}(message, pos)")

    def _result(self, prefix: str, record: str, items: tuple[Parameter, ...], suffix: str) -> None:
        names = [local(item.name) for item in items]
        if len(items) == 1 and not suffix:
            self._source.add(f"    {prefix}{names[0]}")
            return
        one = f"    {prefix}{record}({', '.join(names)}){suffix}"
        if len(one) <= 110:
            self._source.add(one)
        elif suffix:
            self._source.block(f"result = {record}(", names, ")", 4)
            self._source.add(f"    {prefix}result{suffix}")
        else:
            self._source.block(f"{prefix}{record}(", names, ")", 4)

    def _fixed(self, items: list[Parameter], since: str, at: str, kind: str) -> None:
        """Unpack the fixed-size parameters; later ones only where the frame is long enough for them."""
        if not items:
            return
        source = self._source
        start = _STARTS[kind]
        now = [item for item in items if version(item.since) <= version(since)]
        later = items[len(now) :]
        code = "".join(FIXED[item.type.name][0] for item in now)
        end = start + sum(FIXED[item.type.name][1] for item in now)
        unpack = (
            source.struct(f"{_PREFIXES[kind]}_{layout(code)}", f"<i{start - 4}x{code}", "unpack_from")
            if now
            else source.use(DECODE, "length_at")
        )
        names: list[str] = []
        for item in now:
            name = local(item.name)
            names += [f"{name}_null", f"{name}_most", f"{name}_least"] if item.type.name == "UUID" else [name]
        where = "message" if at == "0" else f"message, {at}"
        if names:
            line = f"    length, {', '.join(names)} = {unpack}({where})"
            if len(line) <= 110:
                source.add(line)
            else:
                source.add("    (", "        length,", *(f"        {name}," for name in names))
                source.add(f"    ) = {unpack}({where})")
            source.add(f"    if length < {end}:", f"        {source.use(DECODE, 'truncated')}(length, {end})")
        else:
            source.add(f"    length = {unpack}({where})[0]")
        for item in now:
            if item.type.name == "UUID":
                name = local(item.name)
                build = source.use(DECODE, "uuid_from")
                source.block(f"{name} = {build}(", [f"{name}_null", f"{name}_most", f"{name}_least"], ")", 4)
        for item in later:
            end = self._later_fixed(item, end, at)

    def _later_fixed(self, item: Parameter, offset: int, at: str) -> int:
        source = self._source
        code, size = FIXED[item.type.name]
        if item.type.name == "UUID":
            raise SchemaError(f"{item.name}: a UUID of a later version is not supported in answers")
        unpack = source.struct(f"_{item.type.name}_at", f"<{code}", "unpack_from")
        source.use(TYPES, "ABSENT")
        python = source.use_words(or_absent(item.type), self._homes)
        where = str(offset) if at == "0" else f"{at} + {offset}"
        name = local(item.name)
        source.add(
            f"    {name}: {python} = ABSENT",
            f"    if length >= {offset + size}:",
            f"        {name} = {unpack}(message, {where})[0]",
        )
        return offset + size

    def _frame(self, item: Parameter, condition: str, last: bool) -> None:
        """Read one parameter that has frames of its own, if ``condition`` holds."""
        source = self._source
        name = local(item.name)
        call, plain = self._read_call(item.type)
        indent = 4
        split = not plain and item.type.nullable
        if condition:
            source.use(TYPES, "ABSENT")
            python = source.use_words(or_absent(item.type), self._homes)
            source.add(f"    {name}: {python} = ABSENT", f"    if {condition}:")
            indent = 8
        elif split:
            python = source.use_words(annotation(item.type, "read"), self._homes)
            source.add(f"    {name}: {python} = None")
        space = " " * indent
        if split:
            if condition:
                source.add(f"{space}{name} = None")
            null = source.use(DECODE, "is_null")
            source.add(f"{space}if {null}(message, pos):", f"{space}    pos += 6", f"{space}else:")
            space += "    "
        source.add(f"{space}{name} = {call}[0]" if last else f"{space}{name}, pos = {call}")

    def _read_call(self, type_: TypeRef) -> tuple[str, bool]:
        """The call that reads a type; and whether it takes care of null by itself."""
        function, items = self._rules.codec(type_, "read")
        self._use(function, type_)
        if type_.name == "Data":
            return "read_data(message, pos, read)", True
        if type_.nullable and not items:
            self._source.use(DECODE, "read_nullable")
            return f"read_nullable(message, pos, read, {function})", True
        arguments = ["message", "pos", "read"]
        for item in items:
            inner, nested = self._rules.codec(item, "read")
            if nested or (item.nullable and item.name != "Data"):
                raise SchemaError(f"{type_}: nested too deeply for the generator")
            self._use(inner, item)
            arguments.append(inner)
        return f"{function}({', '.join(arguments)})", False

    def _use(self, function: str, type_: TypeRef) -> None:
        self._source.use(self._rules.home(type_, self._homes, DECODE), function)


def or_absent(type_: TypeRef) -> str:
    union = f"{annotation(type_.bare(), 'read')} | Absent"
    return f"{union} | None" if type_.nullable and type_.name != "Data" else union


def _trailing_later(items: tuple[Parameter, ...], since: str) -> set[Parameter]:
    result: set[Parameter] = set()
    for item in reversed(items):
        if version(item.since) <= version(since):
            break
        result.add(item)
    return result
