"""Functions that run in a transaction, and again after a conflict with another one."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from itertools import count
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from hz_core.arguments import int32
from hz_core.callers import AsyncioCaller, BlockingCaller
from hz_core.context import ClientContext
from hz_core.errors import (
    OperationTimeoutError,
    TargetDisconnectedError,
    TransactionError,
    TransactionNotActiveError,
    TransactionTimedOutError,
)
from hz_core.op import Flow, Sleep
from hz_proxies.transaction.aio import AsyncTransaction
from hz_proxies.transaction.blocking import BlockingTransaction
from hz_proxies.transaction.state import TransactionState

P = ParamSpec("P")
R = TypeVar("R")

REPEATABLE: Final = (
    OperationTimeoutError,
    TargetDisconnectedError,
    TransactionError,
    TransactionNotActiveError,
    TransactionTimedOutError,
)
"""The errors after which another attempt may succeed."""

_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 1.0


class Repetition:
    """How often a transaction is repeated, and when.

    Args:
        context: The client.
        retries: Number of attempts after the first one.

    Raises:
        TypeError, ValueError: It is not an integer, or negative.
    """

    def __init__(self, context: ClientContext, retries: int) -> None:
        self._io = context.io
        self._retries = int32(retries, "retries", 0)

    def again(self, attempt: int, state: str, error: Exception) -> bool:
        """Return whether to repeat the transaction, whose attempt (0 is the first) has failed in a state.

        A commit that has failed is not repeated, since the changes may have been applied, unless its time was over.
        """
        nothing_applied = state in (TransactionState.NOT_STARTED, TransactionState.ROLLED_BACK)
        return attempt < self._retries and nothing_applied and isinstance(error, REPEATABLE)

    def pause(self, attempt: int) -> Flow[None]:
        """Wait before the next attempt: a random time, so that two transactions do not meet again."""
        longest = min(_FIRST_PAUSE * 2 ** min(attempt, 10), _LONGEST_PAUSE)
        yield Sleep(longest * self._io.random.random())


class BlockingTransactions:
    """A decorator for functions that run in a transaction, which is their first argument.

    Args:
        caller: Runs operations.
        make: Returns a new transaction.
        repetition: When to repeat it.
    """

    def __init__(
        self, caller: BlockingCaller, make: Callable[[], BlockingTransaction], repetition: Repetition
    ) -> None:
        self._caller = caller
        self._make = make
        self._repetition = repetition

    def __call__(self, function: Callable[Concatenate[BlockingTransaction, P], R]) -> Callable[P, R]:
        """Return the function without its first argument: each call runs it in a transaction of its own."""

        @wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            for attempt in count():
                transaction = self._make()
                try:
                    with transaction:
                        result = function(transaction, *args, **kwargs)
                except Exception as e:
                    if not self._repetition.again(attempt, transaction.state, e):
                        raise
                else:
                    return result
                self._caller.run(self._repetition.pause(attempt))
            raise AssertionError("unreachable: the loop has no end")

        return run


class AsyncTransactions:
    """A decorator for coroutine functions that run in a transaction, which is their first argument.

    Args:
        caller: Runs operations.
        make: Returns a new transaction.
        repetition: When to repeat it.
    """

    def __init__(
        self, caller: AsyncioCaller, make: Callable[[], AsyncTransaction], repetition: Repetition
    ) -> None:
        self._caller = caller
        self._make = make
        self._repetition = repetition

    def __call__(
        self, function: Callable[Concatenate[AsyncTransaction, P], Awaitable[R]]
    ) -> Callable[P, Coroutine[Any, Any, R]]:
        """Return the function without its first argument: each call runs it in a transaction of its own."""

        @wraps(function)
        async def run(*args: P.args, **kwargs: P.kwargs) -> R:
            for attempt in count():
                transaction = self._make()
                try:
                    async with transaction:
                        result = await function(transaction, *args, **kwargs)
                except Exception as e:
                    if not self._repetition.again(attempt, transaction.state, e):
                        raise
                else:
                    return result
                await self._caller.run(self._repetition.pause(attempt))
            raise AssertionError("unreachable: the loop has no end")

        return run
