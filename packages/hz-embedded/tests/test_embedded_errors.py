"""Errors: one root, the tail of a log, arguments that are refused before anything starts."""

from pathlib import Path
from typing import Any

import pytest

import hz_embedded
from hz_embedded import Cluster, ConfigurationError, EmbeddedError, UnsupportedVersionError
from hz_embedded._waiting import call_within
from hz_embedded.errors import LOG_TAIL_LINES, log_tail


def test_every_error_has_the_one_root() -> None:
    exported = [getattr(hz_embedded, name) for name in hz_embedded.__all__]
    errors = [thing for thing in exported if isinstance(thing, type) and issubclass(thing, Exception)]
    assert len(errors) == 10
    assert all(issubclass(error, EmbeddedError) for error in errors)


def test_log_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "jvm.log"
    log.write_bytes(b"".join(b"line %d \xff\n" % number for number in range(20_000)))
    lines = log_tail(log).splitlines()
    assert lines[0] == f"--- last {LOG_TAIL_LINES} lines of {log} ---"
    assert lines[1] == f"line {20_000 - LOG_TAIL_LINES} \ufffd"
    assert lines[-1] == "line 19999 \ufffd"


def test_log_tail_of_empty_and_missing_log(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert "is empty" in log_tail(tmp_path / "empty")
    assert "cannot be read" in log_tail(tmp_path / "missing")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"members": -1}, "members must be a number"),
        ({"members": True}, "members must be a number"),
        ({"members": "3"}, "members must be a number"),
        ({"jvm": "many"}, 'jvm must be "shared" or "own"'),
        ({"startup_timeout": 0}, "startup_timeout must be a positive number"),
        ({"startup_timeout": float("nan")}, "startup_timeout must be a positive number"),
        ({"version": "4.2.8", "jet": True}, r"4\.2\.8 has no Jet"),
        ({"config": " "}, "empty text"),
    ],
)
def test_bad_argument_is_refused_at_once(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Cluster(**arguments)


def test_unknown_version_is_refused_at_once() -> None:
    with pytest.raises(
        UnsupportedVersionError, match=r"no SHA-256 is known for com\.hazelcast:hazelcast:9\.9\.9"
    ):
        Cluster(version="9.9.9")


def test_call_within_gives_result_or_error() -> None:
    def fail() -> None:
        raise ValueError("no")

    assert call_within(10, lambda: 5) == 5
    with pytest.raises(ValueError, match="no"):
        call_within(10, fail)
