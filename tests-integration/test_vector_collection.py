"""Vector collections need members of Hazelcast Enterprise: open-source ones are told apart by a clear error."""

from __future__ import annotations

import inspect

import pytest

from hazelcast.vector import IndexConfig, Metric
from hz_core.errors import UnsupportedOperationError
from hz_proxies import VECTOR_COLLECTION
from map_harness import Caller, fresh_name


async def test_open_source_members_have_no_vector_collections(caller: Caller) -> None:
    with pytest.raises(UnsupportedOperationError, match=r"needs members of Hazelcast Enterprise .* 5\.7\.0"):
        await caller.object(VECTOR_COLLECTION)


async def test_open_source_members_refuse_the_configuration(caller: Caller) -> None:
    async def create() -> None:
        added = caller.client.create_vector_collection_config(
            fresh_name(), [IndexConfig("i", Metric.COSINE, 3)]
        )
        if inspect.isawaitable(added):
            await added

    with pytest.raises(UnsupportedOperationError, match="create_vector_collection_config"):
        await create()
