"""What executors have in common that do not reject tasks on members."""

from typing import Any, TypeVar

from hz_core.context import ClientContext
from hz_core.errors import RejectedExecutionError
from hz_core.op import Op
from hz_core.operations import KeyedOperations
from hz_serialization import Data

T = TypeVar("T")


class RejectingOperations(KeyedOperations):
    """Operations of an executor that rejects tasks here, once it knows that it is shut down: members accept them."""

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._shut_down = False

    def _task(self, task: Any) -> Data:
        """Return the ``Data`` of a task.

        Raises:
            AssertionError: It is None.
            RejectedExecutionError: The executor is shut down.
        """
        data = self._value(task, "task")
        if self._shut_down:
            raise RejectedExecutionError(f"executor {self.name!r} is shut down")
        return data

    def _asked(self, op: Op[bool]) -> Op[bool]:
        """Return ``op``, which tells whether the executor is shut down."""
        return op.then(self._note)

    def _ended(self, op: Op[T]) -> Op[T]:
        """Return ``op``, which shuts the executor down."""
        return op.then(lambda _: self._note(True))

    def _note(self, shut_down: bool) -> None:
        self._shut_down = shut_down
