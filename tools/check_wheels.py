"""Proves from built wheels that each distribution installs and works alone, and all of them together.

Every wheel is built into a temporary folder. Each distribution is then installed into a clean environment of
its own, with exactly the siblings that its metadata lead to (taken from the built wheels, never from the
registry) and nothing that nobody requires; each of its modules is imported there.
"""

import argparse
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

NEED_AN_EXTRA = {"hz_embedded.pytest_plugin"}
"""Modules that can be imported only with a package that an extra names."""

PROBE = Path(__file__).with_name("wheel_probe.py")
"""Runs inside a clean environment; prints what is wrong there."""


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


def run(*command: str | Path) -> str:
    """Run a command and return its output; raise `Failure` with all it said if it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        words = " ".join(map(str, command))
        raise Failure(f"{words}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source: Distribution, folder: Path) -> Wheel:
    """Build the wheel of `source`."""
    target = folder / source.name
    run("uv", "build", "--wheel", "--python", sys.executable, "--out-dir", target, source.path)
    (path,) = target.glob("*.whl")
    return Wheel(path, source)


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


def check_installed(wanted: list[Wheel], wheels: dict[str, Wheel], folder: Path) -> int:
    """Install `wanted` with their siblings into a clean environment and try it; return how many are in it."""
    names = set().union(*(wheel.siblings(wheels) for wheel in wanted))
    run("uv", "venv", "--quiet", "--python", sys.executable, folder)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    paths = [wheels[name].path for name in sorted(names)]
    run("uv", "pip", "install", "--quiet", "--python", python, *paths)
    run("uv", "pip", "check", "--quiet", "--python", python)
    versions = [f"{name}=={wheels[name].source.version}" for name in sorted(names)]
    roots = [wheels[name].source.import_root for name in sorted(names)]
    skipped = [f"--skip={name}" for name in sorted(NEED_AN_EXTRA)]
    tops = [f"--top={wheel.name}" for wheel in wanted]
    output = run(python, "-I", "-W", "error", PROBE, *skipped, *tops, "--", *versions, *roots)
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
    count = check_installed(list(wheels.values()), wheels, folder / "together")
    print(f"all work together ({count} distributions)")


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
