"""Where the archive of the classes that members load is, and how a JVM uses it.

This is Java's class data sharing: the JVM maps loaded and verified classes from a file, which takes half the time of
loading them from jars. The JVM ignores an archive that does not fit.
"""

import hashlib
from pathlib import Path

from hz_embedded import _py4j
from hz_embedded.jars import cache_dir
from hz_embedded.java import JavaRuntime


def archive_path(java: JavaRuntime, member_jar: Path) -> Path:
    """Return the path of the archive for a runtime and a member's jar; the file may not exist.

    The path changes with the files, because an archive only fits the files that it was made from.
    """
    files = [java.program.resolve(), Path(_py4j.jar_path()).resolve(), member_jar.resolve()]
    state = "\n".join(f"{file} {file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)
    return cache_dir() / f"{member_jar.stem}-{hashlib.sha256(state.encode()).hexdigest()[:16]}.jsa"


def start_options(java: JavaRuntime, member_jar: Path) -> list[str]:
    """Return the options with which a JVM uses the archive, none if there is no archive."""
    path = archive_path(java, member_jar)
    return [f"-XX:SharedArchiveFile={path}"] if path.exists() else []
