"""Rules for retries of failed invocations, without I/O."""

from typing import Final

from hz_core.errors import (
    CPLeaderSteppingDownError,
    HazelcastInstanceNotActiveError,
    IllegalStateError,
    LeaderDemotedError,
    RetryableHazelcastError,
    StaleAppendRequestError,
    TargetDisconnectedError,
    is_retryable,
)
from hz_core.wire.method import Method

FAST_TRIES: Final = 5
"""Number of attempts without a pause between them."""

UNKNOWN_OUTCOME: Final = (
    *(TargetDisconnectedError, HazelcastInstanceNotActiveError),
    *(LeaderDemotedError, StaleAppendRequestError, CPLeaderSteppingDownError),
)
"""Errors after which nobody knows whether the operation was executed."""

_FIRST_PAUSE: Final = 0.001


class NotSentError(RetryableHazelcastError):
    """The request was not sent, so it can be retried safely."""


class WaitsForItselfError(IllegalStateError):
    """Code on the I/O side has waited for the client, so that it would wait for itself."""


def first_cause(error: BaseException) -> BaseException:
    """Return the error that was raised first: a serializer may have wrapped it."""
    seen = {id(error)}
    while error.__cause__ is not None and id(error.__cause__) not in seen:
        error = error.__cause__
        seen.add(id(error))
    return error


def may_retry(error: Exception, method: Method[object], redo_operation: bool) -> bool:
    """Return whether an invocation of ``method`` that failed with ``error`` may be sent again.

    Errors with which a member rejects the operation (wrong owner, migrating partition …) always allow it. After a
    lost connection, for a member that is shutting down, or that has lost the leadership of a CP group meanwhile, it is
    unknown whether the operation was executed: then only those are repeated that the protocol marks, because they
    change nothing or count once, or all of them with ``redo_operation``.
    """
    if is_retryable(error):
        return True
    if isinstance(error, (*UNKNOWN_OUTCOME, OSError)):
        return method.retryable or redo_operation
    return False


def pause_before(tries: int, longest: float) -> float:
    """Return the seconds to wait after ``tries`` attempts: first no pause, then each is twice the one before."""
    if tries < FAST_TRIES:
        return 0.0
    return min(_FIRST_PAUSE * float(1 << min(tries - FAST_TRIES, 30)), longest)
