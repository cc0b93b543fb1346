"""Errors about the cluster, its members, their connections and their configuration."""

from hz_serialization import HazelcastError


class AuthenticationError(HazelcastError):
    """The member refused the cluster name or the credentials of this client."""


class CallerNotMemberError(HazelcastError):
    """The operation was sent by something that isn't a member (any more)."""


class ClientNotAllowedInClusterError(HazelcastError):
    """The cluster doesn't accept this client: it is blocked, or of another cluster after a failover."""


class ConfigMismatchError(HazelcastError):
    """The configurations of two members, or of client and member, don't fit together."""


class ConfigurationError(HazelcastError):
    """The configuration can't be used as it is."""


class DuplicateInstanceNameError(HazelcastError):
    """An instance of that name runs already."""


class HazelcastCertificationError(HazelcastError):
    """A TLS certificate could not be verified."""


class HazelcastInstanceNotActiveError(HazelcastError):
    """The member is starting or shutting down and doesn't take operations."""


class HazelcastOverloadError(HazelcastError):
    """Too many operations are pending; wait for some before you send more."""


class IndeterminateOperationStateError(HazelcastError):
    """Nobody can tell whether the operation ran: a backup ack or the partition's owner got lost."""


class InvalidAddressError(HazelcastError):
    """The text isn't an address of the form host, host:port or [IPv6]:port."""


class InvalidConfigurationError(HazelcastError):
    """An option is unknown, or options contradict each other."""


class LocalMemberResetError(HazelcastError):
    """The member gave up its state to join another part of a split cluster."""


class MaxMessageSizeExceededError(HazelcastError):
    """The message is larger than the member accepts."""


class MemberLeftError(HazelcastError):
    """The member that should have answered left the cluster."""


class NativeOutOfMemoryError(HazelcastError):
    """The member has no native (off-heap) memory left."""


class NoDataMemberInClusterError(HazelcastError):
    """All members are lite members, so nobody can own partitions."""


class OperationTimeoutError(HazelcastError):
    """The operation wasn't completed in the time that it had."""


class PartitionMigratingError(HazelcastError):
    """The partition is just moving to another member; the operation may be tried again."""


class ResponseAlreadySentError(HazelcastError):
    """The member answered an operation that it had answered before."""


class RetryableHazelcastError(HazelcastError):
    """The operation failed for now and may be tried again."""


class RetryableIOError(HazelcastError):
    """Input or output failed for now; the operation may be tried again."""


class ServiceNotFoundError(HazelcastError):
    """The member has no service of that name."""


class SplitBrainProtectionError(HazelcastError):
    """Too few members are present for the split-brain protection of this object."""


class TargetDisconnectedError(HazelcastError):
    """The connection that the operation was sent over got lost before the reply."""


class TargetNotMemberError(HazelcastError):
    """The operation was sent to something that isn't a member (any more)."""


class UndefinedErrorCodeError(HazelcastError):
    """The member reported an exception whose code this client doesn't know; see its class name."""


class VersionMismatchError(HazelcastError):
    """The versions of two parts that should work together don't fit."""


class WANReplicationQueueFullError(HazelcastError):
    """The queue of WAN replication is full."""


class WrongTargetError(HazelcastError):
    """The member that got the operation doesn't own its partition."""
