"""The process and its computer: the clock of the day, and the gauges of client statistics, read with psutil."""

import os
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from hz_core.log import get_logger

_logger = get_logger("statistics")

_NANOSECONDS: Final = 1_000_000_000


class Process:
    """What is known of this process; see :class:`hz_core.io.Machine`.

    Without psutil (the extra ``stats``) there are no gauges. A gauge that the system does not offer is left out.
    """

    def __init__(self) -> None:
        self._psutil: Any = None
        try:
            self._psutil = import_module("psutil")
        except ImportError:
            _logger.info(
                "psutil is not installed: statistics are sent without those of the runtime and the operating system;"
                " install the extra 'stats'"
            )

    def wall_time(self) -> float:
        """Return the time in seconds since the epoch."""
        return time.time()

    def gauges(self) -> Mapping[str, int | float]:
        """Return the gauges of the runtime and the operating system; none without psutil."""
        if self._psutil is None:
            return {}
        found: dict[str, int | float] = {}
        for name, read in _gauges(self._psutil):
            try:
                found[name] = read()
            except Exception as e:  # the system does not offer it, or not to this user
                _logger.debug("no statistics for %s: %s: %s", name, type(e).__name__, e)
        return found


def _gauges(psutil: Any) -> list[tuple[str, Callable[[], int | float]]]:
    process = psutil.Process()
    memory, swap, own = psutil.virtual_memory(), psutil.swap_memory(), process.memory_info()

    def cpu_time() -> int:
        times = process.cpu_times()
        return int((times.user + times.system) * _NANOSECONDS)

    def open_files() -> int:
        count: int = process.num_handles() if os.name == "nt" else process.num_fds()
        return count

    return [
        ("os.committedVirtualMemorySize", lambda: own.vms),
        ("os.freePhysicalMemorySize", lambda: memory.free),
        ("os.freeSwapSpaceSize", lambda: swap.free),
        ("os.maxFileDescriptorCount", lambda: process.rlimit(psutil.RLIMIT_NOFILE)[0]),
        ("os.openFileDescriptorCount", open_files),
        ("os.processCpuTime", cpu_time),
        ("os.systemLoadAverage", lambda: float(os.getloadavg()[0])),
        ("os.totalPhysicalMemorySize", lambda: memory.total),
        ("os.totalSwapSpaceSize", lambda: swap.total),
        ("runtime.availableProcessors", lambda: psutil.cpu_count()),
        # As of a JVM: what is used and free make up the total, which may grow up to the maximum.
        ("runtime.freeMemory", lambda: memory.available),
        ("runtime.maxMemory", lambda: memory.total),
        ("runtime.totalMemory", lambda: own.rss + memory.available),
        ("runtime.uptime", lambda: int((time.time() - process.create_time()) * 1000)),
        ("runtime.usedMemory", lambda: own.rss),
    ]
