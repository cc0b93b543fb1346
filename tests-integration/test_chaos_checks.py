"""The checks of `chaos.py`, on records that are right and wrong."""

from __future__ import annotations

import pytest

from chaos_reliable import Published, find_missed
from chaos_transactions import NEAR, TOKENS, Ended, Kill, Move, Transfer, check_tokens, check_transfers
from hazelcast.errors import TargetDisconnectedError

COMMITTED, ROLLED_BACK, UNKNOWN = Ended("committed"), Ended("rolled_back"), Ended("unknown")
CUT_OFF = Ended("rolled_back", coordinator="m", error=TargetDisconnectedError("lost"), at=100)
KILLS = [Kill("other", 100), Kill("m", 100 + NEAR)]
FIRST = Transfer(0, 1, 5, (0, 0), COMMITTED)


def after(amount: int, ended: Ended) -> Transfer:
    """Return a transfer that follows the first one."""
    return Transfer(0, 1, amount, (-5, 5), ended)


def test_whole_transfers_are_right() -> None:
    assert check_transfers([], {0: 0, 1: 0}) == []
    assert check_transfers([FIRST, after(7, ROLLED_BACK), after(3, COMMITTED)], {0: -8, 1: 8, 2: 0}) == []
    # An unknown one may be done, or not.
    assert check_transfers([FIRST, after(7, UNKNOWN)], {0: -12, 1: 12}) == []
    assert check_transfers([FIRST, after(7, UNKNOWN), after(3, COMMITTED)], {0: -8, 1: 8}) == []


def test_unknown_transfers_may_be_done_by_half() -> None:
    half = after(7, UNKNOWN)
    assert check_transfers([FIRST, half], {0: -12, 1: 5}) == [half]
    assert check_transfers([FIRST, half, Transfer(0, 1, 1, (-12, 5), COMMITTED)], {0: -13, 1: 6}) == [half]


@pytest.mark.parametrize("ended", [COMMITTED, ROLLED_BACK])
def test_other_transfers_are_named_that_were_done_by_half(ended: Ended) -> None:
    with pytest.raises(
        AssertionError, match=r"done on 1 of 2 accounts: transfer of account 0 from -5 to -12, acc"
    ):
        check_transfers([FIRST, after(7, ended)], {0: -12, 1: 5})


def test_transfers_that_were_forgotten_or_done_in_spite_of_a_rollback_are_named() -> None:
    with pytest.raises(
        AssertionError, match=r"done on 0 of 2 accounts: .*from 5 to 12 \(TWO_PHASE .*committed"
    ):
        check_transfers([FIRST, after(7, COMMITTED)], {0: -5, 1: 5})
    with pytest.raises(AssertionError, match=r"done on 2 of 2 accounts: .*rolled_back"):
        check_transfers([FIRST, after(7, ROLLED_BACK)], {0: -12, 1: 12})
    # Two that have read the same balance: the second one has overwritten the first one.
    with pytest.raises(
        AssertionError,
        match=r"done on 0 of 2 accounts: .*; others that .*: transfer of account 0 from -5 to -8, acc",
    ):
        check_transfers([FIRST, after(7, COMMITTED), after(3, COMMITTED)], {0: -8, 1: 8})
    with pytest.raises(
        AssertionError, match="account 1: no changes lead to its last balance of 6; 1 lead from 0 to 5"
    ):
        check_transfers([FIRST], {0: -5, 1: 6})


def test_wrong_tokens_are_explained_by_unknown_moves_only() -> None:
    there = range(1, TOKENS)
    assert check_tokens([], there, [0], KILLS) == []
    assert check_tokens([Move(0, UNKNOWN), Move(None, UNKNOWN)], there, [], KILLS) == [0]
    assert check_tokens([Move(0, UNKNOWN)], there, [0, 0], KILLS) == [0]
    for moves in ([], [Move(0, COMMITTED), Move(0, ROLLED_BACK), Move(1, UNKNOWN), Move(None, UNKNOWN)]):
        with pytest.raises(AssertionError, match="token 0 is there 0 times"):
            check_tokens(moves, there, [], KILLS)
    # Polled, or perhaps polled, by a transaction that has lost its coordinator.
    assert check_tokens([Move(0, CUT_OFF)], there, [], KILLS) == [0]
    assert check_tokens([Move(None, CUT_OFF)], there, [], KILLS) == [0]
    with pytest.raises(AssertionError, match="token 1 is there 0 times"):
        check_tokens([Move(None, CUT_OFF)], range(2, TOKENS), [], KILLS)
    with pytest.raises(AssertionError, match="token 0 is there 2 times"):
        check_tokens([Move(0, CUT_OFF), Move(None, CUT_OFF)], there, [0, 0], KILLS)
    # A coordinator that lives, or that was killed much later, puts it back.
    for kills in ([], [Kill("other", 100)], [Kill("m", 101 + NEAR)]):
        with pytest.raises(AssertionError, match="token 0 is there 0 times"):
            check_tokens([Move(0, CUT_OFF)], there, [], kills)
    # A poll whose reply was lost may have been lost with the owner of the queue.
    assert check_tokens([Move(None, CUT_OFF)], there, [], [Kill("other", 100)]) == [0]
    with pytest.raises(AssertionError, match="failed moves without a token: TWO_PHASE by member m"):
        check_tokens([Move(None, CUT_OFF)], there, [], [Kill("other", 101 + NEAR)])
    with pytest.raises(AssertionError, match="from nowhere"):
        check_tokens([], there, [0, TOKENS], KILLS)


SENT = [Published(number, number not in (2, 5)) for number in range(8)]


@pytest.mark.parametrize(
    ("heard", "missed"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], []),
        ([0, 1, 3, 4, 6, 7], []),
        # One of unknown outcome may be done late.
        ([0, 1, 3, 4, 6, 2, 7, 5], []),
        # It was heard, and died; the next one got its sequence.
        ([0, 1, 2, 4, 6, 7], [3]),
        ([0, 1, 3, 4, 2, 5, 7], [6]),
        ([0, 1, 3, 4, 6, 5], [7]),
    ],
)
def test_messages_that_may_be_heard(heard: list[int], missed: list[int]) -> None:
    assert find_missed(SENT, heard) == missed


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        ([0, 1, 4, 6, 7], r"\[3\] were not heard before 4"),
        ([0, 1, 3, 2, 4, 6], r"\[7\] were not heard at the end"),
        ([0, 1, 2, 6, 7], r"\[3, 4\] were not heard before 6"),
        ([0, 1, 4, 3, 6, 7], "order"),
        ([0, 1, 3, 4, 6, 7, 7], r"twice: \[7\]"),
        ([0, 1, 2, 3, 4, 6, 7, 2], r"twice: \[2\]"),
        ([0, 1, 3, 4, 6, 7, 8], r"not published: \{8\}"),
        ([], "at the end"),
    ],
)
def test_messages_that_are_heard_wrongly(heard: list[int], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        find_missed(SENT, heard)
