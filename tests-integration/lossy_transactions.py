"""Whole transactions of the machine of `lossy_models`: all of their changes are applied, or none."""

from __future__ import annotations

import copy
from collections import Counter
from contextlib import suppress
from typing import Any, ClassVar

from hypothesis import strategies as st

from hz_core.errors import TargetDisconnectedError
from hz_proxies import LIST, MAP, MULTI_MAP, QUEUE, SET
from hz_proxies.transaction import TransactionType
from lossy_models import Model, Network, Operations, Undone
from lossy_structures import ITEMS, KEYS, ListModel, MapModel, MultiMapModel, QueueModel, SetModel

KINDS = {"map": MAP, "queue": QUEUE, "list": LIST, "set": SET, "multi_map": MULTI_MAP}

CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("map"), st.just("put"), KEYS, ITEMS),
        st.tuples(st.just("map"), st.just("remove"), KEYS),
        st.tuples(st.just("queue"), st.just("offer"), ITEMS),
        st.tuples(st.just("queue"), st.just("poll")),
        st.tuples(st.just("list"), st.just("add"), ITEMS),
        st.tuples(st.just("list"), st.just("remove"), ITEMS),
        st.tuples(st.just("set"), st.just("add"), ITEMS),
        st.tuples(st.just("set"), st.just("remove"), ITEMS),
        st.tuples(st.just("multi_map"), st.just("put"), KEYS, ITEMS),
        st.tuples(st.just("multi_map"), st.just("remove"), KEYS, ITEMS),
    ),
    min_size=1,
    max_size=3,
)


class Structures:
    """Five structures of one client, and its transactions.

    Args:
        network: Has the clients.
        who: Which client it is.
        name: Name of the structures.
    """

    def __init__(self, network: Network, who: int, name: str) -> None:
        self._network = network
        self._who = who
        self._name = name
        self.plain = {
            kind: network.clients[who].get_object(of, self._name_of(kind)).blocking()
            for kind, of in KINDS.items()
        }

    def _name_of(self, kind: str) -> str:
        # In a transaction, members take two collections of the same name for one, whatever their kinds are.
        return f"{self._name}-{kind}"

    def destroy(self) -> None:
        for structure in self.plain.values():
            structure.destroy()

    def transact(self, kind: TransactionType, changes: list[tuple[Any, ...]], commits: bool) -> list[Any]:
        """Make changes in a transaction; return their results."""
        tx = self._network.transaction(self._who, kind)
        try:
            tx.begin()
            results = [
                getattr(getattr(tx, f"get_{structure}")(self._name_of(structure)), operation)(*args)
                for structure, operation, *args in changes
            ]
            if not commits:
                tx.rollback()
        except TargetDisconnectedError as e:
            self._forget(tx)
            raise Undone from e
        if commits:
            tx.commit()
        return results

    def _forget(self, tx: Any) -> None:
        """Let the client know that nothing will follow."""
        if tx.state == "active":
            with suppress(TargetDisconnectedError):
                tx.rollback()


class SetInTransaction:
    """A set as members see it in a transaction, which removes nothing that it has added, and adds an item once."""

    def __init__(self, model: SetModel) -> None:
        self._model = model
        self._tried: list[Any] = []
        self._added: list[Any] = []

    def add(self, item: Any) -> bool:
        if item in self._tried:
            return False
        self._tried.append(item)
        if item in self._model.items:
            return False
        self._added.append(item)
        return True

    def remove(self, item: Any) -> bool:
        return self._model.remove(item)

    def end(self) -> None:
        for item in self._added:
            self._model.add(item)


class TransactionModel(Model):
    """Five structures that are changed by transactions."""

    requests: ClassVar[list[int]] = [0, 1, 2, 3, 4, 5]
    operations: ClassVar[Operations] = {
        "transact": st.tuples(st.sampled_from(list(TransactionType)), CHANGES, st.booleans())
    }

    def __init__(self) -> None:
        self.plain: dict[str, Any] = {
            "map": MapModel(),
            "queue": QueueModel(),
            "list": ListModel(),
            "set": SetModel(),
            "multi_map": MultiMapModel(),
        }

    @classmethod
    def target(cls, network: Network, who: int, name: str) -> Any:
        return Structures(network, who, name)

    @staticmethod
    def look(target: Any) -> object:
        return {kind: LOOKS[kind](structure) for kind, structure in target.plain.items()}

    def transact(self, kind: TransactionType, changes: list[tuple[Any, ...]], commits: bool) -> list[Any]:
        before = copy.deepcopy(self.plain)
        items = SetInTransaction(self.plain["set"])
        seen = {**self.plain, "set": items}
        results = [getattr(seen[structure], operation)(*args) for structure, operation, *args in changes]
        items.end()
        if not commits:
            self.plain = before
        return results


LOOKS: dict[str, Any] = {
    "map": lambda m: dict(m.entry_set()),
    "queue": lambda q: q.iterator(),
    "list": lambda items: items.get_all(),
    "set": lambda s: Counter(s.get_all()),
    "multi_map": lambda mm: set(mm.entry_set()),
}
"""What is seen of each structure."""
