"""The demo: what it shows is there, it ends in time, and nothing of it is left, however it ends."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
LIMIT = 60.0
"""Seconds that the demo may take."""

ROW = r"^ *{} {{2,}}(.+?) *$"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A function that starts a demo in a session of its own; what it writes goes to a folder of its own."""
    started: list[subprocess.Popen[str]] = []
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    def run(script: Path, *words: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, str(script), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(temporary), "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"},
            encoding="utf-8",
            start_new_session=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    # The JVMs' logs are kept when a program ends by an error, an interruption included.
    kept = [path.name for path in temporary.iterdir()]
    assert [name for name in kept if not name.startswith("hz-embedded-") or started[0].returncode == 0] == []
    assert [other for process in started for other in _session(process.pid)] == []


def _session(leader: int) -> list[psutil.Process]:
    """Return the processes that are left of a session."""
    left = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):  # it ended meanwhile
            continue
    return left


def _cell(output: str, row: str) -> str:
    """Return the second column of a row of one of the demo's tables."""
    found = re.findall(ROW.format(re.escape(row)), output, re.MULTILINE)
    assert len(found) == 1, f"{len(found)} rows {row!r} in:\n{output}"
    return str(found[0])


def test_the_whole_tour(start: Start) -> None:
    output, errors = (demo := start(EXAMPLES / "demo.py")).communicate(timeout=2 * LIMIT)
    assert (demo.returncode, errors) == (0, ""), output + errors
    took = re.search(r"^Success: the demo took (\d+\.\d) s\.$", output, re.MULTILINE)
    assert took is not None, output
    assert float(took[1]) < LIMIT

    assert "Starting members" in output
    assert len(re.findall(r"^ *127\.0\.0\.1:\d+ +5\.7\.0 ", output, re.MULTILINE)) == 3
    assert "Loaded 3,376 airports" in output
    assert _cell(output, 'airports["SFO"].loads()["name"]') == "San Francisco International"
    assert _cell(output, "len(airports)") == "3,376"
    assert _cell(output, "sum(1 for code in airports)  # page by page") == "3,376"
    assert "Siskiyou County" in output  # predicate
    assert "Hilo International" in output  # SQL predicate
    assert [_cell(output, code).split("  ")[0] for code in ("HNM", "JHM")] == ["Hana", "Kapalua"]  # pages
    assert _cell(output, "count()") == "3,376"
    assert _cell(output, 'count() where state = "AK"') == "263"
    assert _cell(output, "AK") == "263"  # projection
    assert _cell(output, "updated").split() == ["X99", "Demo", "Field", "Demo", "International"]
    assert "4 threads with 25 steps each, which read and write under the lock: 100 visits." in output
    for surface in ("blocking", "futures", "asyncio"):
        assert int(_cell(output, surface).split()[-1].replace(",", "")) > 0

    acknowledged = _cell(output, "acknowledged in total")
    assert int(acknowledged.replace(",", "")) >= 6000
    assert _cell(output, "read back, with the correct value") == acknowledged
    assert _cell(output, "lost") == "0"
    assert _cell(output, "members left") == "2"


def test_sql(start: Start) -> None:
    output, errors = (demo := start(EXAMPLES / "demo.py", "sql")).communicate(timeout=LIMIT)
    assert (demo.returncode, errors) == (0, ""), output + errors
    assert re.search(r"BRW +Wiley Post Will Rogers Memorial +AK +71\.29", output)
    assert re.search(r"AK +263 +61\.33", output)
    assert re.search(r"X99 +Demo Field", output)
    assert "The first five of a stream: [0, 1, 2, 3, 4]" in output
    assert "Airports beyond 60 degrees north: 160" in output


def test_chaos(start: Start) -> None:
    output, errors = (demo := start(EXAMPLES / "demo.py", "chaos", "--seconds", "5")).communicate(
        timeout=LIMIT
    )
    assert (demo.returncode, errors) == (0, ""), output + errors
    assert re.search(r"^[▁▂▃▄▅▆▇█]{20,}$", output, re.MULTILINE)
    assert int(_cell(output, "calls").replace(",", "")) > 0
    assert _cell(output, "wrong values") == "0"
    assert (_cell(output, "members killed"), _cell(output, "members at the end")) == ("2", "3")


def test_lock(start: Start) -> None:
    output, errors = (demo := start(EXAMPLES / "demo.py", "lock")).communicate(timeout=LIMIT)
    assert (demo.returncode, errors) == (0, ""), output + errors
    leaders = re.findall(r"^(\w+) leads, with fence (\d+)\.$", output, re.MULTILINE)
    assert sorted(name for name, _ in leaders) == ["Ada", "Bob", "Cid"]
    fences = [int(fence) for _, fence in leaders]
    assert fences == sorted(set(fences))


def test_interrupted(start: Start) -> None:
    demo = start(EXAMPLES / "demo.py")
    assert demo.stdout is not None
    while "Loaded" not in (line := demo.stdout.readline()):
        assert line, demo.stderr.read() if demo.stderr else ""
    demo.send_signal(signal.SIGINT)
    output, errors = demo.communicate(timeout=LIMIT)
    assert (demo.returncode, errors) == (130, ""), output + errors
    assert "The demo was interrupted" in output


def test_data_missing(start: Start, tmp_path: Path) -> None:
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("*.csv", "__pycache__"))
    output, errors = (demo := start(copy / "demo.py")).communicate(timeout=LIMIT)
    assert (demo.returncode, errors) == (1, "")
    assert re.fullmatch(
        r"The demo failed: DemoError: cannot read .*airports\.csv: .*repository\n", output, re.DOTALL
    )
