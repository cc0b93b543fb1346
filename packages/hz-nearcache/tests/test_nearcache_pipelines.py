"""Hits in pipelines are futures, as all results there, on the futures and asyncio surfaces."""

import asyncio
from collections.abc import Iterator

import pytest

from core_sockets import SocketCluster
from hz_core.aio_client import AsyncioClient
from hz_core.config import ClientConfig
from hz_core.errors import IllegalStateError
from hz_nearcache import make_operations
from hz_proxies import MAP
from nearcache_harness import Setting


class NearAsyncioClient(AsyncioClient):
    """A client whose maps may have near caches."""

    make_near_cached = staticmethod(make_operations)


@pytest.fixture
def server() -> Iterator[SocketCluster]:
    started = SocketCluster(1)
    yield started
    started.stop()


def test_hits_in_a_pipeline_are_futures_and_need_no_place() -> None:
    with Setting(1) as setting:
        setting.own.put("k", "v")
        assert setting.own.get("k") == "v"
        with setting.own.pipeline(depth=1) as p:
            assert [future.result() for future in (p.get("k"), p.get("k"), p.get("other"))] == [
                "v",
                "v",
                None,
            ]
        assert setting.cache.statistics.hits == 2
        with pytest.raises(IllegalStateError, match="the pipeline has ended"):
            p.get("k")


def test_hits_in_a_pipeline_of_asyncio_are_futures(server: SocketCluster) -> None:
    config = ClientConfig.from_kwargs(cluster_members=server.addresses, near_caches={"m": {}})

    async def main() -> None:
        async with NearAsyncioClient(config) as client:
            near = await client.get_object(MAP, "m")
            await near.put("k", "v")
            assert await near.get("k") == "v"
            async with near.pipeline(depth=1) as p:
                futures = [await p.get(key) for key in ("k", "k", "other")]
                assert [await future for future in futures] == ["v", "v", None]
            with pytest.raises(IllegalStateError, match="the pipeline has ended"):
                await p.get("k")

    asyncio.run(main())


def test_a_hit_on_another_event_loop_is_refused(server: SocketCluster) -> None:
    config = ClientConfig.from_kwargs(cluster_members=server.addresses, near_caches={"m": {}})

    async def main() -> None:
        async with NearAsyncioClient(config) as client:
            near = await client.get_object(MAP, "m")
            await near.put("k", "v")
            assert await near.get("k") == "v"
            with pytest.raises(IllegalStateError):
                await asyncio.to_thread(lambda: asyncio.run(near.get("k")))

    asyncio.run(main())
