"""Archives of the classes that members load, with which they start in about half of the time.

A JVM maps such an archive instead of reading, checking and linking each class (class data sharing, JEP 310). An
archive fits one Java runtime and one class path. Making it takes as long as it saves in about six starts, so it is
made when they are used together for the fourth time. It is kept beside the cached jars. A JVM goes without an archive
that does not fit.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock

from hz_embedded.jars import cache_dir

VARIABLE: Final = "HZ_EMBEDDED_CLASS_ARCHIVES"

_FOLDER: Final = "classes"
_STARTS_WITHOUT: Final = 3
_UNUSED_SECONDS: Final = 30 * 24 * 3600.0
_TRIED_AGAIN_SECONDS: Final = 24 * 3600.0
_DUMP_SECONDS: Final = 120

_log = logging.getLogger(__name__)


def archive_of(
    command: Sequence[str], class_path: Sequence[Path], train: Callable[[str, Path], None]
) -> Path | None:
    """Return the archive for the next start with a Java runtime and a class path; None if it starts without one.

    Args:
        command: The Java program and the options that matter for archives.
        class_path: The jars. JVMs that use the archive may have more of them after these.
        train: Runs a JVM that loads the classes, with an option and a file for its log.
    """
    if os.environ.get(VARIABLE) == "0":
        return None
    folder = cache_dir() / _FOLDER
    try:
        target = folder / f"{_key(command, class_path)}.jsa"
        if not target.exists():
            folder.mkdir(parents=True, exist_ok=True)
            if _count_start(target) <= _STARTS_WITHOUT:
                return None
            # Whoever starts a member while another process makes the archive does not wait for it.
            with FileLock(target.with_suffix(".lock"), timeout=0):
                if not target.exists():
                    _remove_unused(folder)
                    _make(target, command, class_path, train)
        status = target.stat()
        if not status.st_size:
            # An empty one tells that none could be made; the reason may be gone some day.
            if time.time() - status.st_mtime > _TRIED_AGAIN_SECONDS:
                target.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(target)
    except OSError as error:
        _log.debug("members start without an archive of classes: %s", error)
        return None
    return target


def _count_start(target: Path) -> int:
    """Return which start without an archive this is; the size of a file is their number, whoever starts."""
    with target.with_suffix(".starts").open("ab") as starts:
        starts.write(b".")
        return starts.tell()


def _key(command: Sequence[str], class_path: Sequence[Path]) -> str:
    facts = [*command]
    for path in (Path(command[0]).resolve(), *class_path):
        status = path.stat()
        facts += (str(path), str(status.st_size), str(status.st_mtime_ns))
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]


def _make(
    target: Path, command: Sequence[str], class_path: Sequence[Path], train: Callable[[str, Path], None]
) -> None:
    # Only a complete archive gets the final name.
    with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as scratch:
        classes, log, made = (Path(scratch) / name for name in ("classes", "log", "archive"))
        _log.info("making an archive of classes, with which members start faster from now on: %s", target)
        try:
            train(f"-XX:DumpLoadedClassList={classes}", log)
            with log.open("ab") as output:
                subprocess.run(
                    [
                        *command,
                        "-Xshare:dump",
                        f"-XX:SharedClassListFile={classes}",
                        f"-XX:SharedArchiveFile={made}",
                        "-classpath",
                        os.pathsep.join(map(str, class_path)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    timeout=_DUMP_SECONDS,
                    check=True,
                )
        except Exception as error:
            _log.debug("no archive of classes could be made: %s", error)
            made.write_bytes(b"")
        os.replace(made, target)
    target.with_suffix(".starts").unlink(missing_ok=True)


def _remove_unused(folder: Path) -> None:
    """Remove what was not used for a while, for example archives of environments that are gone."""
    limit = time.time() - _UNUSED_SECONDS
    for path in folder.glob("*.*"):
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_mtime < limit:
                path.unlink()
