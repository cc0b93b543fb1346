"""Check with deptry that each distribution declares what it imports, and imports what it declares.

`python tools/check_declared.py` prints what deptry finds and exits with 1 if it finds anything.
"""

import subprocess
import sys

from repository import ROOT, distributions

EXTRAS = (
    "attrs",
    "dnspython",
    "flask",
    "hz-cli",
    "hz-embedded",
    "hz-frameworks",
    "hz-speedups",
    "msgspec",
    "opentelemetry-api",
    "pandas",
    "polars",
    "psutil",
    "pyarrow",
    "pydantic",
    "pyspnego",
    "pyyaml",
    "sqlalchemy",
)
"""What users choose among: named by an extra, and imported only where it is installed."""


def main() -> int:
    """Check all distributions."""
    failed = False
    for distribution in distributions():
        folder = distribution.path.relative_to(ROOT)
        command = [sys.executable, "-m", "deptry", f"{folder}/src", "--config", f"{folder}/pyproject.toml"]
        done = subprocess.run(
            [*command, "--per-rule-ignores", f"DEP002={'|'.join(EXTRAS)}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            failed = True
            print(f"{distribution.name}:\n{done.stdout}{done.stderr}")
    print("dependencies: declared where they are imported" if not failed else "dependencies: see above")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
