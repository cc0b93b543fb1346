"""When archives of classes are made, used and removed; a program in Python stands for Java."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from hz_embedded._class_archive import VARIABLE, archive_of
from hz_embedded.jars import CACHE_VARIABLE

DUMP = """
import sys
(target,) = [word.partition("=")[2] for word in sys.argv if word.startswith("-XX:SharedArchiveFile=")]
(classes,) = [word.partition("=")[2] for word in sys.argv if word.startswith("-XX:SharedClassListFile=")]
assert "-Xshare:dump" in sys.argv
with open(classes) as names, open(target, "w") as archive:
    archive.write(names.read() + sys.argv[-1])
"""


class Starts:
    """Starts of JVMs with a class path of one jar."""

    def __init__(self, folder: Path) -> None:
        self.jar = folder / "one.jar"
        self.jar.write_bytes(b"jar")
        self.command = [sys.executable, "-c", DUMP]
        self.trained = 0
        self.fails = False

    def train(self, option: str, log_file: Path) -> None:
        self.trained += 1
        if self.fails:
            raise RuntimeError("the member did not start")
        name, _, path = option.partition("=")
        assert name == "-XX:DumpLoadedClassList"
        Path(path).write_text("classes of ")
        log_file.write_text("log")

    def start(self) -> Path | None:
        return archive_of(self.command, [self.jar], self.train)


@pytest.fixture
def starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starts:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return Starts(tmp_path)


def test_the_fourth_start_makes_the_archive(starts: Starts) -> None:
    assert [starts.start() for _ in range(3)] == [None] * 3
    assert starts.trained == 0
    made = starts.start()
    assert made is not None
    assert made.read_text() == f"classes of {starts.jar}"
    assert starts.start() == made
    assert starts.trained == 1
    assert sorted(path.suffix for path in made.parent.iterdir()) == [".jsa", ".lock"]


def test_another_runtime_or_another_jar_has_another_archive(starts: Starts) -> None:
    first = [starts.start() for _ in range(4)][-1]
    starts.command = [sys.executable, "-c", DUMP + "\n"]
    second = [starts.start() for _ in range(4)][-1]
    starts.jar.write_bytes(b"another jar")
    third = [starts.start() for _ in range(4)][-1]
    assert len({first, second, third, None}) == 4


def test_what_cannot_be_made_is_not_tried_again_on_the_same_day(starts: Starts, tmp_path: Path) -> None:
    starts.fails = True
    assert [starts.start() for _ in range(10)] == [None] * 10
    assert starts.trained == 1
    starts.fails = False
    (failed,) = (tmp_path / "cache" / "classes").glob("*.jsa")
    day = time.time() - 25 * 3600
    os.utime(failed, (day, day))
    assert [starts.start() for _ in range(4)] == [None] * 4
    assert starts.start() == failed


def test_a_dump_that_fails(starts: Starts) -> None:
    starts.command = [sys.executable, "-c", "raise SystemExit(1)"]
    assert [starts.start() for _ in range(6)] == [None] * 6
    assert starts.trained == 1


def test_nobody_waits_for_another_process_that_makes_it(starts: Starts, tmp_path: Path) -> None:
    assert [starts.start() for _ in range(3)] == [None] * 3
    (counted,) = (tmp_path / "cache" / "classes").iterdir()
    with FileLock(counted.with_suffix(".lock")):
        assert starts.start() is None
    assert starts.trained == 0
    assert starts.start() is not None


def test_it_can_be_switched_off(starts: Starts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "0")
    assert [starts.start() for _ in range(5)] == [None] * 5
    monkeypatch.delenv(VARIABLE)
    assert starts.start() is None  # the first one that counts


def test_a_folder_that_cannot_be_used(
    starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    assert [starts.start() for _ in range(5)] == [None] * 5
    assert starts.trained == 0


def test_archives_that_nobody_uses_are_removed(starts: Starts) -> None:
    first = [starts.start() for _ in range(4)][-1]
    assert first is not None
    month = time.time() - 31 * 24 * 3600
    for path in first.parent.iterdir():
        os.utime(path, (month, month))
    assert starts.start() == first  # which is a use
    starts.jar.write_bytes(b"another jar")
    second = [starts.start() for _ in range(4)][-1]
    assert second is not None
    assert first.exists()
    os.utime(first, (month, month))
    starts.jar.write_bytes(b"one more jar")
    assert [starts.start() for _ in range(4)][-1] is not None
    assert not first.exists()
    assert second.exists()
