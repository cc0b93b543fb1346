"""Check that type checkers know every name that users can import, of each distribution, with nothing left to guess.

    python tools/verify_types.py [PACKAGE ...]

pyright's check of typed libraries (`--verifytypes`) counts what has no type, or one that another type checker may infer
in another way, such as that of an attribute without an annotation. There must be none but what `WITHOUT_TYPES` names.
"""

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from repository import distributions

WITHOUT_TYPES: Final = {
    "hz_embedded.bridge.*": "derived from py4j's classes, which have no types",
    "hz_embedded.interfaces.pool.InterfacePool": "derived from py4j's pool",
    "hz_frameworks.celery.HazelcastBackend*": "derived from a class of Celery, which has no types",
    "hz_frameworks.django.cache.HazelcastCache": "derived from a class of Django, which has no types",
    "hz_frameworks.django.sessions.SessionStore": "derived from a class of Django, which has no types",
}
"""Names, where `*` stands for any text, and why their types are not complete."""


def report(package: str) -> dict[str, Any]:
    """Return what pyright says of an installed package, in its format."""
    here = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        # In an empty folder, so that it reads no settings and takes no other environment than this one.
        done = subprocess.run(
            [here / "basedpyright", "--verifytypes", package, "--ignoreexternal", "--outputjson"],
            cwd=folder,
            env={**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
    found: dict[str, Any] = json.loads(done.stdout)["typeCompleteness"]
    if not found["symbols"]:
        raise LookupError(f"pyright finds no names in {package}; is it installed, with py.typed?")
    return found


def incomplete(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name of each symbol whose type is not complete, and a line about it."""
    for symbol in found["symbols"]:
        for one in symbol["diagnostics"]:
            if one["severity"] == "error":
                place = f"{one['file']}:{one['range']['start']['line'] + 1}: " if "range" in one else ""
                yield symbol["name"], f"{place}{symbol['name']}: {' '.join(one['message'].split())}"


def main() -> int:
    """Check the packages, all by default, as many at a time as there are processors."""
    parser = argparse.ArgumentParser(description="Check that the types of all public names are complete.")
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="import names")
    packages = parser.parse_args().packages or [one.import_root for one in distributions()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(report, packages))
    used: set[str] = set()
    lines = []
    for name, line in (pair for found in reports for pair in incomplete(found)):
        reasons = {pattern for pattern in WITHOUT_TYPES if fnmatch.fnmatchcase(name, pattern)}
        used |= reasons
        if not reasons:
            lines.append(line)
    lines += [
        f"tools/verify_types.py: {pattern} is complete by now; remove it"
        for pattern in WITHOUT_TYPES.keys() - used
        if pattern.partition(".")[0] in packages
    ]
    print("\n".join(lines or [f"types of {', '.join(packages)}: complete"]))
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
