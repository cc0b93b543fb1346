"""The worker processes: one for each contender and surface, started on first use."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from hzbench import official
from hzbench.cases import Contender
from hzbench.task import Outcome, Task

_HERE = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_GRACE_SECONDS = 150.0


class WorkerError(Exception):
    """A contender could not run a task."""


def interpreter(contender: Contender) -> str:
    """Return the Python interpreter with the client of a contender."""
    return str(official.python()) if contender == "official" else sys.executable


def environment(contender: Contender, sources: Sequence[Path] = ()) -> dict[str, str]:
    """Return environment variables to import ``hzbench``, and for ours also this project's packages.

    Args:
        contender: Who is started.
        sources: Folders to import the packages from; none for those that are installed.
    """
    paths = [str(_HERE), *map(str, sources)]
    if contender != "official" and (inherited := os.environ.get("PYTHONPATH")):
        paths.append(inherited)
    # Without bytecode on disk every import would compile its modules, unlike for users.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


class Worker:
    """A contender's process, which is connected and runs tasks."""

    def __init__(self, contender: Contender, module: str, address: str, sources: Sequence[Path] = ()) -> None:
        self.name = f"{contender} ({module})"
        # Not a pipe, which would not be read while the worker runs; closed in close().
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [interpreter(contender), "-m", f"hzbench.{module}", contender, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(contender, sources),
            text=True,
        )
        self.process = psutil.Process(self._process.pid)
        try:
            self.version = str(self._read(_START_SECONDS)["version"])
        except WorkerError:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the process can run tasks."""
        return self._process.poll() is None

    def ask(self, task: Task, seconds: float) -> Outcome:
        """Run ``task`` for ``seconds``; raises WorkerError if it fails, hangs or ends the worker."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"task": task.as_json(), "seconds": seconds}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerError(f"{self.name} has ended: {self._last_words()}") from error
        return Outcome(**self._read(seconds + _GRACE_SECONDS))

    def close(self) -> None:
        """Close the connection, and kill the process if it does not end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()

    def _read(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        hung = threading.Timer(seconds, self._process.kill)
        hung.start()
        try:
            line = self._process.stdout.readline()
        finally:
            hung.cancel()
        if not line:
            self._process.wait()
            raise WorkerError(
                f"{self.name} ended, or gave no answer in {seconds:.0f} s: {self._last_words()}"
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.name} failed: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-2000:].strip() or "it wrote nothing to standard error"


class Fleet:
    """The workers of one run.

    Args:
        address: HOST:PORT of the member.
        sources: Where a contender is imported from, if not from what is installed.
    """

    def __init__(self, address: str, sources: Mapping[Contender, Sequence[Path]] | None = None) -> None:
        self._address = address
        self._sources = sources or {}
        self._workers: dict[tuple[Contender, str], Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers.values():
            worker.close()

    def worker(self, contender: Contender, task: Task) -> Worker:
        """Return the worker for a contender and the surface of a task."""
        module = "floor" if contender == "floor" else "coroutines" if task.surface == "asyncio" else "threads"
        known = self._workers.get((contender, module))
        if known is not None and known.alive:
            return known
        if known is not None:
            known.close()
        started = self._workers[contender, module] = Worker(
            contender, module, self._address, self._sources.get(contender, ())
        )
        return started

    def versions(self) -> dict[str, str]:
        """Return the versions that the workers reported, by contender."""
        return {contender: worker.version for (contender, _), worker in self._workers.items()}
