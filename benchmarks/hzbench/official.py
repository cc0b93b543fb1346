"""The environment of the official client, which owns the import name `hazelcast`, so needs one of its own."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

VERSION = "5.7.0"
_PIN = f"hazelcast-python-client=={VERSION}"


def python() -> Path:
    """The interpreter of an environment that holds the official client, made on the first call.

    Raises:
        RuntimeError: if the environment cannot be made, with the output of the command that failed.
    """
    tag = f"official-{VERSION}-python-{platform.python_version()}"
    home = platformdirs.user_cache_path("hz-client-benchmarks", appauthor=False) / tag
    interpreter = home / "bin" / "python"
    complete = home / ".complete"
    if not complete.exists():
        print(f"Making an environment with {_PIN} in {home}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)])
        _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _PIN])
        complete.touch()
    return interpreter


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"The official client's environment could not be made: {' '.join(command)} ended with status "
            f"{done.returncode}. It needs the venv module and a package index; else give "
            "--contenders ours,floor.\n"
            f"{done.stdout}"
        )
