"""Documented names are there to import at their documented paths."""

import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    "hazelcast.proxy.base": "EntryEvent EntryEventType Proxy",
    "hazelcast.proxy.map": "Map",
    "hazelcast.serialization.api": "IdentifiedDataSerializable ObjectDataInput ObjectDataOutput Portable"
    " PortableReader PortableWriter StreamSerializer",
    "hazelcast.util": "LoadBalancer RandomLB RoundRobinLB",
}
"""Names by module: all that this release offers."""

LATER_MODULES = {
    "hazelcast.cp",
    "hazelcast.proxy.cp.atomic_long",
    "hazelcast.proxy.cp.atomic_reference",
    "hazelcast.proxy.cp.count_down_latch",
    "hazelcast.proxy.cp.fenced_lock",
    "hazelcast.proxy.cp.semaphore",
    "hazelcast.proxy.executor",
    "hazelcast.proxy.flake_id_generator",
    "hazelcast.proxy.list",
    "hazelcast.proxy.multi_map",
    "hazelcast.proxy.pn_counter",
    "hazelcast.proxy.queue",
    "hazelcast.proxy.replicated_map",
    "hazelcast.proxy.ringbuffer",
    "hazelcast.proxy.set",
    "hazelcast.proxy.topic",
    "hazelcast.proxy.transactional_list",
    "hazelcast.proxy.transactional_map",
    "hazelcast.proxy.transactional_multi_map",
    "hazelcast.proxy.transactional_queue",
    "hazelcast.proxy.transactional_set",
    "hazelcast.transaction",
}
"""Documented modules of structures that later releases bring."""

LATER_NAMES = {
    ("hazelcast.proxy.base", name)
    for name in ("ItemEvent", "ItemEventType", "PartitionSpecificProxy", "TopicMessage", "TransactionalProxy")
}
"""Documented names of other structures in modules that are there."""

LATER_METHODS = {
    "cp_subsystem",
    "get_distributed_objects",
    "add_distributed_object_listener",
    "remove_distributed_object_listener",
    "new_transaction",
}
"""Methods of the client that belong to other structures, beside their `get_…`."""

OF_SUBCLASSES = {
    # Each proxy defines its own, since each gives a blocking type of its own.
    ("hazelcast.proxy.base", "Proxy.blocking"),
    # Optional: without it the configured `portable_version` counts.
    ("hazelcast.serialization.api", "Portable.get_class_version"),
}
"""Documented methods that a base class leaves to its subclasses."""

API_INDEX = Path(
    os.environ.get("HZ_API_INDEX_DIR") or Path(__file__).resolve().parents[4] / "shared" / "seeds"
)
PAIRS = [(module, name) for module, names in DOCUMENTED.items() for name in names.split()]


def inventory() -> list[dict[str, Any]]:
    """Return the rows of the documentation's index, none where it isn't at hand."""
    index = API_INDEX / "api-inventory-000.json"
    rows: list[dict[str, Any]] = json.loads(index.read_text(encoding="utf-8")) if index.is_file() else []
    return rows


@pytest.mark.parametrize(("module", "name"), PAIRS, ids=[f"{module}.{name}" for module, name in PAIRS])
def test_importable(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name) is not None


def public_modules() -> list[str]:
    found = [module.name for module in pkgutil.walk_packages(hazelcast.__path__, "hazelcast.")]
    return [name for name in found if not name.rpartition(".")[2].startswith("_")]


@pytest.mark.parametrize("name", public_modules())
def test_star_import_gives_what_all_lists(name: str) -> None:
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert sorted(set(listed)) == sorted(listed)
    assert [entry for entry in listed if not hasattr(module, entry)] == []


def is_there(owner: Any, attribute: str) -> bool:
    """Whether the class has the attribute, or its constructor sets it."""
    if hasattr(owner, attribute):
        return True
    constructors = [vars(base).get("__init__") for base in inspect.getmro(owner)]
    return any(
        attribute in constructor.__code__.co_names
        for constructor in constructors
        if inspect.isfunction(constructor)
    )


def row_is_kept(row: dict[str, Any]) -> bool:
    owner: Any = importlib.import_module(row["module"])
    for name in {row["qualname"], row.get("qualname_in_code", row["qualname"])}:
        found = owner
        for part in name.split("."):
            if inspect.isclass(found):
                if not is_there(found, part):
                    return False
                found = getattr(found, part, None)
            elif not hasattr(found, part):
                return False
            else:
                found = getattr(found, part)
        if row["kind"] == "constant" and (value := row["signature"].removeprefix("= ")):
            assert repr(getattr(found, "value", found)) == value, row
    return True


def is_not_here(row: dict[str, Any]) -> bool:
    top, _, method = row["qualname"].partition(".")
    if (row["module"], row["qualname"]) in OF_SUBCLASSES:
        return True
    if row["module"] == "hazelcast.client":
        return method in LATER_METHODS or (method.startswith("get_") and method != "get_map")
    return row["module"] in LATER_MODULES or (row["module"], top) in LATER_NAMES


def test_every_row_of_the_inventory() -> None:
    rows = [row for row in inventory() if row["kind"] != "config"]
    missing = [
        f"{row['module']}.{row['qualname']}" for row in rows if not is_not_here(row) and not row_is_kept(row)
    ]
    assert missing == []


def test_what_is_called_later_is_documented() -> None:
    """So that the lists of what comes later hold nothing that is made up."""
    rows = inventory()
    modules = {row["module"] for row in rows} or LATER_MODULES
    names = {(row["module"], row["qualname"]) for row in rows} or LATER_NAMES
    assert modules >= LATER_MODULES
    assert names >= LATER_NAMES
    assert not LATER_MODULES & set(public_modules())


def test_the_reference_lists_every_module() -> None:
    listed = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text(encoding="utf-8").split()
    # These two hold nothing of their own.
    assert set(public_modules()) - {"hazelcast.client", "hazelcast.proxy"} <= set(listed)


def test_submodules_are_there_without_an_import_of_their_own() -> None:
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


def test_asyncio_is_loaded_only_when_wanted() -> None:
    code = "import sys, hazelcast; print('hazelcast.asyncio' in sys.modules, 'asyncio' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False False\n"
