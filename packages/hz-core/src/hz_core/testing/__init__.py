"""Simulated members, so that a client and programs that use it can be tested without a JVM.

A :class:`SimulatedCluster` has members that answer as real ones do, for maps, multimaps, replicated maps, queues,
transactions, SQL with results that the test provides, and the CP subsystem's objects. They know nothing of sockets:
each connection is a :class:`Pipe`, and what depends on time goes by the cluster's :class:`Clock`. ::

    cluster = SimulatedCluster(2)
    member = cluster.members[0]
    member.rule("Map.get", lambda request: request.error(*codes.RETRYABLE), times=3)

A rule looks at the requests of a member before it answers; ``SimulatedMember.requests`` has all that were
received. The services have what the cluster holds: ``cluster.service(MapService).state("m").values()``. A
:class:`RawClient` sends single messages to a member, for tests of your own :class:`Service`.
"""

from hz_core.testing import codes
from hz_core.testing.clock import Clock, ManualClock, Timer
from hz_core.testing.members import (
    Listener,
    MemberError,
    Request,
    Rule,
    Service,
    Session,
    SimulatedCluster,
    SimulatedMember,
    serves,
)
from hz_core.testing.network import Accept, Answer, BlackHole, Delay, Peer, Pipe, Refuse
from hz_core.testing.raw import RawClient
from hz_core.testing.services import (
    AtomicLongService,
    AtomicRefService,
    CardinalityEstimatorService,
    ClientService,
    CountDownLatchService,
    CPMapService,
    DurableExecutorService,
    ExecutorService,
    FencedLockService,
    FlakeIdGeneratorService,
    ListService,
    MapService,
    MultiMapService,
    PNCounterService,
    QueueService,
    ReplicatedMapService,
    RingbufferService,
    SemaphoreService,
    SessionService,
    SetService,
    SqlResult,
    SqlService,
    SqlType,
    TopicService,
    TransactionService,
    VectorCollectionService,
    VectorConfigService,
)

__all__ = [
    "Accept",
    "Answer",
    "AtomicLongService",
    "AtomicRefService",
    "BlackHole",
    "CPMapService",
    "CardinalityEstimatorService",
    "ClientService",
    "Clock",
    "CountDownLatchService",
    "Delay",
    "DurableExecutorService",
    "ExecutorService",
    "FencedLockService",
    "FlakeIdGeneratorService",
    "ListService",
    "Listener",
    "ManualClock",
    "MapService",
    "MemberError",
    "MultiMapService",
    "PNCounterService",
    "Peer",
    "Pipe",
    "QueueService",
    "RawClient",
    "Refuse",
    "ReplicatedMapService",
    "Request",
    "RingbufferService",
    "Rule",
    "SemaphoreService",
    "Service",
    "Session",
    "SessionService",
    "SetService",
    "SimulatedCluster",
    "SimulatedMember",
    "SqlResult",
    "SqlService",
    "SqlType",
    "Timer",
    "TopicService",
    "TransactionService",
    "VectorCollectionService",
    "VectorConfigService",
    "codes",
    "serves",
]
