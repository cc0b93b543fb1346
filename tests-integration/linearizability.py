"""Is a history linearizable: does one order of its operations, each between its begin and its end, explain it?

The search is that of Wing and Gong with the memory of Lowe: operations are taken one after the other among those that
may come next; from a dead end the search goes back to another choice; and what was reached before, the same operations
taken and the same state, is not searched again.

An operation that ended with a result must be taken. One whose outcome nobody knows may be taken at any place after its
begin, or left out. It is taken only where that changes the state, and a search that has used fewer of them covers all
that have used more: this keeps histories with many of them cheap.

    history = History()
    call = history.invoke("add_and_get", 1, key="counter")
    call.ok(counter.add_and_get(1))
    check_history(history, Counter())

`check_history` raises AssertionError with the smallest part of the history that no order explains.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from histories import History, Operation
from sequential_models import NOT_POSSIBLE, Model

ASSUMPTION: Final = 20
"""How many steps to go back are worth as much as to assume that one more unknown operation took effect."""

REPORT_SECONDS: Final = 5.0
"""How long to look for a short report."""

SHOWN: Final = 40
"""Operations that a report shows at most."""

Config = tuple[int, int, Any, int]
"""How many operations from the first on are taken, and which ones after these; the state; which unknown ones are taken.

What is taken is told by bits.
"""


class UndecidedError(Exception):
    """The search took too long."""


@dataclass(frozen=True)
class Violation:
    """A history that no order explains.

    Attributes:
        key: What its operations are about.
        culprit: The first operation, by its end, up to which no order explains the history.
        window: The smallest run of operations up to the culprit that no order explains from whatever state; all up to
            the culprit if the beginning of the history matters.
        from_any_state: Whether the window is wrong from whatever state.
    """

    key: Hashable
    culprit: Operation
    window: tuple[Operation, ...]
    from_any_state: bool

    def __str__(self) -> str:
        shown = self.window[-SHOWN:]
        where = "from whatever state" if self.from_any_state else "from the beginning"
        lines = [
            f"key {self.key!r}: no order of {len(self.window)} operations, {where}, explains",
            f"  {self.culprit}",
            f"which is among ({len(shown)} of {len(self.window)} shown)",
        ]
        return "\n".join([*lines, *(f"  {each}" for each in shown)])


class Search:
    """One search for an order.

    Args:
        operations: Operations on one key, in any order.
        model: What they do.
        states: States to begin from.
        check_time: Called now and then; raises UndecidedError.

    Attributes:
        stuck: End of the first operation, by its end, that no order found until now has passed.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        model: Model,
        states: Iterable[Hashable],
        check_time: Callable[[], None],
    ) -> None:
        ordered = sorted(operations, key=lambda each: each.begin)
        self._known = [each for each in ordered if each.outcome == "ok"]
        self._unknown = [each for each in ordered if each.outcome == "indeterminate"]
        self._model = model
        self._states = states
        self._check_time = check_time
        self._reached: dict[tuple[int, int, Any], list[int]] = {}
        self._heap: list[tuple[int, int, bool, Config]] = []
        self._pushed = 0
        self.stuck: float = -inf

    def run(self) -> bool:
        """Return whether there is an order."""
        for state in self._states:
            self._add((0, 0, state, 0))
        while self._heap:
            _, _, assume, config = heapq.heappop(self._heap)
            taken, more, state, used = config
            if used not in self._reached[taken, more, state]:
                # One that has used fewer was found since.
                continue
            self._check_time()
            if taken == len(self._known):
                return True
            indexes, limit = self._candidates(taken, more)
            if assume:
                self._assume(config, limit)
                continue
            self.stuck = max(self.stuck, limit)
            for index in indexes:
                after = self._model.step(state, self._known[index])
                if after is not NOT_POSSIBLE:
                    self._add(self._take(taken, more, index, after, used))
            if self._unknown and self._unknown[0].begin < limit:
                self._push(config, assume=True)
        return False

    def _add(self, config: Config) -> None:
        """Search on from here, unless something as good was reached before."""
        taken, more, state, used = config
        before = self._reached.setdefault((taken, more, state), [])
        if any(each & ~used == 0 for each in before):
            return
        before[:] = [each for each in before if used & ~each]
        before.append(used)
        self._push(config, assume=False)

    def _push(self, config: Config, *, assume: bool) -> None:
        """Remember to search on from here: the farther and the fewer assumptions, the earlier."""
        taken, more, _, used = config
        cost = ASSUMPTION * (used.bit_count() + assume) - taken - more.bit_count()
        self._pushed += 1
        heapq.heappush(self._heap, (cost, -self._pushed, assume, config))

    def _candidates(self, taken: int, more: int) -> tuple[list[int], float]:
        """Return which known operations may come next, and the end of the one that ends first."""
        limit = inf
        found: list[int] = []
        for index in range(taken, len(self._known)):
            if more >> (index - taken) & 1:
                continue
            operation = self._known[index]
            if operation.begin > limit:
                break
            found.append(index)
            limit = min(limit, operation.end)
        # The last one is tried first, and what ended first often came first.
        found.sort(key=lambda index: -self._known[index].end)
        return found, limit

    def _assume(self, config: Config, limit: float) -> None:
        """Search on with one more operation of unknown outcome, if it changes the state."""
        taken, more, state, used = config
        tried: set[tuple[str, tuple[Any, ...]]] = set()
        for index, operation in enumerate(self._unknown):
            if operation.begin > limit:
                break
            # Of the same ones the first that has begun will do.
            same = operation.name, operation.arguments
            if used >> index & 1 or same in tried:
                continue
            tried.add(same)
            after = self._model.effect(state, operation)
            if after is not NOT_POSSIBLE and after != state:
                self._add((taken, more, after, used | 1 << index))

    @staticmethod
    def _take(taken: int, more: int, index: int, state: Any, used: int) -> Config:
        more |= 1 << (index - taken)
        # The ones from the first bit on.
        run = (~more & (more + 1)).bit_length() - 1
        return taken + run, more >> run, state, used


class _Timer:
    """Ends a search that takes too long, by time or by the number of steps."""

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._now = now
        self._seconds = seconds
        self._deadline = now() + seconds
        self._steps = 0

    def __call__(self) -> None:
        self._steps += 1
        if self._steps % 64 == 0 and self._now() > self._deadline:
            raise UndecidedError(f"no verdict after {self._seconds} seconds and {self._steps} steps")


def find_violation(
    operations: Sequence[Operation],
    model: Model,
    *,
    seconds: float = 60.0,
    now: Callable[[], float] = time.monotonic,
) -> Violation | None:
    """Return what is wrong with the operations on one key, or None if there is an order that explains them.

    Args:
        operations: The operations, in any order; those that failed without an effect are ignored.
        model: What they do.
        seconds: Time limit.
        now: Clock of the time limit.

    Raises:
        UndecidedError: It took longer.
    """
    check_time = _Timer(seconds, now)
    search = Search(operations, model, [model.initial], check_time)
    if search.run():
        return None
    (culprit,) = (each for each in operations if each.end == search.stuck and each.outcome == "ok")
    begun = [each for each in operations if each.begin < culprit.end and each.outcome != "failed"]
    begun.sort(key=lambda each: each.begin)
    window = _smallest_window(begun, model, culprit, _Timer(REPORT_SECONDS, now))
    return Violation(culprit.key, culprit, tuple(window or begun), window is not None)


def _smallest_window(
    begun: Sequence[Operation], model: Model, culprit: Operation, check_time: Callable[[], None]
) -> list[Operation] | None:
    """Return the latest operations up to the culprit that no order explains from whatever state they begin.

    None if there are no such ones among the last thousand or so, or if the search for them takes too long.
    """
    ends = sorted(each.end for each in begun if each.end <= culprit.end)
    wrong: int | None = None
    try:
        size = 1
        while wrong is None and size <= 1024:
            if _is_wrong(_last(begun, ends, size), model, check_time):
                wrong = size
            elif size >= len(ends):
                return None
            size *= 2
        if wrong is None:
            return None
        fine = wrong // 2
        while wrong - fine > 1:
            middle = (fine + wrong) // 2
            if _is_wrong(_last(begun, ends, middle), model, check_time):
                wrong = middle
            else:
                fine = middle
    except UndecidedError:
        return None
    return _last(begun, ends, wrong)


def _last(begun: Sequence[Operation], ends: Sequence[float], size: int) -> list[Operation]:
    """Return what ended last, and what had not ended then."""
    first = ends[-min(size, len(ends))]
    return [each for each in begun if each.end >= first]


def _is_wrong(window: list[Operation], model: Model, check_time: Callable[[], None]) -> bool:
    states = {model.initial, *(state for each in window for state in model.before(each))}
    return not Search(window, model, states, check_time).run()


def check_history(history: History, model: Model, *, seconds: float = 60.0) -> int:
    """Check each key of a history for itself, and return the number of operations.

    Args:
        history: Operations that have all ended.
        model: What the operations on each key do.
        seconds: Time limit for all keys together.

    Raises:
        AssertionError: No order explains the operations on some keys; all of these are told.
        UndecidedError: It took longer.
    """
    deadline = time.monotonic() + seconds
    found = history.by_key()
    wrong = [
        violation
        for operations in found.values()
        if (violation := find_violation(operations, model, seconds=deadline - time.monotonic()))
    ]
    assert not wrong, "\n".join(map(str, wrong))
    return sum(map(len, found.values()))
