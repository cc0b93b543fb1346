"""The rounds: all contenders run the same tasks in turn, in a different order in each round."""

from collections.abc import Callable
from dataclasses import asdict

import psutil

from hzbench.cases import Case, Contender
from hzbench.fleet import Fleet, Worker, WorkerError
from hzbench.machine import DISTURBED, TRIES, cpu_seconds, place, undisturbed
from hzbench.results import Piece, Results
from hzbench.task import Outcome

_WARM_UP_SECONDS = 1.0

Say = Callable[[str], None]


def run_rounds(
    fleet: Fleet, member_pid: int, cases: list[Case], contenders: list[Contender], results: Results, say: Say
) -> None:
    """Warm up every worker with every case, then measure the rounds and add them to ``results``."""
    member = psutil.Process(member_pid)
    for case in cases:
        results.cases[case.name] = []
    for number in range(results.rounds + 1):
        for index, case in enumerate(cases):
            order = _rotated([one for one in case.contenders if one in contenders], number + index)
            seconds = results.seconds if number else min(_WARM_UP_SECONDS, results.seconds)
            pieces = {one: piece_of(fleet, member, case, one, seconds, bool(number)) for one in order}
            if number:
                results.cases[case.name].append({one: pieces[one] for one in contenders if one in pieces})
            say(_line(number, results.rounds, case, pieces))


def _rotated(contenders: list[Contender], start: int) -> list[Contender]:
    first = start % len(contenders) if contenders else 0
    return contenders[first:] + contenders[:first]


def piece_of(
    fleet: Fleet, member: psutil.Process, case: Case, one: Contender, seconds: float, repeat: bool
) -> Piece:
    """Measure one task; repeat it if other processes use the machine, regardless of its result."""
    try:
        worker = fleet.worker(one, case.task)
        place(case.placement, member.pid, worker.process.pid)
        attempt = undisturbed(
            lambda: _member_too(worker, member, case, seconds),
            [member, worker.process],
            TRIES if repeat else 1,
        )
    except WorkerError as error:
        return Piece(error=str(error))
    outcome, member_cpu = attempt.result
    return Piece(
        **asdict(outcome), member_cpu=member_cpu, other_cores=attempt.other_cores, tries=attempt.tries
    )


def _member_too(worker: Worker, member: psutil.Process, case: Case, seconds: float) -> tuple[Outcome, float]:
    """Return the outcome, and the CPU seconds of the member."""
    before = cpu_seconds(member)
    return worker.ask(case.task, seconds), cpu_seconds(member) - before


def _line(number: int, rounds: int, case: Case, pieces: dict[Contender, Piece]) -> str:
    head = f"round {number}/{rounds}" if number else "warm-up"
    figures = []
    for one, piece in sorted(pieces.items()):
        if piece.error:
            figures.append(f"{one} FAILED: {piece.error.strip().splitlines()[-1]}")
            continue
        note = f" (others {piece.other_cores:.2f} cores)" if piece.other_cores > DISTURBED else ""
        figures.append(f"{one} {piece.rate(case):,.0f}{note}")
    return f"{head}  {case.title} [{case.placement}], {case.unit}: " + ", ".join(figures)
