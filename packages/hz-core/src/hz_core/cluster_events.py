"""Listeners of a client for what happens in the cluster: to objects, and to partitions."""

from collections.abc import Callable
from typing import Any

from hz_core.codecs import client as codec
from hz_core.listener import ListenerSpec
from hz_core.model import (
    DistributedObjectEvent,
    MigrationState,
    PartitionLostEvent,
    ReplicaMigrationEvent,
)


def distributed_object_listener(listener_func: Callable[[DistributedObjectEvent], object]) -> ListenerSpec:
    """Return a registration that calls ``listener_func`` for each object that is created or destroyed.

    Source: message ``Client.addDistributedObjectListener``.
    """
    _check_function(listener_func, "listener_func")

    def on_event(record: Any) -> None:
        listener_func(
            DistributedObjectEvent(record.name, record.service_name, record.event_type, record.source)
        )

    return ListenerSpec(
        codec.add_distributed_object_listener, codec.remove_distributed_object_listener, on_event
    )


def partition_lost_listener(partition_lost: Callable[[PartitionLostEvent], object]) -> ListenerSpec:
    """Return a registration that calls ``partition_lost`` for each partition that loses data.

    Source: message ``Client.addPartitionLostListener``.
    """
    _check_function(partition_lost, "partition_lost")

    def on_event(record: Any) -> None:
        partition_lost(PartitionLostEvent(record.partition_id, record.lost_backup_count, record.source))

    return ListenerSpec(codec.add_partition_lost_listener, codec.remove_partition_lost_listener, on_event)


def migration_listener(
    started: Callable[[MigrationState], object] | None,
    finished: Callable[[MigrationState], object] | None,
    replica_completed: Callable[[ReplicaMigrationEvent], object] | None,
    replica_failed: Callable[[ReplicaMigrationEvent], object] | None,
) -> ListenerSpec:
    """Return a registration that calls the functions that are not None.

    Raises:
        ValueError: All functions are None.

    Source: message ``Client.addMigrationListener``.
    """
    functions = {
        "started": started,
        "finished": finished,
        "replica_completed": replica_completed,
        "replica_failed": replica_failed,
    }
    for what, function in functions.items():
        if function is not None:
            _check_function(function, what)
    if all(function is None for function in functions.values()):
        raise ValueError("a migration listener needs at least one function to call")

    def on_event(record: Any) -> None:
        state = MigrationState(*record.migration_state)
        if isinstance(record, codec.MigrationEvent):
            process = (started, finished)[record.type] if record.type in (0, 1) else None
            if process is not None:
                process(state)
            return
        replica = replica_completed if record.success else replica_failed
        if replica is not None:
            replica(
                ReplicaMigrationEvent(
                    state,
                    record.partition_id,
                    record.replica_index,
                    record.source_uuid,
                    record.dest_uuid,
                    record.success,
                    record.elapsed_time,
                )
            )

    return ListenerSpec(codec.add_migration_listener, codec.remove_migration_listener, on_event)


def _check_function(function: Any, what: str) -> None:
    if not callable(function):
        raise TypeError(f"{what} must be a function, not {type(function).__name__}")
