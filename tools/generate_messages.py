"""Write ``hz_core/testing/messages.json`` from ``protocol/*.toml``; with ``--check`` only compare.

The file describes every message and custom type, so that the simulated members of ``hz_core.testing`` can encode and
decode them without the schema, which the distributions do not contain.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from codegen.schema import BASE_VERSION, Method, Parameter, Schema, SchemaError, Service, TypeRef, load

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path("packages/hz-core/src/hz_core/testing/messages.json")
MARK = "by tools/generate_messages.py from protocol/*.toml; do not edit"


def describe_type(ref: TypeRef) -> Any:
    """Return the type's name, with a question mark if it may be null, or a list of the name and the arguments."""
    name = ref.name + "?" * ref.nullable
    return [name, *map(describe_type, ref.arguments)] if ref.arguments else name


def describe_parameters(parameters: Iterable[Parameter], since: str) -> list[list[Any]]:
    """Return name and type of each parameter, and the version of those that came later than `since`."""
    return [
        [item.name, describe_type(item.type), *([item.since] if item.since != since else [])]
        for item in parameters
    ]


def describe_method(service: Service, method: Method) -> Iterator[list[Any]]:
    """Yield the request with its route, the response and the events of a method."""
    groups = [
        (method.request_type, "request", "", method.since, method.request),
        (method.request_type + 1, "response", "", method.since, method.response),
        *((event.type_id, "event", event.name, event.since, event.parameters) for event in method.events),
    ]
    for number, kind, event_name, since, parameters in groups:
        described = describe_parameters(parameters, since)
        route = [method.route] if kind == "request" else []
        yield [number, service.name, method.name, kind, event_name, since, described, *route]


def answers(schema: Schema) -> Iterator[tuple[str, str]]:
    """Yield the methods that members answer as another one, with that one."""
    for service in schema.services:
        names = {method.request_type + 1: method.name for method in service.methods}
        for method in service.methods:
            other = names[method.response_type]
            if other != method.name:
                yield f"{service.name}.{method.name}", f"{service.name}.{other}"


def text_of(schema: Schema) -> str:
    """Return the text of the file: JSON with a type or message a line."""
    types = [
        f"{json.dumps(name)}:{_compact([custom.since, describe_parameters(custom.fields, custom.since)])}"
        for name, custom in schema.types.items()
    ]
    messages: list[list[Any]] = []
    for service in schema.services:
        if service.error:
            described = describe_parameters(service.error, BASE_VERSION)
            messages.append([0, service.name, "", "response", "", BASE_VERSION, described])
        for method in service.methods:
            messages += describe_method(service, method)
    parts = [
        f'"generated":{json.dumps(MARK)}',
        f'"answers":{_compact(dict(answers(schema)))}',
        '"types":{\n' + ",\n".join(types) + "\n}",
        '"messages":[\n' + ",\n".join(map(_compact, messages)) + "\n]",
    ]
    return "{" + ",\n".join(parts) + "}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail on any difference")
    check = parser.parse_args(arguments).check
    try:
        text = text_of(load(ROOT / "protocol"))
    except SchemaError as error:
        print(f"schema error: {error}", file=sys.stderr)
        return 2
    target = ROOT / TARGET
    same = target.exists() and target.read_text("utf-8") == text
    if check and not same:
        print(f"{TARGET} is not what the schema gives", file=sys.stderr)
        return 1
    if not same:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    print(f"{TARGET}: {'as the schema gives it' if same else 'written'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
