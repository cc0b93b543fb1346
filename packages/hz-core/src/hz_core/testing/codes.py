"""Code and class name of the errors that members answer with, for ``Request.error``."""

from typing import Final

AUTHENTICATION: Final = (3, "com.hazelcast.client.AuthenticationException")
CANCELLED: Final = (9, "java.util.concurrent.CancellationException")
HAZELCAST: Final = (18, "com.hazelcast.core.HazelcastException")
NOT_ACTIVE: Final = (19, "com.hazelcast.core.HazelcastInstanceNotActiveException")
SECURITY: Final = (49, "java.lang.SecurityException")
ILLEGAL_ARGUMENT: Final = (23, "java.lang.IllegalArgumentException")
ILLEGAL_MONITOR_STATE: Final = (26, "java.lang.IllegalMonitorStateException")
ILLEGAL_STATE: Final = (27, "java.lang.IllegalStateException")
INDEX_OUT_OF_BOUNDS: Final = (29, "java.lang.IndexOutOfBoundsException")
DESTROYED: Final = (14, "com.hazelcast.spi.exception.DistributedObjectDestroyedException")
REJECTED: Final = (44, "java.util.concurrent.RejectedExecutionException")
RETRYABLE: Final = (46, "com.hazelcast.spi.exception.RetryableHazelcastException")
STALE_SEQUENCE: Final = (51, "com.hazelcast.ringbuffer.StaleSequenceException")
NOT_MEMBER: Final = (53, "com.hazelcast.spi.exception.TargetNotMemberException")
TRANSACTION: Final = (56, "com.hazelcast.transaction.TransactionException")
TRANSACTION_NOT_ACTIVE: Final = (57, "com.hazelcast.transaction.TransactionNotActiveException")
TRANSACTION_TIMED_OUT: Final = (58, "com.hazelcast.transaction.TransactionTimedOutException")
UNSUPPORTED: Final = (61, "java.lang.UnsupportedOperationException")
WRONG_TARGET: Final = (62, "com.hazelcast.spi.exception.WrongTargetException")
STALE_TASK_ID: Final = (76, "com.hazelcast.durableexecutor.StaleTaskIdException")
ACCESS_CONTROL: Final = (64, "java.security.AccessControlException")
LOGIN: Final = (65, "javax.security.auth.login.LoginException")
NODE_ID_OUT_OF_RANGE: Final = (
    81,
    "com.hazelcast.flakeidgen.impl.NodeIdOutOfRangeException",
)
NOT_REPLICA: Final = (82, "com.hazelcast.internal.crdt.TargetNotReplicaException")
CONSISTENCY_LOST: Final = (84, "com.hazelcast.core.ConsistencyLostException")
SESSION_EXPIRED: Final = (85, "com.hazelcast.cp.internal.session.SessionExpiredException")
WAIT_KEY_CANCELLED: Final = (
    86,
    "com.hazelcast.cp.internal.datastructures.exception.WaitKeyCancelledException",
)
LEADER_DEMOTED: Final = (91, "com.hazelcast.cp.exception.LeaderDemotedException")
NOT_LEADER: Final = (93, "com.hazelcast.cp.exception.NotLeaderException")
