"""The checkers of histories accept what is right, find what is wrong, and agree with all orders tried by force."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

import pytest

from fifo import find_disorder
from histories import History, Operation
from history_maker import is_linearizable_by_force, make_history, mutate
from linearizability import UndecidedError, check_history, find_violation
from sequential_models import Counter, Deterministic, FencedMutex, Fifo, Model, Register

OPERATIONS = [
    ("get",),
    ("put", int),
    ("set", int),
    ("remove",),
    ("delete",),
    ("put_if_absent", int),
    ("replace", int),
    ("replace_if_same", int, int),
    ("remove_if_same", int),
    ("contains_key",),
]


def choose_register(choices: random.Random, values: int = 3) -> tuple[Any, ...]:
    name, *kinds = choices.choice(OPERATIONS)
    return (name, *(choices.randrange(values) for _ in kinds))


def choose_counter(choices: random.Random) -> tuple[Any, ...]:
    return choices.choice(
        [
            ("get",),
            ("set", choices.randrange(3)),
            ("add_and_get", choices.randrange(-2, 3)),
            ("get_and_add", choices.randrange(-2, 3)),
            ("compare_and_set", choices.randrange(3), choices.randrange(3)),
            ("increment_and_get",),
            ("get_and_decrement",),
            ("get_and_increment",),
            ("decrement_and_get",),
            ("get_and_set", 1),
        ]
    )


class Offers:
    """Chooses polls, and offers of items that are all different."""

    def __init__(self) -> None:
        self.next = 0

    def __call__(self, choices: random.Random) -> tuple[Any, ...]:
        if choices.random() < 0.5:
            return ("poll",)
        self.next += 1
        return ("offer", self.next)


RESULTS: list[Any] = [None, 0, 1, 2, True, False]


def history(*lines: tuple[Any, ...]) -> list[Operation]:
    """Make operations of begin, end (None: unknown outcome), result, name and arguments."""
    found = []
    for begin, end, result, name, *arguments in lines:
        unknown = end is None
        found.append(
            Operation(
                name,
                tuple(arguments),
                result,
                begin,
                inf if unknown else end,
                key="k",
                outcome="indeterminate" if unknown else "ok",
            )
        )
    return found


RIGHT: dict[str, tuple[Model, list[Operation]]] = {
    "nothing": (Register(), []),
    "overlapping": (
        Register(),
        history((0, 5, None, "put", 1), (1, 2, 1, "get"), (3, 4, 1, "get")),
    ),
    "unknown takes effect late": (
        Register(),
        history((0, None, None, "put", 1), (2, 3, None, "get"), (4, 5, 1, "get")),
    ),
    "unknown never takes effect": (Register(), history((0, None, None, "put", 1), (2, 3, None, "get"))),
    "unknown ones one after the other": (
        Register(),
        history(
            (0, 1, None, "put", 0), (2, None, None, "replace_if_same", 1, 2),
            (3, None, None, "replace_if_same", 0, 1), (5, 6, 2, "get"),
        ),
    ),
    "the other one of two unknown ones": (
        Register(),
        history(
            (0, 1, None, "put", 0), (2, None, None, "put", 1), (3, None, None, "replace", 1), (4, 5, 1, "get"),
            (6, 7, 1, "remove"), (8, 9, 1, "get"),
        ),
    ),
    "the other one of two unknown ones, in the other order": (
        Register(),
        history(
            (0, 1, None, "put", 0), (2, None, None, "replace", 1), (3, None, None, "put", 1), (4, 5, 1, "get"),
            (6, 7, 1, "remove"), (8, 9, 1, "get"),
        ),
    ),
    "counter": (Counter(), history((0, 3, 3, "add_and_get", 1), (1, 2, 0, "get_and_add", 2))),
    "lock after lock": (
        FencedMutex(),
        history((0, 1, 7, "lock", "a"), (2, 3, None, "unlock", "a"), (2.5, 4, 9, "lock", "b")),
    ),
    "lock twice": (
        FencedMutex(),
        history(
            (0, 1, 7, "lock", "a"), (2, 3, 7, "lock", "a"), (4, 5, None, "unlock", "a"),
            (6, 7, 0, "try_lock", "b"), (8, 9, True, "is_locked"),
        ),
    ),
    "lock of a session that ended": (
        FencedMutex(),
        history((0, 1, 7, "lock", "a"), (2, None, None, "expire", "a"), (3, 4, 8, "try_lock", "b")),
    ),
    "lock that nobody was told of": (
        FencedMutex(),
        history(
            (0, None, None, "lock", "a"), (1, 2, 0, "try_lock", "b"), (3, 4, 5, "lock", "a"),
            (5, 6, None, "unlock", "a"), (7, 8, 0, "try_lock", "b"),
        ),
    ),
}  # fmt: skip

WRONG: dict[str, tuple[Model, list[Operation]]] = {
    "stale read": (Register(), history((0, 1, None, "put", 1), (2, 3, 1, "put", 2), (4, 5, 1, "get"))),
    "lost update": (Counter(), history((0, 1, 1, "add_and_get", 1), (2, 3, 1, "add_and_get", 1))),
    "lost write": (Register(), history((0, 1, None, "put", 1), (2, 3, None, "get"))),
    "double apply": (Counter(), history((0, 1, 1, "add_and_get", 1), (2, 3, 2, "get"))),
    "phantom": (Register(), history((0, 1, None, "put", 1), (2, 3, 9, "get"))),
    "reorder": (Register(), history((0, 9, None, "put", 1), (1, 2, 1, "get"), (3, 4, None, "get"))),
    "two compare-and-set from one value": (
        Register(),
        history((0, 1, None, "put", 0), (2, 9, True, "replace_if_same", 0, 1), (3, 8, True, "replace_if_same", 0, 2)),
    ),
    "unknown took effect before its begin": (
        Register(),
        history((0, 1, 1, "get"), (2, None, None, "put", 1)),
    ),
    "unknown took effect twice": (
        Counter(),
        history((0, None, None, "add_and_get", 1), (2, 3, 2, "get")),
    ),
    "true is not one": (Register(), history((0, 1, None, "put", 1), (2, 3, True, "get"))),
    "lock held by two": (FencedMutex(), history((0, 1, 7, "lock", "a"), (2, 3, 8, "lock", "b"))),
    "fence that does not grow": (
        FencedMutex(),
        history((0, 1, 7, "lock", "a"), (2, 3, None, "unlock", "a"), (4, 5, 7, "lock", "b")),
    ),
    "fence that changes": (FencedMutex(), history((0, 1, 7, "lock", "a"), (2, 3, 8, "lock", "a"))),
    "unlocked once of two": (
        FencedMutex(),
        history((0, 1, 7, "lock", "a"), (2, 3, 7, "lock", "a"), (4, 5, None, "unlock", "a"), (6, 7, 8, "lock", "b")),
    ),
    "free lock refused": (FencedMutex(), history((0, 1, 0, "try_lock", "a"))),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_histories_are_accepted(name: str) -> None:
    model, operations = RIGHT[name]
    assert is_linearizable_by_force(operations, model)
    assert find_violation(operations, model) is None


@pytest.mark.parametrize("name", WRONG)
def test_wrong_histories_are_found(name: str) -> None:
    model, operations = WRONG[name]
    assert not is_linearizable_by_force(operations, model)
    violation = find_violation(operations, model)
    assert violation is not None
    assert violation.culprit in violation.window


@pytest.mark.parametrize(
    ("model", "choose"),
    [(Register(), choose_register), (Counter(), choose_counter)],
    ids=["register", "counter"],
)
def test_small_histories_agree_with_all_orders(
    model: Deterministic, choose: Callable[[random.Random], tuple[Any, ...]]
) -> None:
    found = {True: 0, False: 0}
    for seed in range(250):
        choices = random.Random(seed)
        true = make_history(model, choose, choices, count=6, clients=3, unknown=0.25).operations
        assert find_violation(true, model) is None, seed
        changed = mutate(true, choices, RESULTS) if any(each.outcome == "ok" for each in true) else list(true)
        right = is_linearizable_by_force(changed, model)
        assert (find_violation(changed, model) is None) is right, seed
        found[right] += 1
    assert min(found.values()) > 10


@pytest.mark.parametrize("unknown", [0.0, 0.25])
def test_small_histories_of_queues_agree_with_all_orders(unknown: float) -> None:
    found = {True: 0, False: 0}
    for seed in range(500):
        choices = random.Random(seed)
        true = make_history(Fifo(), Offers(), choices, count=6, clients=3, unknown=unknown).operations
        assert find_disorder(true) is None, seed
        assert find_violation(true, Fifo()) is None, seed
        polls = [each for each in true if each.name == "poll" and each.outcome == "ok"]
        if not polls:
            continue
        rest = [each for each in true if each not in polls]
        changed = rest + mutate(polls, choices, [None, 1, 2, 3])
        right = is_linearizable_by_force(changed, Fifo())
        disorder = find_disorder(changed)
        if right:
            assert disorder is None, seed
        elif not any(each.name == "poll" for each in rest):
            # Exact without polls of unknown outcome.
            assert disorder is not None, seed
        found[disorder is None] += 1
    assert min(found.values()) > 10


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (history((0, 1, True, "offer", 1), (2, 3, 1, "poll"), (4, 5, 1, "poll")), "more than once"),
        (history((0, 1, True, "offer", 1), (2, 3, 2, "poll")), "from nowhere"),
        (history((0, 1, 1, "poll"), (2, 3, True, "offer", 1)), "before it was offered"),
        (history(
            (0, 1, True, "offer", 1), (2, 3, True, "offer", 2), (4, 5, 2, "poll"), (6, 7, 1, "poll"),
        ), "overtaken"),
        (history((0, 1, True, "offer", 1), (2, 3, True, "offer", 2), (4, 5, 2, "poll")), "lost"),
        (history((0, 1, True, "offer", 1), (2, 3, None, "poll"), (4, None, None, "poll")), "lost"),
        (history((0, 1, True, "offer", 1), (2, 3, None, "poll")), "lost"),
        (history(
            (0, 1, True, "offer", 1), (2, 3, True, "offer", 2), (4, None, None, "poll"), (5, 6, None, "poll"),
        ), "lost"),
        (
            history(
                (0, 1, True, "offer", 1), (2, 3, True, "offer", 2), (1.5, 7, None, "poll"), (5, 6, 1, "poll"),
                (8, 9, 2, "poll"),
            ),
            "empty",
        ),
        (history((0, 1, True, "offer", 1), (2, 3, True, "offer", 1)), "offered twice"),
    ],
)  # fmt: skip
def test_wrong_queues_are_told(wrong: list[Operation], told: str) -> None:
    disorder = find_disorder(wrong)
    assert disorder is not None
    assert told in disorder


@pytest.mark.parametrize(
    ("model", "choose"),
    [(Register(), partial(choose_register, values=1000)), (Counter(), choose_counter)],
    ids=["register", "counter"],
)
def test_long_histories(model: Deterministic, choose: Callable[[random.Random], tuple[Any, ...]]) -> None:
    true = make_history(model, choose, random.Random(3), count=10_000, clients=8, unknown=0.002).operations
    assert len(true) == 10_000
    assert find_violation(true, model, seconds=30) is None
    # The more operations of unknown outcome come before, the harder it is to prove that no order is right.
    first = sorted(true, key=lambda each: each.begin)[:4000]
    broken = mutate(first, random.Random(3), [7000])
    violation = find_violation(broken, model, seconds=30)
    assert violation is not None
    assert violation.culprit.result == 7000
    assert "-> 7000" in str(violation)


def test_long_histories_of_queues() -> None:
    true = make_history(Fifo(), Offers(), random.Random(3), count=10_000, clients=8, unknown=0.002).operations
    assert find_disorder(true) is None


def test_the_window_is_small_if_the_beginning_does_not_matter() -> None:
    choices = random.Random(5)
    true = list(make_history(Register(), choose_register, choices, count=500, clients=4).operations)
    last = max(each.end for each in true)
    wrong = history(
        (last + 1, last + 2, None, "set", 7),
        *((last + time, last + time + 1, True, "contains_key") for time in range(3, 13, 2)),
        (last + 13, last + 14, 8, "get"),
    )
    violation = find_violation(true + wrong, Register())
    assert violation is not None
    assert violation.from_any_state
    assert list(violation.window) == wrong
    assert violation.culprit == wrong[-1]


def test_a_search_that_takes_too_long_is_undecided() -> None:
    # Sums of powers of two: each subset of the unknown operations is another number.
    unknown = [(index, None, None, "add_and_get", 2**index) for index in range(40)]
    operations = history(*unknown, (50, 51, -1, "get"))
    with pytest.raises(UndecidedError, match=r"no verdict after 0\.1 seconds"):
        find_violation(operations, Counter(), seconds=0.1)


def test_keys_are_checked_each_for_itself() -> None:
    recorded = History()
    recorded.invoke("put", 1, key="a").ok()
    recorded.invoke("get", key="b").ok()
    assert check_history(recorded, Register()) == 2
    recorded.invoke("get", key="a").ok()
    recorded.invoke("get", key="b").ok(1)
    with pytest.raises(AssertionError, match=r"(?s)key 'a'.*get\(\) -> None.*key 'b'.*get\(\) -> 1"):
        check_history(recorded, Register())


def test_failed_operations_have_no_effect() -> None:
    recorded = History()
    recorded.invoke("put", 1, key="a").fail(ValueError("refused"))
    recorded.invoke("get", key="a").ok()
    assert check_history(recorded, Register()) == 1
    recorded.invoke("get", key="a").ok(1)
    with pytest.raises(AssertionError):
        check_history(recorded, Register())


def test_operations_end_once_and_before_the_check() -> None:
    recorded = History()
    call = recorded.invoke("get", key="a")
    with pytest.raises(RuntimeError, match="1 operations of the history have not ended"):
        check_history(recorded, Register())
    call.ok()
    with pytest.raises(RuntimeError, match="already ended"):
        call.fail()
    assert check_history(recorded, Register()) == 1


def test_histories_of_real_threads_are_linearizable() -> None:
    recorded = History()
    value = [0]
    lock = threading.Lock()

    def work() -> None:
        for _ in range(300):
            call = recorded.invoke("add_and_get", 1, key="n")
            with lock:
                value[0] += 1
                result = value[0]
            call.ok(result)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert check_history(recorded, Counter()) == 1200
    # And one that counts for nobody.
    recorded.invoke("get", key="n").ok(1199)
    with pytest.raises(AssertionError):
        check_history(recorded, Counter())
