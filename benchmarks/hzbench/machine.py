"""The machine: who runs on which core, what else ran meanwhile, and the facts that belong to every figure."""

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
"""Cores in use by others from which on a measurement is done again."""

TRIES = 4

_CORES = sorted(psutil.Process().cpu_affinity()) if hasattr(os, "sched_setaffinity") else []


def can_place(placement: Placement) -> bool:
    """Whether this machine can hold processes to their cores like that."""
    return len(_CORES) >= {"one core": 1, "different cores": 2, "unpinned": 0}[placement]


def place(placement: Placement, member_pid: int, worker_pid: int) -> None:
    """Hold every thread of the member and of the worker to its cores; threads they start later inherit them.

    Waking a thread on another core costs many times what it costs on the same core, so figures are compared
    only within one placement.
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
    """The process that listens on `address` (host:port) of this machine."""
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
    """What a measurement gave, the cores that others used meanwhile, and how many tries it took."""

    result: T
    other_cores: float
    tries: int


def undisturbed(measure: Callable[[], T], own: list[psutil.Process], tries: int) -> Attempt[T]:
    """Measure until others leave the machine alone; after `tries`, the least disturbed attempt.

    What the measurement gave plays no part in the choice. CPU of `own`, of this process and of the children that
    end meanwhile is not a disturbance.
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
        raise ValueError(f"Nothing can be measured in {tries} tries.")
    return least


def _used(own: list[psutil.Process]) -> float:
    this = os.times()
    ended = this.user + this.system + this.children_user + this.children_system
    return ended + sum(cpu_seconds(process) for process in own)


def cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds that a process has used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _busy() -> float:
    """CPU seconds of everybody; stolen time counts, for then another machine had the core."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + getattr(times, "steal", 0.0))


def facts() -> dict[str, str]:
    """What a reader must know about the machine to judge the figures."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": f"{_cpu_model()}, {psutil.cpu_count()} logical cores, {len(_CORES) or 'unknown'} usable",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": _python(),
    }


def _python() -> str:
    """The interpreter, and whether it was built with optimizations, which tells in every figure."""
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
