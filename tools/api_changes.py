"""Compare the public names of each distribution with its last release; refuse unannounced changes that break programs.

    python tools/api_changes.py [--check] [DISTRIBUTION ...]

The last release is the newest tag ``<distribution>-v<version>``; without one, the next release is the first. A change
that breaks programs (a name that is gone, a parameter that moved, a default that differs) needs a changelog fragment
of the type ``removal``; with ``--check`` its absence is an error.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import griffe

from repository import ROOT, Distribution, distributions


def last_release(name: str, root: Path) -> str | None:
    """Return the tag of the newest release of a distribution; None before the first."""
    command = ["git", "-C", str(root), "tag", "--list", f"{name}-v*", "--sort=-version:refname"]
    tags = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return tags[0] if tags else None


def breaking_changes(import_root: str, folder: Path, tag: str, root: Path) -> list[str]:
    """Return a line for each change since ``tag`` that breaks programs."""
    source = folder / "src"
    before = griffe.load_git(import_root, ref=tag, repo=root, search_paths=[source.relative_to(root)])
    after = griffe.load(import_root, search_paths=[source])
    explain = griffe.ExplanationStyle.ONE_LINE
    lines = (change.explain(explain) for change in griffe.find_breaking_changes(before, after))
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]


def unannounced(distribution: Distribution, root: Path = ROOT) -> list[str]:
    """Return the breaking changes of a distribution that no fragment of the type ``removal`` announces."""
    tag = last_release(distribution.name, root)
    if tag is None or list((distribution.path / "changelog.d").glob("*.removal.md")):
        return []
    return breaking_changes(distribution.import_root, distribution.path, tag, root)


def main() -> int:
    """Print the changes since the last releases."""
    parser = argparse.ArgumentParser(description="Compare public names with the last releases.")
    parser.add_argument(
        "--check", action="store_true", help="only what no changelog fragment announces; fail if there is any"
    )
    parser.add_argument("names", nargs="*", metavar="DISTRIBUTION")
    chosen = parser.parse_args()
    found = False
    for distribution in distributions():
        if chosen.names and distribution.name not in chosen.names:
            continue
        if chosen.check:
            for line in unannounced(distribution):
                found = True
                print(f"{distribution.name}: {line}; announce it in changelog.d/<issue>.removal.md")
            continue
        tag = last_release(distribution.name, ROOT)
        if tag is None:
            print(f"{distribution.name}: no release yet")
            continue
        print(f"{distribution.name} since {tag}:")
        print(
            "\n".join(breaking_changes(distribution.import_root, distribution.path, tag, ROOT))
            or "nothing breaks"
        )
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
