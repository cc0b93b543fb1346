"""The configuration of a vector collection, which clients may add to a running cluster."""

from collections.abc import Sequence
from typing import Any

from hz_core.arguments import int32, shown
from hz_core.context import ClientContext
from hz_core.errors import HazelcastError
from hz_core.op import Flow
from hz_core.operations import check_name
from hz_proxies.codecs import dynamic_config as codec
from hz_proxies.vector_collection.availability import lacking
from hz_proxies.vector_collection.documents import IndexConfig

_MOST_BACKUPS = 6


def create_config(
    context: ClientContext,
    name: str,
    indexes: Sequence[IndexConfig],
    backup_count: int = 1,
    async_backup_count: int = 0,
    split_brain_protection_name: str | None = None,
    merge_policy: str = "PutIfAbsentMergePolicy",
    merge_batch_size: int = 100,
) -> Flow[None]:
    """Return the flow that adds a configuration; see ``HazelcastClient.create_vector_collection_config``."""
    check_name(name)
    records = [_record(index) for index in indexes]
    if not records:
        raise ValueError("indexes must not be empty: documents are found by an index only")
    backups = int32(backup_count, "backup_count", 0), int32(async_backup_count, "async_backup_count", 0)
    if sum(backups) > _MOST_BACKUPS:
        raise ValueError(f"backup_count and async_backup_count must be at most {_MOST_BACKUPS} together")
    op = codec.add_vector_collection_config(
        name,
        records,
        *backups,
        split_brain_protection_name,
        merge_policy,
        int32(merge_batch_size, "merge_batch_size", 1),
        None,
    )
    return _added(context, op)


def _added(context: ClientContext, op: Any) -> Flow[None]:
    try:
        yield op
    except HazelcastError as e:
        raise lacking(e, "create_vector_collection_config", context.view.members.members) from e


def _record(index: IndexConfig) -> codec.VectorIndexConfig:
    if not isinstance(index, IndexConfig):
        raise TypeError(f"an IndexConfig is needed, not {shown(index)}")
    return codec.VectorIndexConfig(
        index.name,
        index.metric.value,
        index.dimension,
        index.max_degree,
        index.ef_construction,
        index.use_deduplication,
    )
