"""What the simulated members do with the messages of each service.

A module for each group of services; importing this package makes them known to every cluster. To add one, derive from
:class:`hz_core.testing.Service`, decorate the class with :func:`hz_core.testing.serves`, and import its module here.
"""

from hz_core.testing.services.cardinality_estimator import CardinalityEstimatorService
from hz_core.testing.services.client import ClientService
from hz_core.testing.services.collections import ListService, SetService
from hz_core.testing.services.cp import AtomicLongService, FencedLockService, GroupService, SessionService
from hz_core.testing.services.cp_objects import (
    AtomicRefService,
    CountDownLatchService,
    CPMapService,
    LatchState,
    SemaphoreService,
    SemaphoreState,
)
from hz_core.testing.services.durable_executor import DurableExecutorService
from hz_core.testing.services.executor import ExecutorService
from hz_core.testing.services.flake_id_generator import FlakeIdGeneratorService
from hz_core.testing.services.map import MapService
from hz_core.testing.services.map_processing import Processed
from hz_core.testing.services.map_state import MapState
from hz_core.testing.services.multi_map import MultiMapService, MultiMapState
from hz_core.testing.services.pn_counter import PNCounterService
from hz_core.testing.services.queue import QueueService, QueueState
from hz_core.testing.services.replicated_map import ReplicatedEntry, ReplicatedMapService
from hz_core.testing.services.ringbuffer import RingbufferService, RingbufferState
from hz_core.testing.services.sql import SqlResult, SqlService, SqlType
from hz_core.testing.services.topic import TopicService
from hz_core.testing.services.transaction import TransactionalMapService, TransactionService
from hz_core.testing.services.transaction_items import (
    TransactionalListService,
    TransactionalQueueService,
    TransactionalSetService,
)
from hz_core.testing.services.transactional_multi_map import TransactionalMultiMapService
from hz_core.testing.services.vector_collection import VectorCollectionService, VectorConfigService

__all__ = [
    "AtomicLongService",
    "AtomicRefService",
    "CPMapService",
    "CardinalityEstimatorService",
    "ClientService",
    "CountDownLatchService",
    "DurableExecutorService",
    "ExecutorService",
    "FencedLockService",
    "FlakeIdGeneratorService",
    "GroupService",
    "LatchState",
    "ListService",
    "MapService",
    "MapState",
    "MultiMapService",
    "MultiMapState",
    "PNCounterService",
    "Processed",
    "QueueService",
    "QueueState",
    "ReplicatedEntry",
    "ReplicatedMapService",
    "RingbufferService",
    "RingbufferState",
    "SemaphoreService",
    "SemaphoreState",
    "SessionService",
    "SetService",
    "SqlResult",
    "SqlService",
    "SqlType",
    "TopicService",
    "TransactionService",
    "TransactionalListService",
    "TransactionalMapService",
    "TransactionalMultiMapService",
    "TransactionalQueueService",
    "TransactionalSetService",
    "VectorCollectionService",
    "VectorConfigService",
]
