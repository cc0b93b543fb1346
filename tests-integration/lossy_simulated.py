"""Two clients in front of simulated members, whose connections are lost when the machine of `lossy_models` says so."""

from collections.abc import Iterable
from typing import Any

from hz_core.config import ClientConfig
from hz_core.testing import (
    DurableExecutorService,
    MemberError,
    MultiMapService,
    Request,
    RingbufferService,
    SimulatedCluster,
)
from hz_core.testing.simulation import SimulatedClient, Simulation
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.operations import TransactionOperations
from lossy_models import Cut, Network
from member_side import SMALL


class SimulatedNetwork(Network):
    """Two clients in front of three simulated members.

    Args:
        redo: Whether the clients repeat changes after a lost connection.
    """

    def __init__(self, redo: bool = False) -> None:
        super().__init__()
        self.redo = redo
        options: dict[str, Any] = {
            "redo_operation": redo,
            "retry_initial_backoff": 0.01,
            "retry_max_backoff": 0.05,
        }
        self.simulation = Simulation(3, **options).start()
        self.cluster.check_partitions = True
        addresses = [str(member.address) for member in self.cluster.members]
        config = ClientConfig.from_kwargs(cluster_members=addresses, shuffle_member_list=False, **options)
        second = SimulatedClient(self.simulation.driver, config)
        second.owner = 2
        second.start()
        self.clients = (self.simulation.client, second)
        self._cuts: list[bool | None] = []
        self._armed: Cut | None = None
        for member in self.cluster.members:
            member.rules.append(self._look)

    @property
    def cluster(self) -> SimulatedCluster:
        """The members."""
        return self.simulation.cluster

    def prepare(self, name: str) -> None:
        # As the members of the integration tests are configured.
        if name.startswith("expiring"):
            ringbuffer = self.cluster.service(RingbufferService).state(name)
            ringbuffer.expires, ringbuffer.capacity = True, SMALL
        if name.startswith("listed"):
            self.cluster.service(MultiMapService).state(name).lists = True
        self.cluster.service(DurableExecutorService).execute = self._execute

    def _execute(self, task: bytes) -> bytes:
        """Do what members do with a `Task`: its text is behind the head, which has its class, and a length."""
        return self.simulation.serialization.to_data(f"did {task[21:].decode()}")

    def close(self) -> None:
        self.clients[1].shutdown()
        self.simulation.stop()

    def cut(self, who: int) -> None:
        for session in self._sessions(who):
            session.pipe.cut()
        self.simulation.driver.advance()  # the client notices it

    def _sessions(self, who: int) -> Iterable[Any]:
        uuid = self.clients[who].engine.uuid
        return [s for member in self.cluster.members for s in member.sessions.values() if s.client == uuid]

    def arm(self, who: int, cut: Cut) -> None:
        self._armed, self._who, self._count = cut, self.clients[who].engine.uuid, 0

    def disarm(self) -> list[bool | None]:
        self._armed, (cuts, self._cuts) = None, (self._cuts, [])
        return cuts

    def _look(self, request: Request) -> bool:
        cut = self._armed
        if cut is None or request.session.client != self._who or request.shape.service == "Client":
            return False
        self._count += 1
        if self._count != cut.request:
            return False
        self._cuts.append(cut.done and self._done(request))
        request.member.closed(request.session.pipe)
        request.session.pipe.cut()
        return True

    def _done(self, request: Request) -> bool:
        """Let a member do what a request says; return whether it does not refuse it."""
        try:
            self.cluster.answer(request)
        except MemberError:
            return False
        return True

    def transaction(self, who: int, kind: int) -> Any:
        client = self.clients[who]
        operations = TransactionOperations(client.engine, transaction_type=kind)
        return Transaction(client.futures, operations).blocking()
