"""Compare this checkout with another one, by ratio in one run, with the noise of the run itself.

Three workers run the same tasks in turn: one of this checkout, one of the other, and a second one of this checkout.
The ratio of the first to the third would be 1 without noise. A case counts as slower, or faster, only if the median of
its ratios is beyond all ratios of this checkout to itself.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from hzbench import machine
from hzbench.cases import Case, Contender, every_case
from hzbench.fleet import Fleet
from hzbench.member import member_at
from hzbench.results import Piece
from hzbench.rounds import piece_of

_ROOT = Path(__file__).resolve().parents[2]
_ORDER: tuple[Contender, ...] = ("ours", "other", "again")
_USUAL = ("get-1-one-core", "set-1-one-core", "get-futures-64", "get-asyncio-64", "get-10-kb-futures-64")
"""The cases without ``--only``: each uses another part of a call."""

_LEAST_ROUNDS = 5
_TOLERANCE = 0.03
"""Differences up to this are not reported, however small the noise seems to be."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The ratios of one case, one for each round: the rates of this checkout to the other's, and to its own."""

    case: str
    ratios: Sequence[float]
    noise: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median ratio; more than 1 if this checkout is faster."""
        return median(self.ratios)

    @property
    def verdict(self) -> str:
        """``slower``, ``faster``, or ``same``: not to be told from noise."""
        least = min(*self.noise, 1 - _TOLERANCE)
        greatest = max(*self.noise, 1 + _TOLERANCE)
        return "slower" if self.ratio < least else "faster" if self.ratio > greatest else "same"

    def line(self) -> str:
        """Return the row of the table."""
        noise = f"{min(self.noise):.2f} to {max(self.noise):.2f}"
        spread = f"{min(self.ratios):.2f} to {max(self.ratios):.2f}"
        return f"| {self.case} | {self.ratio:.2f} | {spread} | {noise} | {self.verdict} |"


def compare(ref: str, only: Sequence[str], rounds: int, seconds: float, member: str | None) -> int:
    """Measure and print the table; return 1 if a case is slower, or failed.

    Args:
        ref: A commit of this repository, or the folder of another checkout.
        only: Parts of the names of the cases; none for the usual ones.
        rounds: The rounds to measure, 5 at least.
        seconds: Seconds for each task.
        member: HOST:PORT of a member that runs already, None to start one.
    """
    wanted = tuple(only) or _USUAL
    cases = [case for case in every_case() if any(part in case.name for part in wanted)]
    cases = [case for case in cases if machine.can_place(case.placement)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hz-against-")))
        other = stack.enter_context(_checkout(ref, folder / "other"))
        ours = sources_of(_ROOT, folder / "compiled-ours")
        places = {"ours": ours, "again": ours, "other": sources_of(other, folder / "compiled-other")}
        sources: dict[Contender, Sequence[Path]] = {one: places[one] for one in _ORDER}
        address = stack.enter_context(member_at(member))
        fleet = stack.enter_context(Fleet(address, sources))
        found, failures = _measure(fleet, address, cases, max(rounds, _LEAST_ROUNDS), seconds)
    print(f"\n| case | to {ref} | spread | to itself | |\n| --- | --: | --: | --: | --- |")
    for comparison in found:
        print(comparison.line())
    print(*failures, sep="\n")
    return 1 if failures or any(comparison.verdict == "slower" for comparison in found) else 0


@contextmanager
def _checkout(ref: str, folder: Path) -> Iterator[Path]:
    """Yield the folder of a checkout: that which ``ref`` names, or a temporary one of that commit."""
    if Path(ref, "packages").is_dir():
        yield Path(ref).resolve()
        return
    git = ["git", "-C", str(_ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(folder), ref], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True)


def sources_of(checkout: Path, compiled: Path) -> list[Path]:
    """Return the folders to import a checkout from; its hz-speedups is compiled into ``compiled``.

    A checkout's own compiled modules may be older than its sources.
    """
    packages = checkout / "packages"
    speedups = packages / "hz-speedups"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(compiled),
            str(speedups),
        ],
        check=True,
    )
    return [compiled, *(path for path in sorted(packages.glob("*/src")) if path.parent != speedups)]


def _measure(
    fleet: Fleet, address: str, cases: Sequence[Case], rounds: int, seconds: float
) -> tuple[list[Comparison], list[str]]:
    pid = machine.listener_pid(address)
    member = psutil.Process(pid)
    pieces: dict[str, list[dict[Contender, Piece]]] = {case.name: [] for case in cases}
    failures: list[str] = []
    for number in range(rounds + 1):
        for index, case in enumerate(cases):
            turn = (number + index) % len(_ORDER)
            done = {
                one: piece_of(fleet, member, case, one, seconds, bool(number))
                for one in _ORDER[turn:] + _ORDER[:turn]
            }
            errors = [f"{case.name}, {one}: {piece.error}" for one, piece in done.items() if piece.error]
            failures += errors
            if number and not errors:  # the first round warms up
                pieces[case.name].append(done)
                rates = ", ".join(f"{one} {done[one].rate(case):,.0f}" for one in _ORDER)
                print(f"round {number}/{rounds}  {case.name}, {case.unit}: {rates}", flush=True)
    return [comparison_of(case, pieces[case.name]) for case in cases if pieces[case.name]], failures


def comparison_of(case: Case, rounds: Sequence[dict[Contender, Piece]]) -> Comparison:
    """Return the ratios of a case within each of its rounds."""
    rates = [{one: piece.rate(case) for one, piece in done.items()} for done in rounds]
    return Comparison(
        case.name,
        [one["ours"] / one["other"] for one in rates],
        [one["ours"] / one["again"] for one in rates],
    )
