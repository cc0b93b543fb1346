"""Make everything that a release of a distribution consists of, without publishing anything.

    python tools/release.py hz-core [--out DIR]
    python tools/release.py --all [--out DIR]

For each distribution DIR gets: wheel and sdist, which are built twice and must be the same, byte for byte; their
checksums; the changelog of the release; the changes of public names since the last release; a CycloneDX document (SBOM)
and the licences of what is installed with it. Its wheel is also installed with the lowest versions of its dependencies
that it allows, extras included, and imported.
"""

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

from api_changes import breaking_changes, last_release
from check_wheels import Failure, python_of, run
from repository import ROOT, Distribution, distributions

PROBE = Path(__file__).with_name("wheel_probe.py")

NEED_HEADERS = {"kerberos"}
"""Extras that are compiled against libraries of the system, which not every machine has: not tried."""


def build(source: Distribution, folder: Path, epoch: str) -> dict[str, str]:
    """Build wheel and sdist of a distribution into ``folder``; return the checksum of each file."""
    python = ("--python", sys.executable)
    run("uv", "build", "--quiet", *python, "--out-dir", folder, source.path, SOURCE_DATE_EPOCH=epoch)
    found = sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def changelog(source: Distribution) -> str:
    """Return the changelog of the next release."""
    config = source.path / "pyproject.toml"
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", source.version]
    return run(*command, "--dir", source.path, "--config", config)


def api_changes(source: Distribution) -> str:
    """Return the changes since the last release that break programs."""
    tag = last_release(source.name, ROOT)
    if tag is None:
        return "This is the first release.\n"
    lines = breaking_changes(source.import_root, source.path, tag, ROOT)
    return "\n".join([f"Since {tag}:", *(lines or ["nothing breaks"]), ""])


def environment(source: Distribution, extras: set[str], wheels: Path, folder: Path, *options: str) -> Path:
    """Install a distribution with extras; siblings come from the built wheels. Return the interpreter."""
    chosen = f"[{','.join(sorted(extras))}]" if extras else ""
    wanted = f"{source.name}{chosen}=={source.version}"
    run("uv", "venv", "--quiet", "--python", sys.executable, folder)
    python = python_of(folder)
    run("uv", "pip", "install", "--quiet", "--python", python, "--find-links", wheels, *options, wanted)
    return python


def direct(name: str, extras: set[str], known: dict[str, Distribution]) -> set[str]:
    """Return what a distribution and its siblings require of others: only for these uv chooses lowest versions."""
    project = known[name].project
    optional = project.get("optional-dependencies", {})
    found: set[str] = set()
    for line in [
        *project.get("dependencies", ()),
        *(line for extra in extras for line in optional.get(extra, ())),
    ]:
        required = Requirement(line)
        if required.name in known:
            found |= direct(required.name, required.extras, known)
        else:
            found.add(line)
    return found


def licences(bill: Path) -> Iterator[str]:
    """Return a line for each component of a CycloneDX document: name, version, licences."""
    for component in json.loads(bill.read_text()).get("components", []):
        found = [
            entry.get("expression") or entry["license"].get("id") or entry["license"].get("name")
            for entry in component.get("licenses", [])
        ]
        yield f"{component['name']} {component['version']}: {', '.join(found) or 'not declared'}"


def release(source: Distribution, wheels: Path, out: Path, scratch: Path) -> None:
    """Make the files of one distribution, and try it with its lowest dependencies."""
    epoch = run("git", "-C", str(ROOT), "log", "-1", "--format=%ct").strip()
    target = out / source.name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    first = build(source, target, epoch)
    again = build(source, scratch / "again", epoch)
    if first != again:
        raise Failure(f"{source.name}: two builds differ: {sorted(set(first.items()) ^ set(again.items()))}")
    (target / "SHA256SUMS").write_text("".join(f"{checksum}  {name}\n" for name, checksum in first.items()))
    (target / "changelog.md").write_text(changelog(source))
    (target / "api-changes.txt").write_text(api_changes(source))
    python = environment(source, set(), wheels, scratch / "newest")
    bill = target / "sbom.cdx.json"
    tool = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "environment",
        "--output-reproducible",
        "--mc-type",
        "library",
    ]
    run(*tool, "--pyproject", source.path / "pyproject.toml", "-o", bill, python)
    (target / "licences.txt").write_text("\n".join([*licences(bill), ""]))
    extras = set(source.project.get("optional-dependencies", {})) - NEED_HEADERS
    known = {one.name: one for one in distributions()}
    lowest_first = ("--resolution", "lowest-direct", *sorted(direct(source.name, extras, known)))
    lowest = environment(source, extras, wheels, scratch / "lowest", *lowest_first)
    run(lowest, "-I", PROBE, "--extras", "--", f"{source.name}=={source.version}", source.import_root)
    print(f"{source.name} {source.version}: {', '.join(first)}", flush=True)


def main() -> int:
    """Make the releases; print the first failure and exit with 1 if there is one."""
    parser = argparse.ArgumentParser(description="Make what a release consists of; publish nothing.")
    parser.add_argument("names", nargs="*", metavar="DISTRIBUTION")
    parser.add_argument("--all", action="store_true", help="every distribution")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist", help="the folder for the files (default: dist)"
    )
    chosen = parser.parse_args()
    known = {source.name: source for source in distributions()}
    names = sorted(known) if chosen.all else chosen.names
    if not names or (unknown := set(names) - set(known)):
        parser.error(f"choose from {', '.join(sorted(known))}" + (f"; unknown: {unknown}" if names else ""))
    with tempfile.TemporaryDirectory(prefix="release-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        wheels = scratch / "wheels"
        try:
            for source in known.values():
                run(
                    "uv", "build", "--quiet", "--wheel", "--python", sys.executable, "-o", wheels, source.path
                )
            for name in names:
                release(known[name], wheels, chosen.out, scratch / name)
        except Failure as failure:
            print(f"FAILED: {failure}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
