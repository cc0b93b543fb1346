"""Runs SQLAlchemy's suite for dialects: ``python sqlalchemy_run.py [--aio] [--unmet] [arguments of pytest]``.

In a process of its own, because it is a plugin that changes pytest. By hand it is the whole suite, on a member that is
started for it; ``--unmet`` runs the tests that are left out, which should fail.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hz_embedded import Cluster

FOLDER = Path(__file__).with_name("sqlalchemy_suite")


def run_suite(
    address: str, file: str, *, driver: str = "db", unmet: bool = False, arguments: Sequence[str] = ()
) -> tuple[int, str]:
    """Run the classes of a file on a member; return the exit code and what pytest says."""
    command = [sys.executable, "-m", "pytest", "-c", "suite.ini", file]
    environment = {"PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1", "HZ_SUITE_UNMET": "1" * unmet}
    done = subprocess.run(
        [*command, "--dburi", f"hazelcast+{driver}://{address}", *arguments],
        cwd=FOLDER,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=3600,
    )
    return done.returncode, done.stdout


def _main(arguments: list[str]) -> int:
    given = [argument for argument in arguments if argument not in ("--aio", "--unmet")]
    with Cluster(sql=True) as cluster:
        code, output = run_suite(
            cluster.addresses[0],
            "whole.py",
            driver="aio" if "--aio" in arguments else "db",
            unmet="--unmet" in arguments,
            arguments=["--tb=short", *given],
        )
    print(output)
    return code


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
