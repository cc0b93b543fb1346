"""Prove from built wheels that each distribution installs and works alone, and all of them together.

Every wheel is built into a temporary folder. Each distribution is then installed into a clean environment of
its own, with exactly the siblings that its metadata lead to (taken from the built wheels, never from the
registry) and nothing that nobody requires; each of its modules is imported there. Where all are installed, the
tutorial is run as it is written.

hz-speedups is built from its sdist, once with a C compiler and once without one: the first wheel must hold compiled
modules that hz-serialization uses, the second one must work all the same.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import HeaderParser
from functools import cached_property
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from repository import Distribution, distributions

NEED_AN_EXTRA = {
    "hazelcast.opentelemetry",
    "hazelcast.sqlalchemy",
    "hz_core.opentelemetry",
    "hz_embedded.pytest_plugin",
    "hz_frameworks.celery",
    "hz_frameworks.django.cache",
    "hz_frameworks.django.sessions",
    "hz_frameworks.flask_caching",
    "hz_proxies.arrow.contents",
    "hz_proxies.arrow.hashes",
    "hz_proxies.arrow.kinds",
    "hz_proxies.arrow.rows",
    "hz_proxies.arrow.values",
    "hz_proxies.sql.arrow.columns",
    "hz_proxies.sql.arrow.decimals",
    "hz_proxies.sql.arrow.moments",
}
"""Modules that can be imported only with a package that an extra names."""

COMPILED = "hz-speedups"
"""The distribution whose wheels are made by a C compiler."""

SPEEDUPS_PROBE = Path(__file__).with_name("speedups_probe.py")
"""Runs inside a clean environment; prints which compiled modules hz-serialization uses there."""

PROBE = Path(__file__).with_name("wheel_probe.py")
"""Runs inside a clean environment; prints what is wrong there."""

TUTORIAL_PROBE = Path(__file__).with_name("tutorial_probe.py")
"""Runs inside the environment with all wheels; prints how many examples of the tutorial it has run."""

TUTORIAL = Path(__file__).resolve().parent.parent / "docs" / "tutorial.md"


class Failure(Exception):
    """A wheel is not as it must be."""


@dataclass(frozen=True)
class Wheel:
    """A built wheel and the distribution it was built from."""

    path: Path
    source: Distribution

    @property
    def name(self) -> str:
        """The distribution's name."""
        return self.source.name

    @cached_property
    def files(self) -> frozenset[str]:
        """All files of the wheel but its metadata."""
        with zipfile.ZipFile(self.path) as archive:
            return frozenset(name for name in archive.namelist() if ".dist-info/" not in name)

    @cached_property
    def requirements(self) -> list[Requirement]:
        """What the wheel's metadata require without any extra."""
        with zipfile.ZipFile(self.path) as archive:
            (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
            metadata = HeaderParser().parsestr(archive.read(name).decode())
        found = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
        return [r for r in found if r.marker is None or r.marker.evaluate({"extra": ""})]

    def siblings(self, wheels: dict[str, "Wheel"]) -> set[str]:
        """Return the names of all distributions of the workspace that this one leads to, itself included."""
        direct = {canonicalize_name(r.name) for r in self.requirements} & wheels.keys()
        return {self.name}.union(*(wheels[name].siblings(wheels) for name in direct))


def run(*command: str | Path, **variables: str) -> str:
    """Run a command with these environment variables and return its output.

    Raises:
        Failure: It fails; with all it said.
    """
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **variables},
    )
    if done.returncode:
        words = " ".join(map(str, command))
        raise Failure(f"{words}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source: Distribution, folder: Path, **variables: str) -> Wheel:
    """Build the wheel of `source`; one that is compiled is built from its sdist."""
    target = folder / source.name
    kind = [] if source.name == COMPILED else ["--wheel"]
    run("uv", "build", *kind, "--python", sys.executable, "--out-dir", target, source.path, **variables)
    (path,) = target.glob("*.whl")
    return Wheel(path, source)


def check_compiled(wheel: Wheel) -> None:
    """Check that a wheel of `COMPILED` is for this machine and holds each of its modules compiled."""
    if wheel.path.stem.endswith("-none-any"):
        raise Failure(f"{wheel.name}: {wheel.path.name} was not compiled; is there a C compiler?")
    sources = {path.stem for path in (wheel.source.path / "src").rglob("*.pyx")}
    compiled = {Path(name).name.partition(".")[0] for name in wheel.files if name.endswith((".so", ".pyd"))}
    if sources != compiled:
        raise Failure(f"{wheel.name}: holds {sorted(compiled)} compiled, not {sorted(sources)}")


def check_contents(wheels: Iterable[Wheel]) -> None:
    """Check that each wheel is whole, holds its own import root only, and no file of another one."""
    owners: dict[str, str] = {}
    for wheel in wheels:
        root = wheel.source.import_root
        if strays := sorted(name for name in wheel.files if not name.startswith(f"{root}/")):
            raise Failure(f"{wheel.name}: holds {strays}, beside its own {root}/")
        if missing := {f"{root}/py.typed", f"{root}/__init__.py"} - wheel.files:
            raise Failure(f"{wheel.name}: lacks {sorted(missing)}")
        source_files = {
            path.relative_to(wheel.source.path / "src").as_posix()
            for path in (wheel.source.path / "src").rglob("*.py")
        }
        if missing := source_files - wheel.files:
            raise Failure(f"{wheel.name}: lacks {sorted(missing)}")
        with zipfile.ZipFile(wheel.path) as archive:
            if not any(name.endswith("/licenses/LICENSE") for name in archive.namelist()):
                raise Failure(f"{wheel.name}: lacks its LICENSE")
        for name in wheel.files:
            if name in owners:
                raise Failure(f"{name} is in the wheels of both {owners[name]} and {wheel.name}")
            owners[name] = wheel.name


def check_used(wheel: Wheel, wheels: dict[str, Wheel], folder: Path) -> list[str]:
    """Install a wheel of `COMPILED` beside hz-serialization and return which of its modules are used."""
    both = {**wheels, wheel.name: wheel}
    check_installed([both["hz-serialization"], wheel], both, folder)
    return run(python_of(folder), "-I", "-W", "error", SPEEDUPS_PROBE, HZ_PURE_PYTHON="0").split()


def check_speedups(wheels: dict[str, Wheel], folder: Path) -> None:
    """Check that hz-serialization uses what is compiled, and works where nothing is."""
    wheel = wheels[COMPILED]
    check_compiled(wheel)
    used = check_used(wheel, wheels, folder / "compiled")
    if set(used) != {path.stem for path in (wheel.source.path / "src").rglob("*.pyx")}:
        raise Failure(f"hz-serialization uses {used} of {wheel.name}, not all that is compiled")
    print(f"hz-serialization uses {', '.join(used)} of {wheel.name}", flush=True)
    empty = build(wheel.source, folder / "empty", CC=str(folder / "no-compiler"), HZ_SPEEDUPS_REQUIRED="")
    if not empty.path.stem.endswith("-none-any"):
        raise Failure(f"{empty.path.name} was built without a compiler, but claims to be compiled")
    if used := check_used(empty, wheels, folder / "pure"):
        raise Failure(f"hz-serialization uses {used} of {empty.path.name}, where nothing is compiled")
    print(f"without a compiler {empty.path.name} is built, and everything works in pure Python", flush=True)


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def check_installed(wanted: list[Wheel], wheels: dict[str, Wheel], folder: Path) -> int:
    """Install `wanted` with their siblings into a clean environment and try it; return how many are in it."""
    names = set().union(*(wheel.siblings(wheels) for wheel in wanted))
    run("uv", "venv", "--quiet", "--python", sys.executable, folder)
    python = python_of(folder)
    paths = [wheels[name].path for name in sorted(names)]
    run("uv", "pip", "install", "--quiet", "--python", python, *paths)
    run("uv", "pip", "check", "--quiet", "--python", python)
    versions = [f"{name}=={wheels[name].source.version}" for name in sorted(names)]
    roots = [wheels[name].source.import_root for name in sorted(names)]
    skipped = [f"--skip={name}" for name in sorted(NEED_AN_EXTRA)]
    tops = [f"--top={wheel.name}" for wheel in wanted]
    output = run(python, "-I", "-W", "error", PROBE, *skipped, *tops, "--", *versions, *roots)
    for wheel in wanted:
        smoke = wheel.source.path / "tests" / "smoke.py"
        if smoke.exists():
            run(python, "-I", "-W", "error", smoke)
    return int(output)


def check(folder: Path) -> None:
    """Build and check everything below `folder`."""
    wheels = {source.name: build(source, folder / "wheels") for source in distributions()}
    check_contents(wheels.values())
    print(f"built {len(wheels)} wheels, no file in two of them", flush=True)
    # Those with the fewest siblings come first, so that a failure names the distribution that causes it.
    for wheel in sorted(wheels.values(), key=lambda wheel: (len(wheel.siblings(wheels)), wheel.name)):
        count = check_installed([wheel], wheels, folder / "alone" / wheel.name)
        print(f"{wheel.name} {wheel.source.version} works alone ({count} distributions)", flush=True)
    check_speedups(wheels, folder / "speedups")
    count = check_installed(list(wheels.values()), wheels, folder / "together")
    print(f"all work together ({count} distributions)", flush=True)
    examples = run(python_of(folder / "together"), "-I", TUTORIAL_PROBE, TUTORIAL)
    print(f"the tutorial works there ({examples.strip()} examples)")


def main() -> int:
    """Check all wheels; print the first failure and exit with 1 if there is one."""
    parser = argparse.ArgumentParser(description="Build every wheel and prove that each works alone.")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="copy the wheels to DIR when all is well")
    keep: Path | None = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="wheels-", ignore_cleanup_errors=True) as folder:
        try:
            check(Path(folder))
        except Failure as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for path in Path(folder, "wheels").rglob("*.whl"):
                print(shutil.copy(path, keep))
    return 0


if __name__ == "__main__":
    sys.exit(main())
