"""What a durable executor should be, for the machine of `lossy_models`: results survive lost connections."""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st

from hz_proxies import DURABLE_EXECUTOR
from lossy_models import Model, Network, Operations
from member_side import Task

TEXTS = st.sampled_from(["a", "b", "c"])
PLACES = st.integers(0, 4)


class Tasks:
    """The tasks of an executor, which both clients know by their numbers, in the order in which they were submitted.

    Args:
        executor: The executor of one client.
        ids: The numbers of the tasks.
    """

    def __init__(self, executor: Any, ids: list[int]) -> None:
        self._executor = executor
        self._ids = ids

    def destroy(self) -> None:
        self._executor.destroy()

    def submit(self, text: str, key: str) -> None:
        self._ids.append(self._executor.submit_to_key_owner(key, Task(text)).task_id())

    def submit_anywhere(self, text: str) -> None:
        self._ids.append(self._executor.submit(Task(text)).task_id())

    def result(self, place: int) -> Any:
        return self._call("get_result", place)

    def result_and_dispose(self, place: int) -> Any:
        return self._call("get_result_and_dispose", place)

    def dispose(self, place: int) -> Any:
        return self._call("dispose", place)

    def _call(self, operation: str, place: int) -> Any:
        if place >= len(self._ids):
            return None
        return getattr(self._executor.get_task(self._ids[place]), operation)()

    def results(self) -> list[Any]:
        return [self.result(place) for place in range(len(self._ids))]


class DurableExecutorModel(Model):
    """The results of the tasks that were submitted; None for those that were disposed of.

    To submit is repeated after a lost connection, so a task may be executed twice; then its handle is that of the
    second one.
    """

    prefix = "durable"
    operations: ClassVar[Operations] = {
        "submit": st.tuples(TEXTS, TEXTS),
        "submit_anywhere": st.tuples(TEXTS),
        "result": st.tuples(PLACES),
        "result_and_dispose": st.tuples(PLACES),
        "dispose": st.tuples(PLACES),
    }

    def __init__(self) -> None:
        self.known: list[str | None] = []

    @classmethod
    def target(cls, network: Network, who: int, name: str) -> Any:
        executor = network.clients[who].get_object(DURABLE_EXECUTOR, name).blocking()
        return Tasks(executor, network.shared.setdefault(name, []))

    @staticmethod
    def look(target: Any) -> object:
        return target.results()

    def results(self) -> list[str | None]:
        return self.known

    def submit(self, text: str, key: str) -> None:
        self.submit_anywhere(text)

    def submit_anywhere(self, text: str) -> None:
        self.known.append(f"did {text}")

    def result(self, place: int) -> str | None:
        return self.known[place] if place < len(self.known) else None

    def result_and_dispose(self, place: int) -> str | None:
        result = self.result(place)
        self.dispose(place)
        return result

    def dispose(self, place: int) -> None:
        if place < len(self.known):
            self.known[place] = None
