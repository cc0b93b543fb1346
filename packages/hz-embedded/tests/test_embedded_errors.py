"""Errors: one base class, the last lines of a log, arguments that are refused before anything starts."""

from pathlib import Path
from typing import Any

import pytest

import hz_embedded
from hz_embedded import (
    Cluster,
    ConfigurationError,
    EmbeddedError,
    JvmDiedError,
    JvmOutOfMemoryError,
    UnsupportedVersionError,
)
from hz_embedded._launch import log_configuration
from hz_embedded._upgrade import choose_rolling
from hz_embedded._waiting import await_state, call_within
from hz_embedded.errors import LOG_TAIL_LINES, jvm_ended, log_tail


def test_every_error_has_the_one_root() -> None:
    exported = [getattr(hz_embedded, name) for name in hz_embedded.__all__]
    errors = [thing for thing in exported if isinstance(thing, type) and issubclass(thing, Exception)]
    assert len(errors) >= 13
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


def test_jvm_that_ended(tmp_path: Path) -> None:
    log = tmp_path / "jvm.log"
    log.write_text("some\nlines\n")
    error = jvm_ended("the JVM with pid 5", -9, log)
    assert type(error) is JvmDiedError
    assert str(error).startswith("the JVM with pid 5 no longer runs (exit code -9).\n--- last 2 lines")


def test_jvm_that_ended_for_a_full_heap(tmp_path: Path) -> None:
    log = tmp_path / "jvm.log"
    log.write_text("some\nTerminating due to java.lang.OutOfMemoryError: Java heap space\n")
    error = jvm_ended("the JVM with pid 5", 3, log)
    assert type(error) is JvmOutOfMemoryError
    assert "its heap was full" in str(error)
    assert str(error).endswith("Java heap space")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"members": -1}, "members must be a number"),
        ({"members": True}, "members must be a number"),
        ({"members": "3"}, "members must be a number"),
        ({"jvm": "many"}, 'jvm must be "shared" or "own"'),
        ({"startup_timeout": 0}, "startup_timeout must be a positive number"),
        ({"startup_timeout": float("nan")}, "startup_timeout must be a positive number"),
        ({"port": 0}, "port must be a port number"),
        ({"port": 65_535, "members": 2}, "room for 2 members"),
        ({"port": "5701"}, "port must be a port number"),
        ({"clock_offset": float("inf")}, "clock_offset must be a number of seconds"),
        ({"clock_offset": "1h"}, "clock_offset must be a number of seconds"),
        ({"log_level": "LOUD"}, "log_level must be one of ERROR, .*'LOUD'"),
        ({"classpath": ["no/such.jar"]}, "neither an existing file or folder nor Maven coordinates"),
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


def test_await_state_gives_up() -> None:
    answers = iter([False, False, True])
    assert await_state(lambda: next(answers), 10)
    assert not await_state(lambda: False, 0.01)


@pytest.mark.parametrize(
    ("level", "java"),
    [("debug", "FINE"), ("ERROR", "SEVERE"), ("Info", "INFO"), ("TRACE", "FINEST"), ("off", "OFF")],
)
def test_log_levels(level: str, java: str) -> None:
    lines = log_configuration(level).splitlines()
    assert f".level={java}" in lines
    assert f"java.util.logging.ConsoleHandler.level={java}" in lines


def test_rolling_only_within_a_minor_version() -> None:
    assert choose_rolling({"5.3.7"}, "5.3.8", None)
    assert not choose_rolling({"5.3.7"}, "5.3.8", False)
    assert choose_rolling({"5.3.8", "5.3.7"}, "5.3.8", True)
    assert not choose_rolling({"5.4.0"}, "5.5.0", None)
    assert not choose_rolling({"5.3.8", "5.4.0"}, "5.4.0", None)
    with pytest.raises(
        UnsupportedVersionError, match=r"5\.4\.0 and 5\.5\.0 cannot be in one cluster.*rolling=False"
    ):
        choose_rolling({"5.4.0"}, "5.5.0", True)
