"""The report in Markdown, which depends on the results only."""

from collections.abc import Iterable, Iterator

from hzbench.cases import Case, Goal, every_case
from hzbench.cold import COLD_GOALS
from hzbench.results import Results, Spread
from hzbench.stalls import MOST_P99_US, MOST_SLOWDOWN

_NONE = "-"

_METHOD = """\
One member, one run. Each contender is a separate process that stays connected; the contenders run tasks in turn,
in a different order in each round. Figures are medians over the rounds; a ratio is computed within each round, and
the table has its median, minimum and maximum. A task during which other processes used more than 0.2 cores is
repeated, up to three times, regardless of its result. *One core*: client and member share one core, which shows the
cost of the software. *Different cores*: each has its own core. *Unpinned*: the system decides. The floor is a bare
socket in Python, with requests that are encoded before, and replies that are counted but not decoded. Keys are
strings of 10 characters, values strings of 100, unless the row has another size. Blocking calls and futures use a
new client for each task, which is warmed up first, because a stall lasts until the official client is closed; a
stall that begins during a task is part of its figure."""


def markdown(results: Results) -> str:
    """Return the whole report."""
    parts = [
        "# Benchmark results",
        _facts(results),
        _METHOD,
        "![How many times as fast as the official client](results.svg)",
        "## Throughput\n\n" + _throughput(results),
        "## CPU seconds of the client per 100,000 calls\n\n" + _cpu(results),
        "## Latency in microseconds\n\nMedian of the rounds; max is the worst of all rounds.\n\n"
        + _latency(results),
    ]
    if results.cold:
        parts.append("## Before the first call, and idle\n\n" + _cold(results))
    if results.stall:
        parts.append("## Stalls\n\n" + _stalls(results))
    if results.failures:
        parts.append("## Failures\n\n" + "\n".join(f"```\n{line}\n```" for line in results.failures))
    return "\n\n".join(parts) + "\n"


def verdict(goal: Goal, case: Case, results: Results) -> str:
    """Return whether ours reached a goal of a case, with the ratio."""
    ratio = results.ratio(case, goal.against, {one.name: one for one in every_case()})
    if ratio is None:
        return "not measured"
    return f"{'yes' if ratio.median >= goal.least else '**no**'} ({number(ratio.median)})"


def number(value: float) -> str:
    """Return a number with three significant digits; numbers from 100 on as integers with separators."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _facts(results: Results) -> str:
    lines = [f"- {name}: {value}" for name, value in results.facts.items()]
    lines.append(f"- rounds: {results.rounds}, {results.seconds:g} s per task")
    return "\n".join(lines)


def _throughput(results: Results) -> str:
    head = [
        "work",
        "placement",
        "unit",
        "ours",
        "official",
        "floor",
        "ours / official",
        "ours / floor",
        "goal",
        "reached",
    ]
    return _table(head, (_throughput_row(case, results) for case in _measured(results)), text_columns=3)


def _throughput_row(case: Case, results: Results) -> list[str]:
    rates = [results.rates(case, contender) for contender in ("ours", "official", "floor")]
    ratios = [results.ratio(case, against, {}) for against in ("official", "floor")]
    return [
        case.title,
        case.placement,
        case.unit,
        *(number(rate.median) if rate else _NONE for rate in rates),
        *(_ratio(ratio) for ratio in ratios),
        "; ".join(str(goal) for goal in case.goals) or _NONE,
        "; ".join(verdict(goal, case, results) for goal in case.goals) or _NONE,
    ]


def _ratio(ratio: Spread | None) -> str:
    if ratio is None:
        return _NONE
    return f"{number(ratio.median)} [{number(ratio.least)} to {number(ratio.greatest)}]"


def _cpu(results: Results) -> str:
    rows = []
    for case in _measured(results):
        if case.unit != "calls/s":
            continue
        figures = [results.cpu_per_100k(case, contender) for contender in ("ours", "official", "floor")]
        rows.append([case.title, case.placement, *(number(one.median) if one else _NONE for one in figures)])
    return _table(["work", "placement", "ours", "official", "floor"], rows, text_columns=2)


def _latency(results: Results) -> str:
    rows = []
    for case in _measured(results):
        for contender in case.contenders:
            p50, p99, worst = (results.latency(case, contender, part) for part in ("p50", "p99", "worst"))
            if p50 and p99 and worst:
                figures = [number(p50.median), number(p99.median), number(worst.greatest)]
                rows.append([case.title, case.placement, contender, *figures])
    return _table(["work", "placement", "contender", "p50", "p99", "max"], rows, text_columns=3)


def _cold(results: Results) -> str:
    names = list(results.cold)
    rows = []
    for goal in COLD_GOALS:
        mine = [found[goal.figure] for name, found in results.cold.items() if name.startswith("ours")]
        reached = _NONE
        if goal.most is not None and mine:
            reached = "yes" if max(mine) <= goal.most else "**no**"
        figures = [number(results.cold[name][goal.figure]) for name in names]
        limit = f"≤ {goal.most:g} {goal.unit}" if goal.most is not None else _NONE
        rows.append([goal.title, goal.unit, *figures, limit, reached])
    return _table(["figure", "unit", *names, "goal", "reached"], rows, text_columns=2)


def _stalls(results: Results) -> str:
    rows = []
    lines = [
        "Blocking gets of one client in consecutive phases. The goals: p99 of 8 and of 32 threads at most "
        f"{MOST_P99_US / 1000:g} ms, and one thread's median afterwards at most "
        f"{MOST_SLOWDOWN:g} times the median before.",
        "",
    ]
    for contender, found in results.stall.items():
        for phase in found["phases"]:
            done = phase["outcome"]
            rate = done["ops"] / done["elapsed"]
            figures = [done["elapsed"], rate, done["p50"], done["p99"], done["worst"]]
            rows.append([contender, str(phase["threads"]), *(number(figure) for figure in figures)])
    head = ["contender", "threads", "seconds", "calls/s", "p50 µs", "p99 µs", "max µs"]
    lines.append(_table(head, rows, text_columns=1))
    lines.append("")
    lines += [
        f"- {contender}: {found['verdict'] or 'no stall'}" for contender, found in results.stall.items()
    ]
    return "\n".join(lines)


def _measured(results: Results) -> Iterator[Case]:
    return (case for case in every_case() if case.name in results.cases)


def _table(head: list[str], rows: Iterable[list[str]], text_columns: int) -> str:
    rule = ["---"] * text_columns + ["--:"] * (len(head) - text_columns)
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
