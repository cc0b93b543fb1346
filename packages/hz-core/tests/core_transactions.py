"""Transactions in random schedules: operations that are bound to one connection, and change all or nothing."""

from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import NamedTuple
from uuid import UUID

from core_simulation import Simulation, request
from hz_core.op import Flow, Op
from hz_core.testing import SimulatedCluster
from hz_core.testing.scripted import Outcome
from hz_core.wire.decode import data_response, empty_response, uuid_response
from hz_core.wire.method import Method

CREATE = Method("Transaction.create", 0x150200, 0x150201, uuid_response)
COMMIT = Method("Transaction.commit", 0x150100, 0x150101, empty_response)
ROLLBACK = Method("Transaction.rollback", 0x150300, 0x150301, empty_response)
PUT = Method("TransactionalMap.put", 0x0E0600, 0x0E0601, data_response)
MAP = "tx"
PUTS = 2
FIRST_KEY = 1000
LIMIT_MS = 10_000


class Transaction(NamedTuple):
    """A transaction that was begun."""

    number: int
    commits: bool
    outcome: Outcome

    @property
    def keys(self) -> range:
        """The keys of its entries, which no other transaction has."""
        return range(FIRST_KEY + self.number * PUTS, FIRST_KEY + (self.number + 1) * PUTS)


class Transactions:
    """The transactions of a client, and what the members did.

    Args:
        simulation: The client.
        clusters: Where it may be connected to.
    """

    def __init__(self, simulation: Simulation, clusters: Iterable[SimulatedCluster]) -> None:
        self.begun: list[Transaction] = []
        self._simulation = simulation
        self._clusters = list(clusters)

    def begin(self, choose: Random) -> None:
        """Begin a transaction, which is committed or rolled back when it has written."""
        number, commits = len(self.begun), choose.random() < 0.8
        keys = Transaction(number, commits, None).keys  # type: ignore[arg-type]  # only its keys
        self.begun.append(Transaction(number, commits, self._simulation.begin(self._flow(keys, commits))))

    def _flow(self, keys: Iterable[int], commits: bool) -> Flow[bool]:
        to_data = self._simulation.serialization.to_data
        connection = self._simulation.engine.any_connection()
        create = request("Transaction.create", LIMIT_MS, 1, 1, 7)
        identity: UUID = yield Op(CREATE, create, connection=connection)
        for key in keys:
            put = request("TransactionalMap.put", MAP, identity, 7, to_data(key), to_data(key), -1)
            yield Op(PUT, put, connection=connection)
        title, method = ("commit", COMMIT) if commits else ("rollback", ROLLBACK)
        yield Op(method, request(f"Transaction.{title}", identity, 7), connection=connection)
        return commits

    def check(self) -> None:
        """Compare what the client was told with what the members did.

        Raises:
            AssertionError: A transaction is committed and was not, or in part, or twice, or though it was rolled back.
        """
        to_data = self._simulation.serialization.to_data
        done = Counter(key for cluster in self._clusters for key, _ in cluster.puts)
        for transaction in self.begun:
            times = [done[to_data(key)] for key in transaction.keys]
            assert times in ([0] * PUTS, [1] * PUTS), f"{transaction} was applied {times} times"
            if not transaction.commits:
                assert times == [0] * PUTS, f"{transaction} was applied"
            elif transaction.outcome.result is True:
                assert times == [1] * PUTS, f"{transaction} is committed and was not applied"
