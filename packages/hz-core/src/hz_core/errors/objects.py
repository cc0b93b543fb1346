"""Errors about distributed objects: structures, queries, transactions, executors and CRDTs."""

from hz_serialization import HazelcastError


class CacheError(HazelcastError):
    """An operation of a JCache failed."""


class CacheLoaderError(HazelcastError):
    """The loader of a JCache failed."""


class CacheNotExistsError(HazelcastError):
    """There is no JCache of that name."""


class CacheWriterError(HazelcastError):
    """The writer of a JCache failed."""


class ConsistencyLostError(HazelcastError):
    """No replica is left that has seen what this PN counter session has seen; reset the counter's proxy."""


class DistributedObjectDestroyedError(HazelcastError):
    """The distributed object was destroyed while it was used."""


class DuplicateTaskError(HazelcastError):
    """A scheduled task of that name exists already."""


class EntryProcessorError(HazelcastError):
    """An entry processor failed; the cause tells why."""


class MutationDisallowedError(HazelcastError):
    """The replica takes no updates for now."""


class NodeIdOutOfRangeError(HazelcastError):
    """The member can't generate flake ids, since its node id needs too many bits."""


class QueryError(HazelcastError):
    """The query failed; the message tells why."""


class QueryResultSizeExceededError(HazelcastError):
    """The query's result is larger than the members are configured to allow."""


class ReachedMaxSizeError(HazelcastError):
    """The structure is at its configured maximum size."""


class ReplicatedMapCantBeCreatedOnLiteMemberError(HazelcastError):
    """A lite member was asked for a replicated map, which it can't hold."""


class StaleSequenceError(HazelcastError):
    """The sequence is older than the oldest item of the ringbuffer."""


class StaleTaskError(HazelcastError):
    """The scheduled task was disposed of."""


class StaleTaskIdError(HazelcastError):
    """The id of a durable task is known no more, since its result was retrieved or overwritten."""


class TargetNotReplicaError(HazelcastError):
    """The member holds no replica of the CRDT."""


class TopicOverloadError(HazelcastError):
    """The ringbuffer behind the reliable topic has no room for the message."""


class TransactionError(HazelcastError):
    """The transaction failed, or was used in a way that its state doesn't allow."""


class TransactionNotActiveError(HazelcastError):
    """The transaction isn't active: it wasn't begun, or is over."""


class TransactionTimedOutError(HazelcastError):
    """The transaction took longer than its timeout."""
