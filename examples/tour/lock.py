"""Leader election between three processes: who holds a lock leads; when it is killed, another one follows."""

import subprocess
import sys
from collections.abc import Iterable
from queue import Empty, Queue
from threading import Thread

from hazelcast import HazelcastClient
from hz_cp.recipes import Term, lead
from hz_embedded import Cluster
from tour import DemoError
from tour.screen import heading, remark, stopwatch, table

VERSION = "5.4.0"
"""The newest release whose open-source members have the CP Subsystem."""

SESSION = {"session-time-to-live-seconds": 5, "session-heartbeat-interval-seconds": 1}
"""So soon the lock of a killed process is free again; five minutes are usual."""

CANDIDATES = ("Ada", "Bob", "Cid")
PATIENCE = 30.0


def candidate(address: str, name: str) -> None:
    """Wait for the lead, say so, and keep it until this process is killed. Runs in a process of its own."""
    with HazelcastClient(cluster_members=[address]) as client:
        lock = client.cp_subsystem.get_lock("leader").blocking()

        def work(term: Term) -> None:
            print(name, term.fence, flush=True)
            sys.stdin.read()

        lead(lock, work)


def run() -> None:
    """Start a member and three candidates, and kill two leaders.

    Raises:
        DemoError: Nobody leads, or a fence is not greater than the one before.
    """
    heading("A member with the CP Subsystem, and three candidates")
    told: Queue[str] = Queue()
    with Cluster(members=1, version=VERSION, config={"cp-subsystem": SESSION}) as cluster:
        (address,) = cluster.addresses
        processes = {name: _start(address, name, told) for name in CANDIDATES}
        terms: list[tuple[str, int, str]] = []
        try:
            for number in range(len(CANDIDATES)):
                with stopwatch() as watch:
                    name, fence = _next_leader(told)
                terms.append((name, fence, f"{watch.seconds:.1f} s"))
                remark(f"{name} leads, with fence {fence}.")
                if number < len(CANDIDATES) - 1:
                    processes[name].kill()
                    remark(f"The process of {name} is killed; its lock is free when its session ends.")
        finally:
            for process in processes.values():
                process.kill()
                process.communicate()
    table("Leaders", ("leader", ">fence", ">after"), terms)
    fences = [fence for _, fence, _ in terms]
    if fences != sorted(set(fences)):
        raise DemoError(f"the fences {fences} do not grow")


def _start(address: str, name: str, told: Queue[str]) -> "subprocess.Popen[str]":
    """Start a candidate; what it says goes to ``told``."""
    process = subprocess.Popen(
        [sys.executable, sys.argv[0], "candidate", address, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    Thread(target=_listen, args=(process.stdout, told), daemon=True).start()
    return process


def _listen(output: Iterable[str], told: Queue[str]) -> None:
    for line in output:
        told.put(line)


def _next_leader(told: Queue[str]) -> tuple[str, int]:
    try:
        name, fence = told.get(timeout=PATIENCE).split()
    except Empty:
        raise DemoError(f"nobody leads after {PATIENCE:g} s") from None
    return name, int(fence)
