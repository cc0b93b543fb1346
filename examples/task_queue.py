"""A task queue over processes in 150 lines: tasks in a queue, claims and results in maps, asyncio everywhere.

Run it with ``python examples/task_queue.py``: it starts a member and two worker processes, kills one of them while it
works, and gets all results nevertheless. A task is done at least once: whoever takes it claims it for some seconds, and
renews the claim while the task runs; a task whose claim ends without a result goes back into the queue.
"""

import asyncio
import sys
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from hazelcast.asyncio import HazelcastClient
from hazelcast.config import IntType
from hazelcast.proxy.base import EntryEvent

Functions = Mapping[str, Callable[..., Any]]
CLAIM = 2.0
"""Seconds for which a worker claims a task, before it has to renew the claim."""


class Failed(Exception):
    """A task has raised an error."""


class TaskQueue:
    """Submits tasks and waits for their results; use it as a context manager.

    Args:
        client: A connected client.
        name: Name of the queue; its maps have names that begin with it.
    """

    def __init__(self, client: HazelcastClient, name: str) -> None:
        self._client = client
        self._name = name
        self._waiting: dict[str, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> "TaskQueue":
        self.queue = await self._client.get_queue(self._name)
        self.tasks = await self._client.get_map(f"{self._name}-tasks")
        self.claims = await self._client.get_map(f"{self._name}-claims")
        self.results = await self._client.get_map(f"{self._name}-results")
        self._listener = await self.results.add_entry_listener(include_value=True, added_func=self._arrived)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.results.remove_entry_listener(self._listener)
        for future in self._waiting.values():
            future.cancel()

    async def submit(self, function: str, *arguments: Any) -> "asyncio.Future[Any]":
        """Queue a call of one of the workers' functions, and return the future of its result."""
        task = uuid.uuid4().hex
        future = self._waiting[task] = asyncio.get_running_loop().create_future()
        await self.tasks.set(task, [function, *arguments])
        await self.queue.put(task)
        return future

    def _arrived(self, event: EntryEvent[str, list[Any]]) -> None:
        future = self._waiting.pop(event.key, None)
        if future is None or future.done() or event.value is None:
            return
        ok, value = event.value
        if ok:
            future.set_result(value)
        else:
            future.set_exception(Failed(value))


class Worker:
    """Executes tasks until it is cancelled, one at a time.

    Args:
        tasks: The queue.
        functions: The functions, by the names that tasks have.
        executor: Runs them, so that the event loop is free to renew claims.
    """

    def __init__(self, tasks: TaskQueue, functions: Functions, executor: Executor) -> None:
        self._tasks = tasks
        self._functions = functions
        self._executor = executor
        self.done = 0

    async def run(self) -> None:
        """Take tasks and execute them."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._put_back())
            while True:
                task = await self._tasks.queue.poll(timeout=1)
                if task is not None:
                    await self._execute(task)

    async def _execute(self, task: str) -> None:
        # Without a claim, another worker has it; without the task, another one has done it.
        if await self._tasks.claims.put_if_absent(task, True, ttl=CLAIM) is not None:
            return
        described = await self._tasks.tasks.get(task)
        if described is None:
            return
        renewing = asyncio.create_task(self._renew(task))
        try:
            result = [True, await self._call(*described)]
        except Exception as error:
            result = [False, f"{type(error).__name__}: {error}"]
        finally:
            renewing.cancel()
        await self._tasks.results.set(task, result, ttl=600)
        await self._tasks.tasks.delete(task)
        await self._tasks.claims.delete(task)
        self.done += 1

    async def _call(self, function: str, *arguments: Any) -> Any:
        call = self._functions[function]
        return await asyncio.get_running_loop().run_in_executor(self._executor, call, *arguments)

    async def _renew(self, task: str) -> None:
        while True:
            await asyncio.sleep(CLAIM / 4)
            await self._tasks.claims.set(task, True, ttl=CLAIM)

    async def _put_back(self) -> None:
        """Queue tasks again that nobody claims and that do not wait: their workers have died."""
        suspects: set[str] = set()
        while True:
            await asyncio.sleep(CLAIM / 2)
            known = set(await self._tasks.tasks.key_set())
            free = known - set(await self._tasks.claims.key_set()) - set(await self._tasks.queue.iterator())
            # Twice in a row: between two steps of a worker, a task may be nowhere for a moment.
            for task in free & suspects:
                await self._tasks.queue.put(task)
            suspects = free


def factorize(number: int) -> list[int]:
    """Return the prime factors of a number, slowly."""
    found, divisor = [], 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            found.append(divisor)
            number //= divisor
        divisor += 1
    return found + [number] * (number > 1)


FUNCTIONS: Functions = {"factorize": factorize}


def connect(address: str) -> HazelcastClient:
    """Return a client for whole numbers of any size."""
    return HazelcastClient(cluster_members=[address], default_int_type=IntType.VAR)


async def work(address: str) -> None:
    """Run a worker process."""
    with ThreadPoolExecutor(1) as executor:
        async with connect(address) as client, TaskQueue(client, "numbers") as tasks:
            print("ready", flush=True)
            await Worker(tasks, FUNCTIONS, executor).run()


async def show(address: str) -> None:
    """Submit tasks, kill a worker in the middle, and print the results."""
    command = [sys.executable, __file__, address]
    workers = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE) for _ in range(2)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            await worker.stdout.readline()
        async with connect(address) as client, TaskQueue(client, "numbers") as tasks:
            numbers = [10**12 + 39 + 2 * n for n in range(20)]
            futures = {number: await tasks.submit("factorize", number) for number in numbers}
            await asyncio.wait(futures.values(), return_when=asyncio.FIRST_COMPLETED)
            workers[0].kill()
            print("One of two workers is killed.")
            for number, future in futures.items():
                print(f"{number} = {' · '.join(map(str, await future))}")
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.kill()
            await worker.wait()


def main() -> None:
    """Be a worker of the cluster that is named, or show everything."""
    if len(sys.argv) > 1:
        asyncio.run(work(sys.argv[1]))
        return
    from hz_embedded import Cluster

    with Cluster() as cluster:
        asyncio.run(show(cluster.addresses[0]))


if __name__ == "__main__":
    main()
