"""Makes histories for tests of the checkers: true ones, by simulating clients, and all orders of small ones."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from histories import Call, History, Operation
from sequential_models import NOT_POSSIBLE, Deterministic, Model

Choose = Callable[[random.Random], tuple[Any, ...]]
"""Returns the name and the arguments of an operation."""


def make_history(
    model: Deterministic,
    choose: Choose,
    choices: random.Random,
    *,
    count: int,
    clients: int,
    unknown: float = 0.0,
) -> History:
    """Simulate clients whose calls take effect at some moment between begin and end.

    Args:
        model: What the calls do.
        choose: Chooses the next call of a client.
        choices: All random choices.
        count: Number of calls.
        clients: Number of clients that call at the same time.
        unknown: Share of the calls whose outcome the client is not told; half of these take effect at some time.
    """
    history = History(now=lambda: 0.0)
    state = model.initial
    begun: dict[int, tuple[Call, str, tuple[Any, ...]]] = {}
    done: dict[int, tuple[Call, Any]] = {}
    late: list[tuple[str, tuple[Any, ...]]] = []
    left = count
    while left or begun or done:
        if late and choices.random() < 0.05:
            state, _ = model.apply(state, *late.pop(choices.randrange(len(late))))
        client = choices.randrange(clients)
        if client in done:
            call, result = done.pop(client)
            call.ok(result)
        elif client in begun:
            call, name, arguments = begun.pop(client)
            if choices.random() < unknown:
                call.indeterminate()
                if choices.random() < 0.5:
                    late.append((name, arguments))
            else:
                state, result = model.apply(state, name, arguments)
                done[client] = call, result
        elif left:
            left -= 1
            name, *rest = choose(choices)
            begun[client] = history.invoke(name, *rest, key="k", who=client), name, tuple(rest)
    return history


def mutate(
    operations: Sequence[Operation], choices: random.Random, results: Sequence[Any]
) -> list[Operation]:
    """Give one operation another result."""
    changed = list(operations)
    index = choices.choice([index for index, each in enumerate(changed) if each.outcome == "ok"])
    old = changed[index]
    result = choices.choice([each for each in results if each != old.result])
    changed[index] = Operation(old.name, old.arguments, result, old.begin, old.end, old.key, old.who)
    return changed


def is_linearizable_by_force(operations: Sequence[Operation], model: Model) -> bool:
    """Try all orders, with all choices of the operations whose outcome is unknown."""
    known = [each for each in operations if each.outcome == "ok"]
    unknown = [each for each in operations if each.outcome == "indeterminate"]
    for size in range(len(unknown) + 1):
        for chosen in itertools.combinations(unknown, size):
            for order in itertools.permutations([*known, *chosen]):
                if _keeps_time(order) and _explains(order, model):
                    return True
    return False


def _keeps_time(order: Sequence[Operation]) -> bool:
    latest = 0.0
    for each in order:
        latest = max(latest, each.begin)
        if each.end < latest:
            return False
    return True


def _explains(order: Sequence[Operation], model: Model) -> bool:
    state: Hashable = model.initial
    for each in order:
        state = (model.step if each.outcome == "ok" else model.effect)(state, each)
        if state is NOT_POSSIBLE:
            return False
    return True
