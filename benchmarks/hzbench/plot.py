"""The plot of the ratios to the official client."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from hzbench.cases import Case, every_case
from hzbench.results import Results

_OURS, _FLOOR, _GOAL, _OFFICIAL = "#1f5fa8", "#9a9a9a", "#c0392b", "#444444"


def draw(results: Results, path: Path) -> None:
    """Write the plot as an SVG file, which is the same for the same results."""
    cases = [case for case in every_case() if results.rates(case, "official") is not None]
    mpl.rcParams["svg.hashsalt"] = "hzbench"
    mpl.rcParams["svg.fonttype"] = "none"
    figure = Figure(figsize=(10, 1.6 + 0.27 * len(cases)), layout="constrained")
    axes = figure.add_subplot()
    axes.axvline(1, color=_OFFICIAL, linewidth=1)
    for row, case in enumerate(cases):
        _draw_case(axes, row, case, results)
    axes.set_yticks(range(len(cases)), [f"{case.title} ({case.placement})" for case in cases], fontsize=8)
    axes.set_ylim(len(cases) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _position: f"{value:g}")
    axes.set_xlabel("times as fast as the official client", fontsize=9)
    axes.grid(axis="x", which="both", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.plot([], [], "o", color=_OURS, label="ours (bar: minimum to maximum of the rounds)")
    axes.plot([], [], "D", color=_FLOOR, label="bare socket")
    axes.plot([], [], "|", color=_GOAL, markersize=12, markeredgewidth=2, label="goal for ours")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_case(axes: "mpl.axes.Axes", row: int, case: Case, results: Results) -> None:
    official = results.rates(case, "official")
    floor = results.rates(case, "floor")
    if official is not None and floor is not None:
        axes.plot(floor.median / official.median, row, "D", color=_FLOOR, markersize=5)
    for goal in case.goals:
        if goal.against == "official":
            axes.plot(goal.least, row, "|", color=_GOAL, markersize=12, markeredgewidth=2)
    ours = results.ratio(case, "official", {})
    if ours is not None:
        axes.plot([ours.least, ours.greatest], [row, row], color=_OURS, linewidth=2, alpha=0.6)
        axes.plot(ours.median, row, "o", color=_OURS, markersize=6)
