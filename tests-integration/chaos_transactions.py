"""Transactions under the load of `chaos.py`, and what each of them has done in the end.

Transfers move money between accounts, moves take a token from a queue to a map or back. Each is noted with how it
ended, as its client knows it:

- `committed`: its commit was confirmed, so all of it is done;
- `rolled_back`: it ended before its commit was sent, or a member has refused the commit because its time was over, so
  nothing of it is done;
- `unknown`: it failed in its commit. Only then half of it may be done: see docs/resilience.md for why members do that.
"""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from hazelcast.errors import (
    HazelcastError,
    IndeterminateOperationStateError,
    OperationTimeoutError,
    TargetDisconnectedError,
)
from hz_proxies.transaction import TransactionType

ACCOUNTS: Final = 6
TOKENS: Final = 20
TIMEOUT: Final = 10
"""Seconds of a transaction."""

CUT_OFF: Final = (TargetDisconnectedError, OperationTimeoutError, IndeterminateOperationStateError)
"""The errors of a transaction that has lost its coordinator, or got no reply from it, or it none from the owner."""

NEAR: Final = 1.5 * TIMEOUT
"""Seconds between the end of a transaction and the end of its coordinator within which one may be about the other."""


class Kill(NamedTuple):
    """The end of a member."""

    member: str
    at: float
    """When, in seconds of the monotonic clock."""


class Ended(NamedTuple):
    """How a transaction has ended.

    Attributes:
        state: `committed`, `rolled_back` or `unknown`.
        kind: Its type.
        coordinator: The member that it was bound to.
        error: Its error, if any.
        at: When, in seconds of the monotonic clock.
        began: When it had begun.
    """

    state: str
    kind: str = "TWO_PHASE"
    coordinator: str = ""
    error: HazelcastError | None = None
    at: float = 0.0
    began: float = 0.0

    def __str__(self) -> str:
        why = "" if self.error is None else f": {type(self.error).__name__}: {self.error}"
        times = f"from {self.began:.3f} to {self.at:.3f} s"
        return f"{self.kind} by member {self.coordinator} {times}, {self.state}{why}"


class Transfer(NamedTuple):
    """A transaction that has read two balances, and takes an amount from the first account to the second one."""

    first: int
    second: int
    amount: int
    balances: Sequence[int]
    ended: Ended

    def changes(self) -> Iterator[tuple[int, int, int]]:
        """Yield what it does to each account: its number, and the balance before and after."""
        yield self.first, self.balances[0], self.balances[0] - self.amount
        yield self.second, self.balances[1], self.balances[1] + self.amount

    def __str__(self) -> str:
        done = ", ".join(f"account {account} from {old} to {new}" for account, old, new in self.changes())
        return f"transfer of {done} ({self.ended})"


class Move(NamedTuple):
    """A transaction that moves a token; None if none was found, or its reply was lost."""

    token: int | None
    ended: Ended


def transact(client: Any, choices: random.Random, work: Any) -> tuple[Any, Ended]:
    """Call `work` with a new transaction of either type, commit, and return its result and how that has ended."""
    kind = choices.choice(list(TransactionType))
    transaction = client.new_transaction(timeout=TIMEOUT, type=kind)
    result: Any = None
    error: HazelcastError | None = None
    began = time.monotonic()
    try:
        with transaction:
            result = work(transaction)
    except HazelcastError as e:
        error = e
    # A transaction that could not begin has done nothing, as one that was rolled back.
    state = transaction.state if transaction.state != "not_started" else "rolled_back"
    assert (state == "committed") == (error is None), (state, error)
    connection = transaction._ops._connection
    coordinator = str(connection.member) if connection else "none"
    return result, Ended(state, kind.name, coordinator, error, time.monotonic(), began)


def transfer(client: Any, choices: random.Random) -> Transfer | Ended:
    """Move money between two accounts, which does not change the sum; return an `Ended` if no balances were read."""
    # In order, so that no two transactions wait for each other.
    first, second = sorted(choices.sample(range(ACCOUNTS), 2))
    # So large that each balance occurs once, and tells which transfers have made it; they fit into 32 bits.
    amount = choices.randrange(1, 1 << 20)
    balances: list[Any] = []

    def work(transaction: Any) -> None:
        accounts = transaction.get_map("accounts")
        balances.extend(accounts.get_for_update(account) for account in (first, second))
        accounts.set(first, balances[0] - amount)
        accounts.set(second, balances[1] + amount)

    _, ended = transact(client, choices, work)
    return Transfer(first, second, amount, balances, ended) if len(balances) == 2 else ended


def move(client: Any, choices: random.Random, there: Sequence[int]) -> Move:
    """Move a token from the queue to the map, or one of `there` back."""
    tokens: list[int] = []

    def work(transaction: Any) -> None:
        if there:
            token = choices.choice(sorted(there))
            tokens.append(token)
            if transaction.get_map("chest").remove(token) is not None:
                transaction.get_queue("purse").offer(token)
        else:
            token = transaction.get_queue("purse").poll()
            if token is not None:
                tokens.append(token)
                transaction.get_map("chest").put(token, "moved")

    _, ended = transact(client, choices, work)
    return Move(tokens[0] if tokens else None, ended)


# --- what was done ----------------------------------------------------------------------------------------------


def check_transfers(transfers: Sequence[Transfer], balances: Mapping[int, int]) -> list[Transfer]:
    """Return those transfers that were done by half; all of these have an unknown outcome.

    The balances of each account are a chain: from 0, by changes that each begin with the balance that the one before
    has left, to the last one.

    Raises:
        AssertionError: A balance comes from nowhere; a confirmed transfer was not done, or a rolled back one was, or
            one of these by half.
    """
    done: Counter[int] = Counter()
    for account, balance in balances.items():
        changes: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, each in enumerate(transfers):
            for changed, old, new in each.changes():
                if changed == account:
                    changes[old].append((new, number))
        try:
            done.update(find_chain(changes, balance))
        except ValueError as e:
            raise AssertionError(f"account {account}: {e}") from None
    halves = []
    for number, each in enumerate(transfers):
        wanted = {"committed": {2}, "rolled_back": {0}, "unknown": {0, 1, 2}}[each.ended.state]
        assert done[number] in wanted, (
            f"done on {done[number]} of 2 accounts: {each}; others that began with the same balances: "
            + "; ".join(map(str, rivals(each, transfers)))
        )
        if done[number] == 1:
            halves.append(each)
    return halves


def rivals(transfer: Transfer, transfers: Iterable[Transfer]) -> list[Transfer]:
    """Return the other transfers that have read a balance that this one has read, too."""
    read = {(account, old) for account, old, _ in transfer.changes()}
    return [
        each
        for each in transfers
        if each is not transfer and not read.isdisjoint((account, old) for account, old, _ in each.changes())
    ]


def find_chain(changes: Mapping[int, Iterable[tuple[int, int]]], last: int) -> set[int]:
    """Return the numbers of the changes that lead from 0 to the last balance.

    Args:
        changes: Balance after it and number of each change, by the balance before.
        last: The last balance.

    Raises:
        ValueError: There is no such chain.
    """
    # By depth, since there are thousands. Each balance was made once, or a chain may lead through the same one twice.
    chain: list[int] = []
    open_changes = [iter(changes.get(0, ()))]
    longest, end = 0, 0
    found = last == 0
    seen: set[int] = set()
    while open_changes and not found:
        new, number = next(open_changes[-1], (0, -1))
        if number < 0:
            open_changes.pop()
            if chain:
                chain.pop()
        elif number not in seen:
            seen.add(number)
            chain.append(number)
            open_changes.append(iter(changes.get(new, ())))
            if len(chain) > longest:
                longest, end = len(chain), new
            found = new == last
    if not found:
        raise ValueError(f"no changes lead to its last balance of {last}; {longest} lead from 0 to {end}")
    return set(chain)


def check_tokens(
    moves: Sequence[Move], chest: Iterable[int], purse: Iterable[int], kills: Sequence[Kill]
) -> list[int]:
    """Return the tokens that are missing or there twice, each of which a move explains.

    A move of unknown outcome may have been done by half. One that was rolled back keeps what it has polled if its
    coordinator was killed before it was told: members do not put the item back, as `test_transactions_polls.py` shows
    with the clients of two languages. A coordinator that lives puts the item back. But a move does not know what it
    has polled if the reply to its poll was lost, and its coordinator does not know it either if that reply was lost
    with the owner of the queue: such a move may keep an item if any member was killed meanwhile.

    Args:
        moves: What was done.
        chest: The tokens in the map.
        purse: The tokens in the queue.
        kills: The ends of members.

    Raises:
        AssertionError: No move explains it.
    """
    found = Counter([*chest, *purse])
    wrong = [token for token in range(TOKENS) if found[token] != 1]
    in_doubt = Counter(each.token for each in moves if each.ended.state == "unknown")
    cut_off = Counter(
        each.token
        for each in moves
        if each.ended.state == "rolled_back"
        and isinstance(each.ended.error, CUT_OFF)
        and orphaned(each.ended, kills, known=each.token is not None)
    )
    untold = cut_off[None]
    for token in wrong:
        if in_doubt[token] or (cut_off[token] and not found[token]):
            continue
        untold -= not found[token]
        explained = untold >= 0 and not found[token]
        assert explained, (
            f"token {token} is there {found[token]} times, and no move of it is in doubt;"
            " failed moves without a token: "
            + "; ".join(str(each.ended) for each in moves if each.token is None and each.ended.error)
        )
    unknown = found.keys() - set(range(TOKENS))
    assert not unknown, f"tokens from nowhere: {unknown}"
    return wrong


def orphaned(ended: Ended, kills: Iterable[Kill], *, known: bool) -> bool:
    """Return whether a member was killed about when a transaction ended; its coordinator, if the item is known."""
    return any(
        (kill.member == ended.coordinator or not known) and abs(kill.at - ended.at) <= NEAR for kill in kills
    )


def await_tokens(chest: Any, purse: Any, until: Any) -> tuple[list[int], list[int]]:
    """Return what is in the map and the queue, when members have put back what transactions have left behind."""

    def all_there() -> bool:
        return Counter([*chest.key_set(), *purse.iterator()]) == Counter(range(TOKENS))

    with suppress(AssertionError):
        until(all_there, 30)
    return list(chest.key_set()), list(purse.iterator())
