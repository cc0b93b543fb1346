"""Errors of distributed objects: data structures, queries, transactions, executors and CRDTs."""

from hz_serialization import HazelcastError


class CacheError(HazelcastError):
    """An operation of a JCache failed."""


class CacheLoaderError(HazelcastError):
    """The loader of a JCache failed."""


class CacheNotExistsError(HazelcastError):
    """There is no JCache with that name."""


class CacheWriterError(HazelcastError):
    """The writer of a JCache failed."""


class ConsistencyLostError(HazelcastError):
    """No replica of the PN counter has all updates of this session; reset the counter's proxy."""


class DistributedObjectDestroyedError(HazelcastError):
    """The distributed object was destroyed while it was used."""


class DuplicateTaskError(HazelcastError):
    """A scheduled task with that name exists already."""


class EntryProcessorError(HazelcastError):
    """An entry processor failed; see the cause."""


class MutationDisallowedError(HazelcastError):
    """The replica does not accept updates at the moment."""


class NodeIdOutOfRangeError(HazelcastError):
    """The member cannot generate flake ids, because its node id is too large."""


class QueryError(HazelcastError):
    """The query failed; see the message."""


class QueryResultSizeExceededError(HazelcastError):
    """The query's result is larger than the members are configured to allow."""


class ReachedMaxSizeError(HazelcastError):
    """The data structure has reached its configured maximum size."""


class ReplicatedMapCantBeCreatedOnLiteMemberError(HazelcastError):
    """A lite member cannot store a replicated map."""


class StaleSequenceError(HazelcastError):
    """The sequence is older than the oldest item of the ringbuffer."""


class StaleTaskError(HazelcastError):
    """The scheduled task was disposed of."""


class StaleTaskIdError(HazelcastError):
    """The id of the durable task is no longer valid, because its result was retrieved or overwritten."""


class TargetNotReplicaError(HazelcastError):
    """The member has no replica of the CRDT."""


class TopicOverloadError(HazelcastError):
    """The ringbuffer of the reliable topic has no space for the message."""


class TransactionError(HazelcastError):
    """The transaction failed, or its state does not allow the operation."""


class TransactionNotActiveError(HazelcastError):
    """The transaction was not started, or has ended."""


class TransactionTimedOutError(HazelcastError):
    """The transaction exceeded its timeout."""
