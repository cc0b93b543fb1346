"""Documented names can be imported from their documented modules, and classes show public names."""

import importlib
import inspect
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import hazelcast

DOCUMENTED = {
    "hazelcast": "HazelcastClient",
    "hazelcast.asyncio": "HazelcastClient",
    "hazelcast.client": "HazelcastClient",
    "hazelcast.aggregator": "count distinct double_avg double_sum fixed_point_sum floating_point_sum int_avg"
    " int_sum long_avg long_sum max_ max_by min_ min_by number_avg",
    "hazelcast.cluster": "ClusterService",
    "hazelcast.config": "Config EvictionPolicy InMemoryFormat IndexType IntType QueryConstants ReconnectMode"
    " SSLProtocol UniqueKeyTransformation",
    "hazelcast.cp": "CPSubsystem",
    "hazelcast.core": "Address DistributedObjectEvent DistributedObjectType HazelcastJsonValue MemberInfo"
    " MemberVersion SimpleEntryView",
    "hazelcast.errors": "AccessControlError ArrayIndexOutOfBoundsException ArrayStoreError AuthenticationError"
    " CacheNotExistsError CallerNotMemberError CancellationError CannotReplicateError ClassCastException"
    " ClassNotFoundError ClientNotAllowedInClusterError ClientOfflineError ConcurrentModificationError"
    " ConfigMismatchError ConfigurationError ConsistencyLostError CPGroupDestroyedError"
    " DistributedObjectDestroyedError DuplicateInstanceNameError DuplicateTaskError ExecutionError"
    " HazelcastAssertionError HazelcastCertificationError HazelcastClientNotActiveError HazelcastEOFError"
    " HazelcastError HazelcastInstanceNotActiveError HazelcastInterruptedError HazelcastIOError"
    " HazelcastOverloadError HazelcastRuntimeError HazelcastSerializationError HazelcastTimeoutError"
    " IllegalAccessError IllegalAccessException IllegalArgumentError IllegalMonitorStateError"
    " IllegalStateError IllegalThreadStateError IndeterminateOperationStateError IndexOutOfBoundsException"
    " InvalidAddressError InvalidConfigurationError LeaderDemotedError LocalMemberResetError"
    " LockAcquireLimitReachedError LockOwnershipLostError LoginError MaxMessageSizeExceededError"
    " MemberLeftError MutationDisallowedError NativeOutOfMemoryError NegativeArraySizeError"
    " NoClassDefFoundError NodeIdOutOfRangeError NoDataMemberInClusterError NoSuchElementError"
    " NoSuchFieldError NoSuchFieldException NoSuchMethodError NoSuchMethodException NotLeaderError"
    " NotSerializableError NullPointerException OperationTimeoutError OutOfMemoryError"
    " PartitionMigratingError QueryError QueryResultSizeExceededError ReachedMaxSizeError"
    " RejectedExecutionError ReplicatedMapCantBeCreatedOnLiteMemberError ResponseAlreadySentError"
    " RetryableHazelcastError RetryableIOError SecurityError ServiceNotFoundError SessionExpiredError"
    " SocketError SplitBrainProtectionError StackOverflowError StaleAppendRequestError StaleSequenceError"
    " StaleTaskError StaleTaskIdError TargetDisconnectedError TargetNotMemberError TargetNotReplicaError"
    " TopicOverloadError TransactionError TransactionNotActiveError TransactionTimedOutError"
    " UndefinedErrorCodeError UnsupportedCallbackError UnsupportedOperationError URISyntaxError"
    " UTFDataFormatError VersionMismatchError WaitKeyCancelledError WANReplicationQueueFullError"
    " WrongTargetError XAError",
    "hazelcast.future": "Future combine_futures",
    "hazelcast.lifecycle": "LifecycleService LifecycleState",
    "hazelcast.partition": "PartitionService",
    "hazelcast.predicate": "PagingPredicate Predicate and_ between equal false greater greater_or_equal ilike"
    " in_ instance_of less less_or_equal like not_ not_equal or_ paging regex sql true",
    "hazelcast.projection": "identity multi_attribute single_attribute",
    "hazelcast.proxy.base": "EntryEvent EntryEventType ItemEvent ItemEventType Proxy TopicMessage",
    "hazelcast.proxy.cp.atomic_long": "AtomicLong",
    "hazelcast.proxy.cp.atomic_reference": "AtomicReference",
    "hazelcast.proxy.cp.count_down_latch": "CountDownLatch",
    "hazelcast.proxy.cp.fenced_lock": "FencedLock",
    "hazelcast.proxy.cp.semaphore": "Semaphore",
    "hazelcast.proxy.list": "List",
    "hazelcast.proxy.map": "Map",
    "hazelcast.proxy.reliable_topic": "ReliableMessageListener ReliableTopic",
    "hazelcast.proxy.ringbuffer": "Ringbuffer",
    "hazelcast.proxy.topic": "Topic",
    "hazelcast.proxy.queue": "Queue",
    "hazelcast.proxy.set": "Set",
    "hazelcast.proxy.transactional_list": "TransactionalList",
    "hazelcast.proxy.transactional_queue": "TransactionalQueue",
    "hazelcast.proxy.transactional_set": "TransactionalSet",
    "hazelcast.proxy.multi_map": "BlockingMultiMap MultiMap",
    "hazelcast.proxy.replicated_map": "BlockingReplicatedMap ReplicatedMap",
    "hazelcast.proxy.transactional_map": "TransactionalMap",
    "hazelcast.proxy.transactional_multi_map": "TransactionalMultiMap",
    "hazelcast.serialization.api": "IdentifiedDataSerializable ObjectDataInput ObjectDataOutput Portable"
    " PortableReader PortableWriter StreamSerializer",
    "hazelcast.transaction": "ONE_PHASE TWO_PHASE Transaction",
    "hazelcast.util": "LoadBalancer RandomLB RoundRobinLB",
}
"""Names by module: everything that this release has."""

LATER_NAMES = {
    ("hazelcast.proxy.base", name) for name in ("PartitionSpecificProxy", "TransactionalProxy")
} | {("hazelcast.transaction", "TransactionManager")}
"""Documented names of what is internal, in modules of this release."""

GETTERS = {
    "get_cardinality_estimator",
    "get_durable_executor",
    "get_executor",
    "get_flake_id_generator",
    "get_list",
    "get_map",
    "get_multi_map",
    "get_pn_counter",
    "get_queue",
    "get_replicated_map",
    "get_reliable_topic",
    "get_ringbuffer",
    "get_scheduled_executor",
    "get_set",
    "get_topic",
    "get_vector_collection",
}
"""Methods of the client that return a data structure of this release."""

OF_SUBCLASSES = {
    # Each proxy defines its own, which returns its own blocking type.
    ("hazelcast.proxy.base", "Proxy.blocking"),
    # Optional: without it the configured `portable_version` is used.
    ("hazelcast.serialization.api", "Portable.get_class_version"),
}
"""Documented methods that only the subclasses have."""

API_INDEX = Path(__file__).parent / "data" / "api-index.tsv"
PAIRS = [(module, name) for module, names in DOCUMENTED.items() for name in names.split()]


class Row(NamedTuple):
    """A name in the documentation's index."""

    module: str
    name: str
    kind: str
    value: str = ""
    name_in_code: str = ""


def index() -> list[Row]:
    """Return the rows of the documentation's index."""
    lines = API_INDEX.read_text(encoding="utf-8").splitlines()
    return [Row(*line.split("\t")) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(("module", "name"), PAIRS, ids=[f"{module}.{name}" for module, name in PAIRS])
def test_importable(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name) is not None


def public_modules() -> list[str]:
    found = [module.name for module in pkgutil.walk_packages(hazelcast.__path__, "hazelcast.")]
    return [name for name in found if not name.rpartition(".")[2].startswith("_")]


@pytest.mark.parametrize("name", public_modules())
def test_star_import(name: str) -> None:
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert sorted(set(listed)) == sorted(listed)
    assert [entry for entry in listed if not hasattr(module, entry)] == []


def has_attribute(owner: Any, attribute: str) -> bool:
    """Return whether the class has the attribute, or its constructor sets it."""
    if hasattr(owner, attribute):
        return True
    constructors = [vars(base).get("__init__") for base in inspect.getmro(owner)]
    return any(
        attribute in constructor.__code__.co_names
        for constructor in constructors
        if inspect.isfunction(constructor)
    )


def is_available(row: Row) -> bool:
    """Return whether the documented name exists, with the documented value if it is a constant."""
    owner: Any = importlib.import_module(row.module)
    for name in {row.name, row.name_in_code or row.name}:
        found = owner
        for part in name.split("."):
            if not (has_attribute(found, part) if inspect.isclass(found) else hasattr(found, part)):
                return False
            found = getattr(found, part, None)
        if row.kind == "constant" and row.value and repr(getattr(found, "value", found)) != row.value:
            return False
    return True


def is_planned(row: Row) -> bool:
    """Return whether the documented name belongs to a structure of a later release, or to subclasses."""
    top = row.name.partition(".")[0]
    if (row.module, row.name) in OF_SUBCLASSES:
        return True
    return (row.module, top) in LATER_NAMES


def test_every_documented_name_is_available_or_planned() -> None:
    rows = index()
    assert len(rows) == 702
    assert [f"{row.module}.{row.name}" for row in rows if not is_planned(row) and not is_available(row)] == []


def test_the_lists_of_planned_names_are_exact() -> None:
    later = {(row.module, row.name): row for row in index() if is_planned(row)}
    assert later.keys() >= LATER_NAMES | OF_SUBCLASSES
    assert [f"{row.module}.{row.name}" for row in later.values() if is_available(row)] == []


def test_the_reference_lists_every_module() -> None:
    listed = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text(encoding="utf-8").split()
    # These two define nothing that the reference does not list elsewhere.
    assert set(public_modules()) - {"hazelcast.client", "hazelcast.proxy"} <= set(listed)


def test_submodules_need_no_import() -> None:
    code = (
        "import sys, hazelcast\n"
        "assert 'hazelcast.predicate' not in sys.modules\n"
        "print(hazelcast.predicate.sql('a = 1'), hazelcast.config.IndexType.HASH.name)\n"
        "assert 'errors' in dir(hazelcast)\n"
        "hazelcast.no_such_module\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "sql('a = 1') HASH\n"
    assert "AttributeError: module 'hazelcast' has no attribute 'no_such_module'" in done.stderr


def test_asyncio_is_loaded_on_first_use() -> None:
    code = "import sys, hazelcast; print('hazelcast.asyncio' in sys.modules, 'asyncio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False False\n"


def test_errors_show_their_public_name() -> None:
    from hz_core.errors.jdk import IllegalStateError

    assert (
        f"{IllegalStateError.__module__}.{IllegalStateError.__qualname__}"
        == "hazelcast.errors.IllegalStateError"
    )
    listed = [getattr(hazelcast.errors, name) for name in hazelcast.errors.__all__]
    classes = [found for found in listed if isinstance(found, type)]
    assert {found.__module__ for found in classes} == {"hazelcast.errors"}
    assert len(classes) > 120


def test_errors_can_be_pickled() -> None:
    error = hazelcast.errors.IllegalStateError("not now")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.args) == (hazelcast.errors.IllegalStateError, ("not now",))


def test_a_traceback_has_the_public_name_after_the_import_of_the_package_alone() -> None:
    code = "import hazelcast; hazelcast.HazelcastClient(cluster_nmae='shop')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert "\nhazelcast.errors.InvalidConfigurationError: Unrecognized config option" in done.stderr


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("hz_core.config", "ClientConfig NearCacheConfig ReconnectMode"),
        ("hz_proxies.map", "BlockingMap Map"),
        ("hz_proxies.multi_map", "BlockingMultiMap MultiMap MultiMapValues"),
        ("hz_proxies.pages", "BlockingPages Pages"),
        ("hz_proxies.predicate", "PagingPredicate Predicate"),
        ("hz_proxies.queue", "BlockingQueue Queue"),
        ("hz_proxies.replicated_map", "BlockingReplicatedMap ReplicatedMap ReplicatedMapEntryView"),
        ("hz_proxies.sql", "HazelcastSqlError SqlRow"),
        ("hz_proxies.transaction", "BlockingTransaction TransactionType"),
    ],
)
def test_classes_of_other_distributions_have_public_names(module: str, names: str) -> None:
    for name in names.split():
        assert getattr(importlib.import_module(module), name).__module__ == module
