"""Errors of the CP subsystem."""

from hz_serialization import HazelcastError


class CannotReplicateError(HazelcastError):
    """The leader of the CP group can't take entries for now; the operation may be tried again."""


class CPGroupDestroyedError(HazelcastError):
    """The CP group was destroyed."""


class CPLeaderSteppingDownError(HazelcastError):
    """The leader of the CP group is handing over its leadership."""


class LeaderDemotedError(HazelcastError):
    """The leader lost its leadership before the operation was committed."""


class LockAcquireLimitReachedError(HazelcastError):
    """The lock is held as many times as its configuration allows."""


class LockOwnershipLostError(HazelcastError):
    """The CP session ended while its lock was held, so the lock is lost."""


class NotLeaderError(HazelcastError):
    """The CP member that got the operation isn't the leader of the group."""


class SessionExpiredError(HazelcastError):
    """The CP session has expired or was closed."""


class StaleAppendRequestError(HazelcastError):
    """The entry was appended by a leader of the past."""


class WaitKeyCancelledError(HazelcastError):
    """The wait was cancelled on the CP group, for example by a newer request of the same caller."""
