"""The asyncio client's owners of locks, and its end."""

import asyncio
import gc

import pytest

from hz_core.aio_client import AsyncioClient, _task_ids, _task_numbers
from hz_core.config import ClientConfig
from hz_core.errors import HazelcastClientNotActiveError


def owner_now() -> int:
    return _task_ids(asyncio.get_running_loop())()


async def owner() -> int:
    return owner_now()


def test_no_task_gets_the_number_of_an_earlier_one() -> None:
    async def main() -> list[int]:
        return [await asyncio.create_task(owner()) for _ in range(100)]

    assert len(set(asyncio.run(main()))) == 100


def test_a_task_keeps_its_number_and_no_number_keeps_a_task() -> None:
    async def main() -> None:
        first = owner_now()
        await asyncio.sleep(0)
        assert owner_now() == first > 0
        assert await owner() == first
        assert await asyncio.create_task(owner()) != first

    before = len(_task_numbers)
    asyncio.run(main())
    gc.collect()
    assert len(_task_numbers) <= before


def test_a_callback_belongs_to_no_task() -> None:
    async def main() -> int:
        number = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(lambda: number.set_result(owner_now()))
        return int(await number)

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize("async_start", [False, True])
def test_a_client_that_was_shut_down_does_not_start(async_start: bool) -> None:
    async def main() -> None:
        client = AsyncioClient(ClientConfig.from_kwargs(async_start=async_start))
        await client.shutdown()
        with pytest.raises(HazelcastClientNotActiveError, match="cannot be started again"):
            await client.start()
        assert not client.lifecycle_service.is_running()

    asyncio.run(main())
