"""The search for stalls: after a long run with many threads, one thread must be as fast as before.

A client that loses a wake-up still completes every call, but with a delay from then on. Only the same client shows
this with one thread; so all phases share one client.
"""

from dataclasses import asdict, dataclass
from typing import Any

from hzbench.cases import Contender
from hzbench.fleet import Worker, WorkerError
from hzbench.rounds import Say
from hzbench.task import Outcome, Task

MOST_P99_US = 5_000.0
"""Maximum p99 of calls from 8 or 32 threads, in microseconds."""

MOST_SLOWDOWN = 1.5
"""Maximum ratio of the last to the first median with one thread. A lost wake-up multiplies it by a hundred."""

_ALONE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of blocking gets by several threads of one client; latencies are in microseconds."""

    threads: int
    outcome: Outcome

    def __str__(self) -> str:
        done = self.outcome
        return (
            f"{self.threads:>2} threads {done.elapsed:6.1f} s {done.ops / done.elapsed:>9,.0f} calls/s"
            f"  p50 {done.p50 or 0:,.0f} µs  p99 {done.p99 or 0:,.0f} µs  max {done.worst or 0:,.0f} µs"
        )


def search_stall(contender: Contender, address: str, seconds: float, say: Say) -> dict[str, Any]:
    """Run one thread, 8 threads, 32 threads and one thread again; return the phases and whether there was no stall.

    Raises:
        WorkerError: If a phase failed or hung.
    """
    worker = Worker(contender, "threads", address)
    try:
        worker.ask(Task("get", "blocking", fresh=False), 1.0)
        alone = max(1.0, seconds * _ALONE_SHARE)
        phases = []
        for threads, length in ((1, alone), (8, seconds), (32, seconds), (1, alone)):
            phase = Phase(threads, worker.ask(Task("get", "blocking", threads, fresh=False), length))
            say(f"stall  {contender}  {phase}")
            phases.append(phase)
    finally:
        worker.close()
    found = verdict(phases)
    say(f"stall  {contender}  {found or 'no stall'}")
    return {"phases": [asdict(phase) for phase in phases], "verdict": found}


def verdict(phases: list[Phase]) -> str:
    """Return a description of the stalls in these phases, empty if there are none."""
    wrong = [
        f"p99 of {phase.threads} threads is {phase.outcome.p99:,.0f} µs, more than {MOST_P99_US:,.0f}"
        for phase in phases
        if phase.threads > 1 and (phase.outcome.p99 or 0) > MOST_P99_US
    ]
    before, after = phases[0].outcome.p50, phases[-1].outcome.p50
    if before and after and after > before * MOST_SLOWDOWN:
        wrong.append(f"one thread takes {after:,.0f} µs a call afterwards, and took {before:,.0f} before")
    return "; ".join(wrong)


def search_stalls(
    contenders: list[Contender], address: str, seconds: float, say: Say
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Run ``search_stall`` for each contender; return also a line for each failure."""
    found: dict[str, dict[str, Any]] = {}
    failures: list[str] = []
    for contender in contenders:
        try:
            found[contender] = search_stall(contender, address, seconds, say)
        except WorkerError as error:
            failures.append(f"stall search of {contender}: {error}")
            say(f"stall  {contender}  FAILED")
    return found, failures
