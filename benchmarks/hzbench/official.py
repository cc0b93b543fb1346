"""The environment of the official client, which is separate because of the same import name ``hazelcast``."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs

VERSION = "5.7.0"
_PIN = f"hazelcast-python-client=={VERSION}"


def python() -> Path:
    """Return the interpreter of an environment with the official client, which is created on the first call.

    Raises:
        RuntimeError: If the environment cannot be created, with the output of the failed command.
    """
    tag = f"official-{VERSION}-python-{platform.python_version()}"
    home = platformdirs.user_cache_path("hz-client-benchmarks", appauthor=False) / tag
    interpreter = home / "bin" / "python"
    complete = home / ".complete"
    if not complete.exists():
        print(f"Creating an environment with {_PIN} in {home}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)])
        _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _PIN])
        complete.touch()
    return interpreter


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(
            f"The official client's environment could not be created: {' '.join(command)} ended with status "
            f"{done.returncode}. It needs the venv module and a package index; otherwise use "
            "--contenders ours,floor.\n"
            f"{done.stdout}"
        )
