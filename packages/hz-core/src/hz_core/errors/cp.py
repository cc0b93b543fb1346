"""Errors of the CP subsystem."""

from hz_serialization import HazelcastError


class CannotReplicateError(HazelcastError):
    """The leader of the CP group cannot replicate entries at the moment; the operation may be retried."""


class CPGroupDestroyedError(HazelcastError):
    """The CP group was destroyed."""


class CPLeaderSteppingDownError(HazelcastError):
    """The leader of the CP group is handing over its leadership."""


class LeaderDemotedError(HazelcastError):
    """The leader lost its leadership before the operation was committed."""


class LockAcquireLimitReachedError(HazelcastError):
    """The limit of acquisitions of the lock is reached."""


class LockOwnershipLostError(HazelcastError):
    """The CP session ended while its lock was held, so the lock is lost."""


class NotLeaderError(HazelcastError):
    """The CP member that received the operation is not the leader of the group."""


class SessionExpiredError(HazelcastError):
    """The CP session has expired or was closed."""


class StaleAppendRequestError(HazelcastError):
    """The entry was appended by a former leader."""


class WaitKeyCancelledError(HazelcastError):
    """The CP group cancelled the wait, for example because of a newer request of the same caller."""
