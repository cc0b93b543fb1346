"""Durable executors: tasks and results that are kept by number, and executed by what the test says."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves


@dataclass(eq=False)
class DurableTask:
    """A task and its result.

    Attributes:
        task: The serialized task.
        done: Whether it has ended.
        result: Its serialized result; None if there is none, or if it was disposed of.
        waiting: The requests that wait for its end.
    """

    task: bytes
    done: bool = False
    result: bytes | None = None
    waiting: list[Request] = field(default_factory=list)


@serves("DurableExecutor")
class DurableExecutorService(Service):
    """Messages of the service ``DurableExecutor``.

    Attributes:
        execute: Returns the result of a task; without it a task is executed until :meth:`finish` is called.
        capacity: How many tasks and results have a place in a partition of an executor.
        running: The tasks that are executed.
    """

    service_name = "hz:impl:durableExecutorService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.execute: Callable[[bytes], bytes] | None = None
        self.capacity = 100
        self.running: list[DurableTask] = []
        self._tasks: dict[tuple[str, int], dict[int, DurableTask]] = {}
        self._next: dict[tuple[str, int], int] = {}
        self._shut_down: set[str] = set()

    def destroy(self, name: str) -> None:
        """Forget the tasks of an executor."""
        for place in [place for place in self._tasks if place[0] == name]:
            del self._tasks[place]
        self._shut_down.discard(name)

    def reset(self) -> None:
        """Forget everything."""
        self._tasks.clear()
        self._next.clear()
        self.running.clear()

    def submit_to_partition(self, request: Request) -> None:
        """Store a task and begin to execute it; reply its number."""
        place = (request["name"], request.partition_id)
        tasks = self._tasks.setdefault(place, {})
        if len(tasks) >= self.capacity:
            ended = [number for number, task in tasks.items() if task.done]
            if not ended:
                raise MemberError(codes.REJECTED, f"Capacity ({self.capacity}) is reached!")
            del tasks[ended[0]]
        number = self._next.get(place, 0)
        self._next[place] = number + 1
        tasks[number] = task = DurableTask(request["callable"])
        self.running.append(task)
        request.reply_write(number)
        if self.execute is not None:
            self.finish(self.execute)

    def retrieve_result(self, request: Request) -> None:
        """Reply the result, as soon as there is one."""
        task = self._task(request)
        if task.done:
            request.reply(task.result)
        else:
            task.waiting.append(request)

    def dispose_result(self, request: Request) -> None:
        """Forget a result."""
        self._task(request).result = None
        request.reply_write()

    def is_shutdown(self, request: Request) -> None:
        """Reply whether the executor is shut down."""
        request.reply(request["name"] in self._shut_down)

    def shutdown(self, request: Request) -> None:
        """Shut the executor down."""
        self._shut_down.add(request["name"])
        request.reply()

    def finish(self, execute: Callable[[bytes], bytes]) -> None:
        """End all tasks that are executed, with what a function returns for the serialized task."""
        running, self.running[:] = list(self.running), []
        for task in running:
            task.done, task.result = True, execute(task.task)
            waiting, task.waiting[:] = list(task.waiting), []
            for request in waiting:
                request.reply(task.result)

    def _task(self, request: Request) -> DurableTask:
        task = self._tasks.get((request["name"], request.partition_id), {}).get(request["sequence"])
        if task is None:
            raise MemberError(codes.STALE_TASK_ID, f"Task with sequence {request['sequence']} is not found")
        return task
