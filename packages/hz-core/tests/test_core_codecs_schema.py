"""The schema and the generator: against the protocol's table of messages, against drift, against mistakes."""

import struct
from pathlib import Path
from typing import Any

import pytest

import generate_codecs
from codegen.emit import Emitter
from codegen.naming import parameter, snake
from codegen.rules import Rules
from codegen.schema import SchemaError, load, parse_parameters, parse_type, version
from core_vectors import ROOT, SCHEMA
from hz_core.wire.frames import HazelcastProtocolError
from hz_core.wire.types import ABSENT, raw_data

# The protocol's table names no partition for the first two, but members demand one: that of the key, that of the
# iteration. Listeners are registered with every member, so those of lists are bound to no partition, as all others.
DEVIATING = {
    "MultiMap.valueCount",
    "ReplicatedMap.endEntryViewIteration",
    "List.addListener",
    "List.removeListener",
}

# What the protocol says of the partition id of a request, for each of the schema's routes.
PARTITIONS = {
    "any": {"random"},
    "batch": {"any key belongs to target partition"},
    "connection": {"-1"},
    "key": {"key"},
    "name": {"name"},
    "none": {"-1", "none"},
    "partition": {"partitionId"},
    "predicate": {"-1"},
    "sequence": {"associated key with sequence"},
    "task": {"taskName"},
    "xid": {"xid"},
}


def _messages_of(table: Path) -> dict[int, tuple[tuple[str, str, str, bool, int], str]]:
    """Return what the protocol's table says of each message, and where its partition id comes from."""
    result: dict[int, tuple[tuple[str, str, str, bool, int], str]] = {}
    for line in table.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            type_id, service, method, since, retryable, partition, events = line.split("\t")[:7]
            count = 0 if events == "-" else len(events.split(","))
            result[int(type_id, 16)] = ((service, method, since, retryable == "true", count), partition)
    return result


def test_schema_has_every_message_of_the_protocol() -> None:
    table = _messages_of(Path(__file__).parent / "data" / "message-types.tsv")
    found = {
        method.request_type: (service.name, method.name, method.since, method.retryable, len(method.events))
        for service in SCHEMA.services
        for method in service.methods
    }
    assert found == {type_id: message for type_id, (message, _) in table.items()}


def test_routes_are_those_of_the_protocol() -> None:
    table = _messages_of(Path(__file__).parent / "data" / "message-types.tsv")
    for service in SCHEMA.services:
        for method in service.methods:
            partition = table[method.request_type][1]
            title = f"{service.name}.{method.name}"
            if title not in DEVIATING:
                assert partition in PARTITIONS[method.route], title


def test_generated_modules_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_codecs.main(["--check"]) == 0
    assert " 0 differ, 0 orphans" in capsys.readouterr().out


def test_check_reports_drift_orphans_and_unused_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codecs = tmp_path / "packages" / "hz-core" / "src" / "hz_core" / "codecs"
    codecs.mkdir(parents=True)
    (tmp_path / "protocol").mkdir()
    (tmp_path / "protocol" / "types.toml").write_text("")
    (tmp_path / "protocol" / "one.toml").write_text(
        'service = "One"\nid = 40\nowner = "hz_core"\n[methods.go]\nid = 1\nrequest = ["name: String"]\n'
        '[methods.other]\nid = 2\nresponse = ["x: long", "y: String"]\n'
    )
    (codecs / "gone.py").write_text(generate_codecs.MARK)
    (codecs / "by_hand.py").write_text("")
    monkeypatch.setattr(generate_codecs, "ROOT", tmp_path)
    assert generate_codecs.main(["--check"]) == 1
    errors = capsys.readouterr().err
    assert "codecs/one.py is not what the schema gives" in errors
    assert "codecs/gone.py has no source in the schema" in errors
    assert "rule for List<UUID>" in errors
    generate_codecs.main([])
    assert sorted(path.name for path in codecs.iterdir()) == ["by_hand.py", "one.py"]
    capsys.readouterr()
    generate_codecs.main(["--check"])
    assert "codecs/" not in capsys.readouterr().err
    (tmp_path / "protocol" / "one.toml").write_text("service = ")
    assert generate_codecs.main(["--check"]) == 2
    assert "one.toml" in capsys.readouterr().err


SERVICE = 'service = "One"\nid = 40\nowner = "hz_core"\n[methods.go]\nid = 1\n'


@pytest.mark.parametrize(
    ("service", "types", "words"),
    [
        (SERVICE + 'request = ["x: Nothing"]', "", "unknown type Nothing"),
        (SERVICE + 'request = ["x String"]', "", "is not 'name: type'"),
        (SERVICE + 'request = ["x: int", "x: int"]', "", "there twice"),
        (SERVICE + 'request = ["x: int @2.10", "y: int @2.9"]', "", "stands behind"),
        (SERVICE + 'route = "west"', "", "route 'west'"),
        (SERVICE + "retry = true", "", "unknown retry"),
        (SERVICE + "[methods.again]\nid = 1", "", "same id"),
        (SERVICE.replace("[", 'only = ["come"]\n[', 1), "", "unknown come; known are go"),
        (SERVICE, '[T]\nowner = ""\nfields = ["x: int"]', "nothing uses T"),
    ],
)
def test_mistakes_in_the_schema_are_named(tmp_path: Path, service: str, types: str, words: str) -> None:
    (tmp_path / "one.toml").write_text(service)
    (tmp_path / "types.toml").write_text(types)
    with pytest.raises(SchemaError, match=words):
        load(tmp_path)


@pytest.mark.parametrize(("only", "expected"), [("", ["go", "come"]), ('only = ["come"]\n', ["come"])])
def test_codecs_of_some_methods(tmp_path: Path, only: str, expected: list[str]) -> None:
    (tmp_path / "one.toml").write_text(SERVICE.replace("[", f"{only}[", 1) + "[methods.come]\nid = 2\n")
    (tmp_path / "types.toml").write_text("")
    (service,) = load(tmp_path).services
    assert [method.name for method in service.generated] == expected
    assert [method.name for method in service.methods] == ["go", "come"]


@pytest.mark.parametrize(
    "text", ["", "List<", "List<int", "List<int>>", "Map<int>", "int<int>", "<int>", "a-b"]
)
def test_malformed_types(text: str) -> None:
    with pytest.raises(SchemaError):
        parse_type(text)


def test_types_and_versions() -> None:
    assert str(parse_type("Map<String,List<Data?>>?")) == "Map<String, List<Data?>>?"
    assert version("2.10") > version("2.9")
    (item,) = parse_parameters(["x: UUID? @2.7"], "2.0", "here")
    assert (item.name, str(item.type), item.since) == ("x", "UUID?", "2.7")


def test_names() -> None:
    assert snake("addCPGroupViewListener") == "add_cp_group_view_listener"
    assert snake("PNCounter") == "pn_counter"
    assert parameter("from") == "from_"


TYPES = """
[Late]
owner = "hz_core"
module = "types"
fields = ["name: String", "number: int @2.4", "flag: boolean @2.6", "more: String? @2.6"]
"""


def _load_module(folder: Path, types: str) -> Any:
    """Generate, compile and run one module with a service ``One`` that sends and answers a `Late`."""
    text = SERVICE + 'request = ["late: Late"]\nresponse = ["late: Late"]'
    (folder / "one.toml").write_text(text)
    (folder / "types.toml").write_text(types.replace('"types"', '"one"'))
    schema = load(folder)
    source = Emitter(schema, Rules(schema.types)).modules("hz_core")["one"]
    namespace: dict[str, Any] = {"__name__": "hz_core.codecs.one"}
    exec(compile(source, "one.py", "exec"), namespace)
    return schema, namespace


def test_fixed_size_fields_that_came_later_lie_in_the_begin_frame(tmp_path: Path) -> None:
    schema, module = _load_module(tmp_path, TYPES)
    late = schema.types["Late"]
    assert late.fixed_in_begin_frame
    request = bytes(module["go"](module["Late"]("n", 5, True, None)).request)
    begin = struct.pack("<iHi?", 11, 0x1000, 5, True)
    assert request[22:] == begin + b"\x07\0\0\0\0\0n" + b"\x06\0\0\0\0\x04" + b"\x06\0\0\0\0\x28"
    answer = struct.pack("<iHiqB", 19, 0xC000, 0x280101, 0, 0) + request[22:]
    assert tuple(module["GO"].decode(answer, raw_data)) == ("n", 5, True, None)
    # A peer of 2.4 sends no flag and no `more`; one of 2.0 not even the number.
    old = answer[:19] + struct.pack("<iHi", 10, 0x1000, 5) + b"\x07\0\0\0\0\0n" + b"\x06\0\0\0\0\x28"
    assert tuple(module["GO"].decode(old, raw_data)) == ("n", 5, ABSENT, ABSENT)
    oldest = answer[:19] + struct.pack("<iH", 6, 0x1000) + b"\x07\0\0\0\0\0n" + b"\x06\0\0\0\0\x28"
    assert tuple(module["GO"].decode(oldest, raw_data)) == ("n", ABSENT, ABSENT, ABSENT)
    with pytest.raises(HazelcastProtocolError, match="begin frame"):
        module["GO"].decode(answer[:19] + b"\x07\0\0\0\0\0n", raw_data)


def test_generated_text_names_its_source() -> None:
    path = ROOT / "packages" / "hz-core" / "src" / "hz_core" / "codecs" / "client.py"
    assert path.read_text("utf-8").startswith(
        "# Generated by tools/generate_codecs.py from protocol/client.toml; do not edit.\n"
    )
