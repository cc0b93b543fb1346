"""The machine: placement of processes on cores, load of other processes, and the description of the system."""

import os
import platform
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import psutil

from hzbench.cases import Placement

T = TypeVar("T")

DISTURBED = 0.2
"""Number of cores in use by other processes above which a measurement is repeated."""

TRIES = 4

_CORES = sorted(psutil.Process().cpu_affinity()) if hasattr(os, "sched_setaffinity") else []


def can_place(placement: Placement) -> bool:
    """Return whether processes can be pinned like that on this machine."""
    return len(_CORES) >= {"one core": 1, "different cores": 2, "unpinned": 0}[placement]


def place(placement: Placement, member_pid: int, worker_pid: int) -> None:
    """Pin all threads of the member and of the worker to their cores; threads that they start inherit this.

    Waking up a thread on another core is much more expensive than on the same core, so figures are compared only
    within one placement.
    """
    if not _CORES:
        return
    member, worker = {
        "one core": (_CORES[:1], _CORES[:1]),
        "different cores": (_CORES[:1], _CORES[1:2]),
        "unpinned": (_CORES, _CORES),
    }[placement]
    _pin(member_pid, member)
    _pin(worker_pid, worker)


def _pin(pid: int, cores: list[int]) -> None:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            os.sched_setaffinity(int(thread.name), cores)
        except ProcessLookupError:
            continue  # the thread has ended since it was listed


def listener_pid(address: str) -> int:
    """Return the process that listens on ``address`` (host:port) of this machine."""
    port = int(address.rpartition(":")[2])
    for connection in psutil.net_connections("tcp"):
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
            continue
        if connection.laddr.port == port:
            return connection.pid
    raise RuntimeError(
        f"No process of this user listens on port {port}, so the member can neither be pinned nor measured. "
        "Start the benchmark on the member's machine and as its user."
    )


@dataclass(frozen=True, slots=True)
class Attempt(Generic[T]):
    """The result of a measurement, the cores that other processes used meanwhile, and the number of attempts."""

    result: T
    other_cores: float
    tries: int


def undisturbed(measure: Callable[[], T], own: list[psutil.Process], tries: int) -> Attempt[T]:
    """Measure until other processes do not disturb; return the least disturbed of ``tries`` attempts at most.

    The choice does not depend on the results. CPU time of ``own``, of this process and of its children that end
    meanwhile is not a disturbance.
    """
    least: Attempt[T] | None = None
    for number in range(1, tries + 1):
        start, busy, mine = time.perf_counter(), _busy(), _used(own)
        result = measure()
        others = _busy() - busy - (_used(own) - mine)
        attempt = Attempt(result, max(0.0, others / (time.perf_counter() - start)), number)
        if attempt.other_cores <= DISTURBED:
            return attempt
        if least is None or attempt.other_cores < least.other_cores:
            least = attempt
    if least is None:
        raise ValueError(f"The number of attempts must be at least 1, not {tries}.")
    return least


def _used(own: list[psutil.Process]) -> float:
    this = os.times()
    ended = this.user + this.system + this.children_user + this.children_system
    return ended + sum(cpu_seconds(process) for process in own)


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU seconds of a process."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy() -> float:
    """Return the CPU seconds of all processes, including stolen time, when another machine used the core."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + getattr(times, "steal", 0.0))


def facts() -> dict[str, str]:
    """Return the description of the machine for the report."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": f"{_cpu_model()}, {psutil.cpu_count()} logical cores, {len(_CORES) or 'unknown'} usable",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": _python(),
    }


def _python() -> str:
    """Return the description of the interpreter, and whether it is an optimized build, which affects all figures."""
    flags = sysconfig.get_config_var("CONFIG_ARGS") or ""
    build = "optimized build" if "--enable-optimizations" in flags else "build without --enable-optimizations"
    return f"{platform.python_implementation()} {platform.python_version()}, {build}"


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
