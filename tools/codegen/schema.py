"""Loading ``protocol/*.toml`` into typed objects, with an error that names the place of what is wrong."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Fixed-size types: struct code and size in bytes. They lie in the initial frame of a message.
FIXED: Mapping[str, tuple[str, int]] = {
    "boolean": ("?", 1),
    "byte": ("b", 1),
    "int": ("i", 4),
    "long": ("q", 8),
    "float": ("f", 4),
    "UUID": ("?QQ", 17),
}
SINGLE_FRAME = frozenset({"String", "Data", "byteArray", "longArray", "floatArray"})
GENERIC: Mapping[str, int] = {"List": 1, "Set": 1, "EntryList": 2, "Map": 2}
# Written by hand: `hz_proxies.sql_page`.
SPECIAL = frozenset({"SqlPage"})
ROUTES = frozenset(
    {"none", "connection", "predicate", "name", "key", "partition", "task", "batch", "any", "xid", "sequence"}
)

Version = tuple[int, ...]
BASE_VERSION = "2.0"
_TOKEN = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*|[<>,?])")
_PARAMETER = re.compile(r"(?P<name>\w+): (?P<type>[^@]+?)( @(?P<since>\d+(\.\d+)+))?")


class SchemaError(Exception):
    """The schema says something that cannot be; the message names the file and the place."""


@dataclass(frozen=True)
class TypeRef:
    """A type as a parameter names it, for example ``List<Data?>``."""

    name: str
    arguments: tuple[TypeRef, ...] = ()
    nullable: bool = False

    @property
    def fixed(self) -> bool:
        return self.name in FIXED

    def bare(self) -> TypeRef:
        """This type without its own question mark."""
        return TypeRef(self.name, self.arguments)

    def walk(self) -> Iterator[TypeRef]:
        yield self
        for argument in self.arguments:
            yield from argument.walk()

    def __str__(self) -> str:
        arguments = f"<{', '.join(map(str, self.arguments))}>" if self.arguments else ""
        return f"{self.name}{arguments}{'?' if self.nullable else ''}"


@dataclass(frozen=True)
class Parameter:
    name: str
    type: TypeRef
    since: str


@dataclass(frozen=True)
class Event:
    name: str
    type_id: int
    since: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Method:
    name: str
    id: int
    since: str
    retryable: bool
    route: str
    request_type: int
    response_type: int
    request: tuple[Parameter, ...]
    response: tuple[Parameter, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Service:
    name: str
    id: int
    owner: str
    source: str
    methods: tuple[Method, ...]
    error: tuple[Parameter, ...]
    only: tuple[str, ...] = ()

    @property
    def generated(self) -> tuple[Method, ...]:
        """The methods that codecs are generated for: those of ``only``, or else all."""
        return tuple(item for item in self.methods if not self.only or item.name in self.only)


@dataclass(frozen=True)
class CustomType:
    name: str
    owner: str
    module: str
    since: str
    fields: tuple[Parameter, ...]

    @property
    def fixed(self) -> tuple[Parameter, ...]:
        return tuple(item for item in self.fields if item.type.fixed)

    @property
    def fixed_in_begin_frame(self) -> bool:
        """All fixed-size fields came later: they lie in the begin frame, where old readers skip them."""
        fixed = self.fixed
        return bool(fixed) and all(version(item.since) > version(self.since) for item in fixed)


@dataclass
class Schema:
    services: list[Service] = field(default_factory=list)
    types: dict[str, CustomType] = field(default_factory=dict)


def version(text: str) -> Version:
    """``"2.10"`` as a tuple, so that it is more than ``"2.9"``."""
    return tuple(int(part) for part in text.split("."))


def parse_type(text: str) -> TypeRef:
    """Parse ``Map<String, List<Data?>>?``."""
    tokens: list[str] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise SchemaError(f"type {text!r}: cannot read {text[position:]!r}")
        tokens.append(match[1])
        position = match.end()
    result = _parse_tokens(tokens, text)
    if tokens:
        raise SchemaError(f"type {text!r}: left over {' '.join(tokens)!r}")
    return result


def _parse_tokens(tokens: list[str], text: str) -> TypeRef:
    name = tokens.pop(0) if tokens else ""
    if not name.isalnum():
        raise SchemaError(f"type {text!r}: a type name is missing")
    arguments: list[TypeRef] = []
    if tokens[:1] == ["<"]:
        while tokens.pop(0) != ">":
            arguments.append(_parse_tokens(tokens, text))
            if tokens[:1] not in ([","], [">"]):
                raise SchemaError(f"type {text!r}: ',' or '>' is missing")
    if len(arguments) != GENERIC.get(name, 0):
        raise SchemaError(f"type {text!r}: {name} takes {GENERIC.get(name, 0)} type arguments")
    nullable = tokens[:1] == ["?"]
    if nullable:
        tokens.pop(0)
    return TypeRef(name, tuple(arguments), nullable)


def parse_parameters(items: list[str], since: str, place: str) -> tuple[Parameter, ...]:
    """Parse ``["name: String", "ttl: long @2.7"]``; versions must not fall: older peers just stop."""
    result: list[Parameter] = []
    newest = version(since)
    for item in items:
        match = _PARAMETER.fullmatch(item)
        if match is None:
            raise SchemaError(f"{place}: {item!r} is not 'name: type' or 'name: type @version'")
        own = match["since"] or since
        if version(own) < newest:
            raise SchemaError(f"{place}: {item!r} stands behind a parameter of a later version")
        newest = version(own)
        if any(match["name"] == other.name for other in result):
            raise SchemaError(f"{place}: parameter {match['name']!r} is there twice")
        result.append(Parameter(match["name"], parse_type(match["type"]), own))
    return tuple(result)


def load(folder: Path) -> Schema:
    """Load and check every file of the schema folder.

    Raises:
        SchemaError: a file is not valid.
    """
    schema = Schema()
    for path in sorted(folder.glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise SchemaError(f"{path.name}: {error}") from error
        if path.name == "types.toml":
            schema.types = {name: _custom_type(name, entry) for name, entry in content.items()}
        else:
            schema.services.append(_service(path.name, content))
    schema.services.sort(key=lambda service: service.id)
    _check_references(schema)
    return schema


def _custom_type(name: str, entry: dict[str, Any]) -> CustomType:
    place = f"types.toml [{name}]"
    _check_keys(entry, {"owner", "module", "since", "fields"}, place)
    since = entry.get("since", BASE_VERSION)
    fields = parse_parameters(entry["fields"], since, place)
    return CustomType(name, entry["owner"], entry.get("module", ""), since, fields)


def _service(source: str, content: dict[str, Any]) -> Service:
    _check_keys(content, {"service", "id", "owner", "only", "route", "methods", "error"}, source)
    number = content["id"]
    methods = tuple(
        _method(name, {"route": content.get("route", "none"), **entry}, number, f"{source} [methods.{name}]")
        for name, entry in content.get("methods", {}).items()
    )
    ids = [method.id for method in methods]
    if len(ids) != len(set(ids)):
        raise SchemaError(f"{source}: two methods have the same id")
    error = parse_parameters(content.get("error", []), BASE_VERSION, f"{source} error")
    only = tuple(content.get("only", ()))
    _check_keys(dict.fromkeys(only), {method.name for method in methods}, f"{source} only")
    return Service(content["service"], number, content["owner"], source, methods, error, only)


def _method(name: str, entry: dict[str, Any], service: int, place: str) -> Method:
    _check_keys(
        entry, {"id", "since", "retryable", "route", "answer", "request", "response", "events"}, place
    )
    since = entry.get("since", BASE_VERSION)
    route = entry["route"]
    if route not in ROUTES:
        raise SchemaError(f"{place}: route {route!r} is none of {', '.join(sorted(ROUTES))}")
    base = service << 16 | entry["id"] << 8
    events: list[Event] = []
    for index, (event, content) in enumerate(entry.get("events", {}).items()):
        _check_keys(content, {"since", "params"}, f"{place} event {event}")
        own = content.get("since", since)
        parameters = parse_parameters(content["params"], own, f"{place} event {event}")
        events.append(Event(event, base + 2 + index, own, parameters))
    return Method(
        name,
        entry["id"],
        since,
        entry.get("retryable", False),
        route,
        base,
        (service << 16 | entry.get("answer", entry["id"]) << 8) + 1,
        parse_parameters(entry.get("request", []), since, f"{place} request"),
        parse_parameters(entry.get("response", []), since, f"{place} response"),
        tuple(events),
    )


def _check_keys(entry: dict[str, Any], known: set[str], place: str) -> None:
    unknown = entry.keys() - known
    if unknown:
        raise SchemaError(
            f"{place}: unknown {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}"
        )


def _check_references(schema: Schema) -> None:
    known = FIXED.keys() | SINGLE_FRAME | GENERIC.keys() | SPECIAL | schema.types.keys()
    used: set[str] = set()
    for place, parameter in all_parameters(schema):
        for part in parameter.type.walk():
            if part.name not in known:
                raise SchemaError(f"{place}: {parameter.name} has the unknown type {part.name}")
            used.add(part.name)
    unused = schema.types.keys() - used
    if unused:
        raise SchemaError(f"types.toml: nothing uses {', '.join(sorted(unused))}")


def all_parameters(schema: Schema) -> Iterator[tuple[str, Parameter]]:
    """Every parameter of the schema with the place where it stands."""
    for service in schema.services:
        for method in service.methods:
            for group in (method.request, method.response, *(event.parameters for event in method.events)):
                yield from ((f"{service.source} {method.name}", item) for item in group)
        yield from ((f"{service.source} error", item) for item in service.error)
    for custom in schema.types.values():
        yield from ((f"types.toml {custom.name}", item) for item in custom.fields)
