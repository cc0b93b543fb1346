"""The results, and their storage in ``results.json``."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from hzbench.cases import Case


@dataclass(frozen=True, slots=True)
class Piece:
    """The result of one contender for one case in one round. A failure has a text in ``error`` and no figures."""

    ops: int = 0
    elapsed: float = 0.0
    cpu: float = 0.0
    p50: float | None = None
    p99: float | None = None
    worst: float | None = None
    member_cpu: float = 0.0
    other_cores: float = 0.0
    tries: int = 1
    error: str = ""

    def rate(self, case: Case) -> float:
        """Return the units of the case per second."""
        return self.ops * case.scale / self.elapsed


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, minimum and maximum of several rounds."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread | None":
        """Return the spread of ``values``, or None if there are none."""
        return cls(median(values), min(values), max(values)) if values else None


Round = dict[str, Piece]
"""The results of one case in one round, by contender."""


@dataclass(slots=True)
class Results:
    """All results of one run."""

    facts: dict[str, str]
    rounds: int
    seconds: float
    cases: dict[str, list[Round]] = field(default_factory=dict)
    cold: dict[str, dict[str, float]] = field(default_factory=dict)
    stall: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def rates(self, case: Case, contender: str) -> Spread | None:
        """Return the rate of a contender in a case."""
        return self._over(case.name, contender, lambda piece: piece.rate(case))

    def latency(self, case: Case, contender: str, part: str) -> Spread | None:
        """Return the microseconds per call; ``part`` is p50, p99 or worst."""
        rounds = self.cases.get(case.name, [])
        pieces = [piece for each in rounds if (piece := each.get(contender)) is not None]
        return Spread.of([value for piece in pieces if (value := getattr(piece, part)) is not None])

    def cpu_per_100k(self, case: Case, contender: str) -> Spread | None:
        """Return the CPU seconds of the client's process for 100,000 calls."""
        return self._over(case.name, contender, lambda piece: piece.cpu / piece.ops * 100_000)

    def ratio(self, case: Case, against: str, every: dict[str, Case]) -> Spread | None:
        """Return the ratio of ours, within each round, to a contender or to ours in another case."""
        other = every.get(against, case)
        contender = "ours" if against in every else against
        values = []
        for mine, theirs in zip(self.cases.get(case.name, []), self.cases.get(other.name, []), strict=False):
            ours, them = mine.get("ours"), theirs.get(contender)
            if ours is not None and them is not None and not ours.error and not them.error:
                values.append(ours.rate(case) / them.rate(other))
        return Spread.of(values)

    def failed_pieces(self) -> list[str]:
        """Return a line for each failure."""
        return [
            f"{name}, round {number}: {piece.error}"
            for name, rounds in self.cases.items()
            for number, each in enumerate(rounds, 1)
            for piece in each.values()
            if piece.error
        ]

    def save(self, path: Path) -> None:
        """Write the results as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read the results that ``save`` wrote."""
        fields = json.loads(path.read_text())
        fields["cases"] = {
            name: [{contender: Piece(**piece) for contender, piece in each.items()} for each in rounds]
            for name, rounds in fields["cases"].items()
        }
        return cls(**fields)

    def _over(self, name: str, contender: str, figure: Callable[[Piece], float]) -> Spread | None:
        pieces = [each[contender] for each in self.cases.get(name, []) if contender in each]
        return Spread.of([figure(piece) for piece in pieces if not piece.error])
