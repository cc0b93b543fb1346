"""The comparison of two checkouts tells a difference from noise."""

import sys
from pathlib import Path

import pytest

from repository import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

from hzbench.against import Comparison, comparison_of, sources_of
from hzbench.cases import Contender, every_case
from hzbench.results import Piece


@pytest.mark.parametrize(
    ("ratios", "noise", "verdict"),
    [
        ([0.80, 0.82, 0.85], [0.97, 1.00, 1.02], "slower"),
        ([1.30, 1.25, 1.40], [0.97, 1.00, 1.10], "faster"),
        ([0.90, 0.92, 0.95], [0.88, 1.00, 1.02], "same"),  # the checkout differs as much from itself
        ([0.98, 0.98, 0.99], [0.999, 1.0, 1.001], "same"),  # a difference that nobody needs to look at
        ([1.02, 1.02, 1.03], [0.999, 1.0, 1.001], "same"),
    ],
)
def test_only_a_difference_beyond_all_noise_counts(
    ratios: list[float], noise: list[float], verdict: str
) -> None:
    comparison = Comparison("get", ratios, noise)
    assert comparison.verdict == verdict
    assert verdict in comparison.line()
    assert f"{noise[0]:.2f} to {noise[-1]:.2f}" in comparison.line()


def test_ratios_are_taken_within_a_round() -> None:
    case = next(iter(every_case()))
    speeds: list[dict[Contender, int]] = [
        {"ours": 100, "other": 50, "again": 80},
        {"ours": 10, "other": 4, "again": 20},
    ]
    rounds = [{one: Piece(ops=ops, elapsed=1.0) for one, ops in done.items()} for done in speeds]
    comparison = comparison_of(case, rounds)
    assert comparison.ratios == [2.0, 2.5]
    assert comparison.noise == [1.25, 0.5]
    assert comparison.ratio == 2.25


def test_the_compiled_modules_of_a_checkout_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr("subprocess.run", lambda command, check: commands.append(command))
    compiled = tmp_path / "compiled"
    first, *others = sources_of(ROOT, compiled)
    assert first == compiled
    assert ROOT / "packages" / "hz-core" / "src" in others
    assert ROOT / "packages" / "hz-speedups" / "src" not in others
    assert commands[0][-1] == str(ROOT / "packages" / "hz-speedups")
