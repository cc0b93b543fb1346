"""Executors: tasks that the test completes."""

from uuid import UUID

from hz_core.testing import codes
from hz_core.testing.members import MemberError, Request, Service, SimulatedCluster, serves


@serves("ExecutorService")
class ExecutorService(Service):
    """Messages of the service ``ExecutorService``. A task is executed until the test answers its request.

    Attributes:
        running: The requests of the tasks that are executed, by the id of the task.
        cancelled: The ids of tasks that were cancelled, and whether their thread was to be interrupted.
    """

    service_name = "hz:impl:executorService"

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__(cluster)
        self.running: dict[UUID, Request] = {}
        self.cancelled: list[tuple[UUID, bool]] = []
        self._shut_down: set[str] = set()

    def destroy(self, name: str) -> None:
        """Forget that an executor is shut down."""
        self._shut_down.discard(name)

    def submit_to_partition(self, request: Request) -> None:
        """Begin to execute a task."""
        self.running[request["uuid"]] = request

    def submit_to_member(self, request: Request) -> None:
        """Begin to execute a task."""
        if request["memberUUID"] != request.member.uuid:
            raise MemberError(codes.NOT_MEMBER, "the task is for another member")
        self.running[request["uuid"]] = request

    def cancel_on_partition(self, request: Request) -> None:
        """Cancel a task."""
        self._cancel(request)

    def cancel_on_member(self, request: Request) -> None:
        """Cancel a task."""
        self._cancel(request)

    def is_shutdown(self, request: Request) -> None:
        """Reply whether the executor is shut down."""
        request.reply(request["name"] in self._shut_down)

    def shutdown(self, request: Request) -> None:
        """Shut the executor down."""
        self._shut_down.add(request["name"])
        request.reply()

    def finish(self, result: bytes) -> None:
        """End all tasks that are executed, with the same result."""
        running, self.running = self.running, {}
        for request in running.values():
            request.reply(result)

    def _cancel(self, request: Request) -> None:
        task = self.running.pop(request["uuid"], None)
        if task is not None:
            self.cancelled.append((request["uuid"], request["interrupt"]))
            task.error(*codes.CANCELLED)
        request.reply(task is not None)
