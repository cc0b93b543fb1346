"""The generator of the simulated members' message data writes what the schema says, and notices drift."""

import json
from pathlib import Path

import pytest

import generate_messages

SERVICE = """
service = "One"
id = 40
owner = "hz_core"
[methods.go]
id = 1
route = "key"
request = ["key: Data", "more: Map<String, List<Data?>>? @2.1"]
response = ["x: long"]
[methods.go.events.Gone]
since = "2.3"
params = ["who: Address?"]
[methods.alike]
id = 2
answer = 1
"""
TYPES = """
[Address]
owner = "hz_core"
module = "types"
fields = ["host: String", "port: int"]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with a schema of one service."""
    (tmp_path / "protocol").mkdir()
    (tmp_path / "protocol" / "one.toml").write_text(SERVICE)
    (tmp_path / "protocol" / "types.toml").write_text(TYPES)
    monkeypatch.setattr(generate_messages, "ROOT", tmp_path)
    return tmp_path


def test_the_data_says_what_the_schema_says(root: Path) -> None:
    assert generate_messages.main([]) == 0
    content = json.loads((root / generate_messages.TARGET).read_text("utf-8"))
    assert content["types"] == {"Address": ["2.0", [["host", "String"], ["port", "int"]]]}
    assert content["answers"] == {"One.alike": "One.go"}
    more = ["more", ["Map?", "String", ["List", "Data?"]], "2.1"]
    assert content["messages"] == [
        [0x280100, "One", "go", "request", "", "2.0", [["key", "Data"], more], "key"],
        [0x280101, "One", "go", "response", "", "2.0", [["x", "long"]]],
        [0x280102, "One", "go", "event", "Gone", "2.3", [["who", "Address?"]]],
        [0x280200, "One", "alike", "request", "", "2.0", [], "none"],
        [0x280201, "One", "alike", "response", "", "2.0", []],
    ]


def test_check_tells_what_differs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate_messages.main(["--check"]) == 1
    assert "messages.json is not what the schema gives" in capsys.readouterr().err
    assert not (root / generate_messages.TARGET).exists()
    assert generate_messages.main([]) == 0
    assert generate_messages.main(["--check"]) == 0
    (root / "protocol" / "one.toml").write_text(SERVICE.replace("x: long", "y: long"))
    assert generate_messages.main(["--check"]) == 1
    (root / "protocol" / "one.toml").write_text("nonsense")
    assert generate_messages.main(["--check"]) == 2
    assert "schema error: one.toml" in capsys.readouterr().err


def test_the_repository_has_what_is_generated() -> None:
    assert generate_messages.main(["--check"]) == 0
