"""Errors about the cluster, its members, their connections and their configuration."""

from hz_serialization import HazelcastError


class AuthenticationError(HazelcastError):
    """The member rejected the cluster name or the credentials of this client."""


class CallerNotMemberError(HazelcastError):
    """The sender of the operation is not a member of the cluster, or no longer one."""


class ClientNotAllowedInClusterError(HazelcastError):
    """The cluster does not accept this client: it is blocked, or belongs to another cluster after a failover."""


class ConfigMismatchError(HazelcastError):
    """The configurations of two members, or of client and member, are incompatible."""


class ConfigurationError(HazelcastError):
    """The configuration is invalid."""


class DuplicateInstanceNameError(HazelcastError):
    """An instance with that name is already running."""


class HazelcastCertificationError(HazelcastError):
    """A TLS certificate could not be verified."""


class HazelcastInstanceNotActiveError(HazelcastError):
    """The member is starting or shutting down and does not accept operations."""


class HazelcastOverloadError(HazelcastError):
    """Too many operations are pending; wait for some of them before you send more."""


class IndeterminateOperationStateError(HazelcastError):
    """It is unknown whether the operation was executed: a backup ack or the partition's owner was lost."""


class InvalidAddressError(HazelcastError):
    """The text is not an address in the form host, host:port or [IPv6]:port."""


class InvalidConfigurationError(HazelcastError):
    """An option is unknown, or options contradict each other."""


class LocalMemberResetError(HazelcastError):
    """The member discarded its state to join another part of a split cluster."""


class MaxMessageSizeExceededError(HazelcastError):
    """The message is larger than the member accepts."""


class MemberLeftError(HazelcastError):
    """The member that executed the operation left the cluster."""


class NativeOutOfMemoryError(HazelcastError):
    """The member has no native (off-heap) memory left."""


class NoDataMemberInClusterError(HazelcastError):
    """All members are lite members, which cannot own partitions."""


class OperationTimeoutError(HazelcastError):
    """The operation did not complete within its time limit."""


class PartitionMigratingError(HazelcastError):
    """The partition is migrating to another member; the operation may be retried."""


class ResponseAlreadySentError(HazelcastError):
    """The member replied twice to an operation."""


class RetryableHazelcastError(HazelcastError):
    """The operation failed temporarily and may be retried."""


class RetryableIOError(HazelcastError):
    """Input or output failed temporarily; the operation may be retried."""


class ServiceNotFoundError(HazelcastError):
    """The member has no service with that name."""


class SplitBrainProtectionError(HazelcastError):
    """Too few members are present for the split-brain protection of this object."""


class TargetDisconnectedError(HazelcastError):
    """The connection of the operation was lost before the reply."""


class TargetNotMemberError(HazelcastError):
    """The target of the operation is not a member of the cluster, or no longer one."""


class UndefinedErrorCodeError(HazelcastError):
    """The member reported an exception whose code this client does not know; see its class name."""


class VersionMismatchError(HazelcastError):
    """The versions of two components are incompatible."""


class WANReplicationQueueFullError(HazelcastError):
    """The WAN replication queue is full."""


class WrongTargetError(HazelcastError):
    """The member that received the operation does not own its partition."""
