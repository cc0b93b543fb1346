"""What executors should be, for the machine of `lossy_models`.

No task is executed twice, and the results of durable executors survive lost connections.
"""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import strategies as st

from hz_core.errors import CancellationError
from hz_proxies import DURABLE_EXECUTOR, EXECUTOR
from lossy_models import Model, Network, Operations
from map_harness import fresh_name
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


class Runs:
    """What one client has an executor do; members count how often they execute each text.

    Args:
        network: The clients, and what the member counts.
        who: The client.
        name: Name of the executor, which is part of each text.
    """

    def __init__(self, network: Network, who: int, name: str) -> None:
        client = network.clients[who]
        self._executor = client.get_object(EXECUTOR, name).blocking()
        self._member = client.cluster_service.get_members()[0]
        self._gates = network.gates
        self._name = name

    def destroy(self) -> None:
        self._executor.destroy()

    def _task(self, text: str) -> Task:
        return Task(f"{self._name} {text}")

    def on_key_owner(self, text: str, key: str) -> str:
        return self._plain(self._executor.execute_on_key_owner(key, self._task(text)))

    def on_member(self, text: str) -> str:
        return self._plain(self._executor.execute_on_member(self._member, self._task(text)))

    def on_all_members(self, text: str) -> list[str]:
        return [self._plain(result) for result in self._executor.execute_on_all_members(self._task(text))]

    def _plain(self, result: str) -> str:
        return result.replace(f" {self._name}", "")

    def cancelled(self, key: int) -> tuple[bool, str]:
        """Cancel a task that waits, and tell what came of it."""
        text = fresh_name("wait")
        task = self._executor.submit_to_key_owner(key, Task(text))
        try:
            cancelled = task.cancel()
            try:
                return cancelled, task.get_result()
            except CancellationError:
                return cancelled, "cancelled"
        finally:
            self._gates.gate(text).set()

    def executed(self) -> dict[str, int]:
        counts = self._gates.executed
        return {text: counts[f"{self._name} {text}"] for text in "abc" if counts[f"{self._name} {text}"]}


class ExecutorModel(Model):
    """How often each task was executed: once for each call that returns, and never twice for one that was lost.

    Tasks that are cancelled leave no trace: they may have begun, or not.
    """

    prefix = "plain"
    operations: ClassVar[Operations] = {
        "on_key_owner": st.tuples(TEXTS, TEXTS),
        "on_member": st.tuples(TEXTS),
        "on_all_members": st.tuples(TEXTS),
        "cancelled": st.tuples(PLACES),
    }

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    @classmethod
    def target(cls, network: Network, who: int, name: str) -> Any:
        return Runs(network, who, name)

    @staticmethod
    def look(target: Any) -> object:
        return target.executed()

    def executed(self) -> dict[str, int]:
        return self.counts

    def on_member(self, text: str) -> str:
        self.counts[text] = self.counts.get(text, 0) + 1
        return f"did {text}"

    def on_key_owner(self, text: str, key: str) -> str:
        return self.on_member(text)

    def on_all_members(self, text: str) -> list[str]:
        return [self.on_member(text)]

    def cancelled(self, key: int) -> tuple[bool, str]:
        return True, "cancelled"
