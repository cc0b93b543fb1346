"""The cases of the benchmark, with placements, units and goals."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hzbench.task import Action, Surface, Task

Placement = Literal["one core", "different cores", "unpinned"]
Contender = Literal["ours", "official", "floor", "other", "again"]
"""Who runs tasks. ``other`` is another checkout of this project, and ``again`` a second process of this one."""

CONTENDERS: tuple[Contender, ...] = ("ours", "official", "floor")


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal: at least ``least`` times the rate of ``against``, a contender or the name of another case of ours."""

    against: str
    least: float

    def __str__(self) -> str:
        return f"≥ {self.least:g} of {self.against}"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table. ``scale`` is the number of units (entries or megabytes) per call."""

    name: str
    title: str
    task: Task
    placement: Placement
    unit: str = "calls/s"
    scale: float = 1.0
    goals: tuple[Goal, ...] = ()
    floor: bool = True

    @property
    def contenders(self) -> tuple[Contender, ...]:
        """The contenders of the case; the bare socket does not support threads and put_all."""
        return CONTENDERS if self.floor else CONTENDERS[:2]


def every_case() -> list[Case]:
    """Return all cases, in the order of the table."""
    return [*_one_thread(), *_many_threads(), *_in_flight(), *_large_values(), *_bulk()]


def _one_thread() -> Iterator[Case]:
    goals: dict[Placement, tuple[Goal, ...]] = {
        "one core": (Goal("official", 2.2), Goal("floor", 0.65)),
        "different cores": (Goal("official", 1.5),),
        "unpinned": (),
    }
    for action in _actions():
        for placement, reach in goals.items():
            name = f"{action}-1-{placement.replace(' ', '-')}"
            yield Case(name, f"blocking {action}, 1 thread", Task(action, "blocking"), placement, goals=reach)


def _many_threads() -> Iterator[Case]:
    for action in _actions():
        for threads in (8, 32):
            yield Case(
                f"{action}-{threads}-threads",
                f"blocking {action}, {threads} threads",
                Task(action, "blocking", threads),
                "unpinned",
                goals=(Goal(f"{action}-1-unpinned", 0.9),),
                floor=False,
            )


def _actions() -> tuple[Action, Action]:
    return "get", "set"


def _in_flight() -> Iterator[Case]:
    for surface, least in _surfaces():
        for width in (1, 64, 256):
            yield _flight("get", surface, width, (Goal("official", least),) if width == 64 else ())
        yield _flight("set", surface, 64, (Goal("official", least),))
    yield _flight("get", "window", 64, ())
    for surface, _ in _surfaces():
        yield _flight("get", surface, 64, (), size=10_000)


def _surfaces() -> tuple[tuple[Surface, float], ...]:
    return ("futures", 3.0), ("asyncio", 2.0)


def _flight(action: Action, surface: Surface, width: int, goals: tuple[Goal, ...], size: int = 100) -> Case:
    task = Task(action, surface, width, size=size)
    way = "futures, oldest awaited with result()" if surface == "window" else surface
    large = "" if size == 100 else f" {size // 1000} KB"
    name = f"{action}{large.replace(' ', '-').lower()}-{surface}-{width}"
    return Case(name, f"{way} {action}{large}, {width} in flight", task, "different cores", goals=goals)


def _large_values() -> Iterator[Case]:
    for action in _actions():
        for megabytes in (1, 16):
            goals = (Goal(f"{action}-1mb", 0.5),) if megabytes == 16 else ()
            yield Case(
                f"{action}-{megabytes}mb",
                f"blocking {action} {megabytes} MB",
                Task(action, "blocking", size=megabytes * 1_000_000),
                "different cores",
                unit="MB/s",
                scale=megabytes,
                goals=goals,
            )
    yield Case(
        "get-16mb-asyncio",
        "asyncio get 16 MB",
        Task("get", "asyncio", size=16_000_000),
        "different cores",
        unit="MB/s",
        scale=16,
    )


def _bulk() -> Iterator[Case]:
    surfaces: tuple[Surface, ...] = ("blocking", "asyncio")
    for surface in surfaces:
        for entries, goals in ((1_000, (Goal("official", 3.0),)), (100_000, ())):
            yield _entries("put_all", surface, entries, goals)
        yield _entries("values", surface, 10_000, (Goal("official", 2.5),))


def _entries(action: Action, surface: Surface, entries: int, goals: tuple[Goal, ...]) -> Case:
    return Case(
        f"{action}-{surface}-{entries}",
        f"{surface} {action} of {entries:,}",
        Task(action, surface, entries=entries),
        "different cores",
        unit="entries/s",
        scale=entries,
        goals=goals,
        floor=action == "values",
    )
