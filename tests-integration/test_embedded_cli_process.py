"""The command `hz-embedded` as a process: what it prints, how it ends, what it leaves behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

import hazelcast

LIMIT = 60.0
"""Seconds that the command may take to end."""

ENTRY_POINT = "import sys; from hz_embedded.cli import main; sys.exit(main())"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts the command; remaining processes are killed at the end."""
    started: list[subprocess.Popen[str]] = []

    def run(*words: str, module: bool = True) -> "subprocess.Popen[str]":
        how = ["-m", "hz_embedded"] if module else ["-c", ENTRY_POINT]
        process = subprocess.Popen(
            [sys.executable, *how, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=LIMIT)


def read_facts(process: "subprocess.Popen[str]") -> dict[str, object]:
    """Return the content of the JSON line that reports the running cluster."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate(timeout=LIMIT)[1]
    facts: dict[str, object] = json.loads(line)
    return facts


def jvms(facts: dict[str, object]) -> list[psutil.Process]:
    """Return the JVMs that the line lists."""
    pids = facts["pids"]
    assert isinstance(pids, list)
    return [psutil.Process(pid) for pid in pids]


@pytest.mark.parametrize(
    ("number", "module"),
    [(signal.SIGINT, True), (signal.SIGTERM, False)],
    ids=["ctrl-c, python -m", "sigterm, entry point"],
)
def test_runs_until_it_is_stopped(number: int, module: bool, start: Start, tmp_path: Path) -> None:
    process = start("start", "--members", "2", "--port", "0", "--cluster-name", "c", "--json", module=module)
    facts = read_facts(process)
    running = jvms(facts)
    addresses = facts["addresses"]
    assert isinstance(addresses, list)
    with hazelcast.HazelcastClient(cluster_members=addresses, cluster_name="c") as client:
        assert len(client.cluster_service.get_members()) == 2
    os.killpg(process.pid, number)
    process.send_signal(number)  # a second signal during the shutdown
    output, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, output, errors) == (0, "", "")
    assert psutil.wait_procs(running, timeout=LIMIT)[1] == []
    assert list(tmp_path.glob("hz-embedded-*")) == []


def test_sql_and_words_for_people(start: Start, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    process = start("start", "--port", "0", "--sql", "--log-dir", str(logs), "--log-level", "INFO")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    assert lines[0] == "Hazelcast 5.7.0, cluster 'dev':\n"
    assert lines[2] == "Press Ctrl-C to stop.\n"
    with hazelcast.HazelcastClient(cluster_members=[lines[1].strip()]) as client:
        assert client.get_map("m").blocking().size() == 0
    process.terminate()
    assert process.wait(LIMIT) == 0
    assert "is STARTED" in (logs / "jvm-1.log").read_text()


def test_stopped_while_it_starts(start: Start, tmp_path: Path) -> None:
    java = tmp_path / "java"
    started = tmp_path / "started"
    os.mkfifo(started)
    java.write_text(
        f'#!/bin/sh\n[ "$1" = -version ] && echo \'version "17"\' >&2 || {{ echo $$ > {started}; exec cat; }}\n'
    )
    java.chmod(0o755)
    process = start("start", "--port", "0", "--java", str(java))
    child = psutil.Process(int(started.read_text()))
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=LIMIT) == ("", "hz-embedded: interrupted\n")
    assert process.returncode == 130
    assert psutil.wait_procs([child], timeout=LIMIT)[1] == []


def test_jvm_that_dies_ends_the_command(start: Start) -> None:
    process = start("start", "--port", "0", "--json")
    for jvm in jvms(read_facts(process)):
        jvm.kill()
    _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert "hz-embedded: JvmDiedError: the JVM with pid" in errors
    assert "exit code -9" in errors
    assert "is STARTED" in errors


def test_port_that_is_taken(start: Start) -> None:
    first = start("start", "--port", "0", "--json")
    addresses = read_facts(first)["addresses"]
    assert isinstance(addresses, list)
    second = start("start", "--port", addresses[0].partition(":")[2])
    _, errors = second.communicate(timeout=LIMIT)
    assert second.returncode == 1
    assert f"PortInUseError: the member on {addresses[0]} did not start" in errors
    first.terminate()
    assert first.wait(LIMIT) == 0
