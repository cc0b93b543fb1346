"""Import time, connect time, memory and idle load of each client, measured in new processes."""

import json
import subprocess
import time
from dataclasses import dataclass
from statistics import median

import psutil

from hzbench.cases import Contender
from hzbench.fleet import environment, interpreter
from hzbench.machine import TRIES, listener_pid, undisturbed
from hzbench.rounds import Say

_PROBE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ColdGoal:
    """A figure of the probes, and the maximum for ours."""

    figure: str
    title: str
    unit: str
    most: float | None


COLD_GOALS = (
    ColdGoal("import_ms", "import (bare start taken off)", "ms", 60),
    ColdGoal("connect_ms", "connect", "ms", None),
    ColdGoal("rss_mb", "resident memory, connected", "MB", 28),
    ColdGoal("idle_cpu_percent", "CPU while idle", "%", 0.1),
    ColdGoal("switches_per_second", "context switches while idle", "/s", 15),
)


def measure_cold(
    contenders: list[Contender], address: str, quick: bool, say: Say
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Return the figures by contender and surface, and a line for each failed probe."""
    figures: dict[str, dict[str, float]] = {}
    failures: list[str] = []
    for contender in contenders:
        for surface, module in (("threads", "hazelcast"), ("asyncio", "hazelcast.asyncio")):
            name = f"{contender} {surface}"
            try:
                found = _figures(contender, surface, module, address, quick)
            except RuntimeError as error:
                failures.append(f"cold figures of {name}: {error}")
                say(f"cold  {name} FAILED")
                continue
            figures[name] = found
            say(f"cold  {name}: " + ", ".join(f"{key} {value:.2f}" for key, value in sorted(found.items())))
    return figures, failures


def _figures(contender: Contender, surface: str, module: str, address: str, quick: bool) -> dict[str, float]:
    member = psutil.Process(listener_pid(address))
    tries = 1 if quick else TRIES
    idle, connects, imports = (2, 3, 3) if quick else (10, 21, 15)
    probed = undisturbed(lambda: _probe(contender, surface, address, idle, connects), [member], tries)
    loaded = undisturbed(lambda: _import_ms(contender, module, imports), [member], tries)
    others = max(probed.other_cores, loaded.other_cores)
    return {**probed.result, "import_ms": loaded.result, "other_cores": others}


def _import_ms(contender: Contender, module: str, times: int) -> float:
    """Return the additional start time of an interpreter that imports ``module``; pairs are started in turn."""
    _started(contender, f"import {module}")  # writes the bytecode if necessary
    pairs = [(_started(contender, "pass"), _started(contender, f"import {module}")) for _ in range(times)]
    return median(loaded - bare for bare, loaded in pairs) * 1_000


def _started(contender: Contender, code: str) -> float:
    start = time.perf_counter()
    _run(contender, ["-c", code])
    return time.perf_counter() - start


def _probe(contender: Contender, surface: str, address: str, idle: float, connects: int) -> dict[str, float]:
    arguments = ["-m", "hzbench.probe", surface, address, str(idle), str(connects)]
    found: dict[str, float] = json.loads(_run(contender, arguments))
    return found


def _run(contender: Contender, arguments: list[str]) -> str:
    try:
        done = subprocess.run(
            [interpreter(contender), *arguments],
            env=environment(contender),
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{' '.join(arguments)} did not end within {_PROBE_SECONDS:.0f} s") from error
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(arguments)} ended with status {done.returncode}: {done.stderr[-1500:]}"
        )
    return done.stdout
