"""When a failed invocation may be tried again. Pure rules."""

from typing import Final

from hz_core.errors import (
    HazelcastInstanceNotActiveError,
    RetryableHazelcastError,
    TargetDisconnectedError,
    is_retryable,
)
from hz_core.wire.method import Method

FAST_TRIES: Final = 5
"""So many tries follow one another at once; later ones pause."""

_FIRST_PAUSE: Final = 0.001


class NotSentError(RetryableHazelcastError):
    """The request never left the client, so trying it again can do no harm."""


def may_retry(error: Exception, method: Method[object], redo_operation: bool) -> bool:
    """Tell whether an invocation of `method` that failed with `error` may be sent again.

    Errors by which the member says that it did nothing (wrong owner, partition on the move …) always allow it.
    After a lost connection, or from a member that is going down, nobody knows whether the operation ran: then
    only read-only operations are repeated, or all of them with `redo_operation`.
    """
    if is_retryable(error):
        return True
    if isinstance(error, TargetDisconnectedError | HazelcastInstanceNotActiveError | OSError):
        return method.retryable or redo_operation
    return False


def pause_before(tries: int, longest: float) -> float:
    """Return the seconds to wait before the next try, after `tries` tries: none at first, then doubling."""
    if tries < FAST_TRIES:
        return 0.0
    return min(_FIRST_PAUSE * float(1 << min(tries - FAST_TRIES, 30)), longest)
