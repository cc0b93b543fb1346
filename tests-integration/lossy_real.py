"""Two clients in front of a real member, each behind a proxy that cuts its connection as `lossy_models` says."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import hazelcast
from core_sockets import until
from hz_core.connection import Connection
from hz_embedded import Cluster
from hz_embedded.fault_proxy import Fault, FaultProxy
from lossy_models import Cut, Network
from map_harness import fresh_name
from member_side import Gates

BYTES_OF_A_REQUEST = 90
"""About as many bytes as a request has in these tests."""


class RealClients:
    """Two clients of one member, each over one connection through a proxy of its own.

    Args:
        cluster: The member.
        redo: Whether the clients repeat changes after a lost connection.
        gates: What tasks do in the member.
    """

    def __init__(self, cluster: Cluster, redo: bool = False, gates: Gates | None = None) -> None:
        self.gates = gates
        self.member = cluster.members[0].instance
        self.redo = redo
        self._stack = ExitStack()
        self.names = [fresh_name("lossy-client") for _ in range(2)]
        with ExitStack() as stack:
            self.proxies = [stack.enter_context(FaultProxy(cluster.addresses[0])) for _ in range(2)]
            self.clients = [
                stack.enter_context(
                    hazelcast.HazelcastClient(
                        cluster_members=[proxy.address],
                        smart_routing=False,
                        client_name=name,
                        redo_operation=redo,
                        retry_initial_backoff=0.01,
                        retry_max_backoff=0.05,
                        invocation_retry_pause=0.05,
                    )
                )
                for proxy, name in zip(self.proxies, self.names, strict=True)
            ]
            self._stack = stack.pop_all()

    def close(self) -> None:
        """Shut the clients down."""
        self._stack.close()


class RealNetwork(Network):
    """The connections of two clients during one run of the machine.

    Args:
        real: The clients.
    """

    def __init__(self, real: RealClients) -> None:
        super().__init__()
        self._real = real
        self.clients = (real.clients[0], real.clients[1])
        self.redo = real.redo
        self.gates = real.gates
        self._armed: tuple[int, Cut, Connection, Fault] | None = None
        self._disarmed = threading.Event()

    def prepare(self, name: str) -> None:
        """Do nothing: the member is configured for such names."""

    def close(self) -> None:
        """Do nothing: the clients are used again."""

    def _connection(self, who: int) -> Connection:
        """Return the client's connection, as soon as it has one."""
        found: list[Connection] = []

        def ready() -> bool:
            found[:] = self.clients[who]._engine.routing.open_connections()
            return bool(found)

        until(ready)
        return found[0]

    def _settle(self, who: int) -> None:
        """Wait until the member has done what it has received over the lost connection, and has noticed the loss."""
        self._connection(who)
        service = self._real.member.getClientService()
        name = self._real.names[who]
        until(lambda: [c.getName() for c in service.getConnectedClients()].count(name) == 1)

    def cut(self, who: int) -> None:
        before = self._connection(who)
        self._real.proxies[who].reset()
        until(lambda: not before.alive)
        self._settle(who)

    def arm(self, who: int, cut: Cut) -> None:
        connection = self._connection(who)
        count = 1 + (cut.request - 1) * BYTES_OF_A_REQUEST
        fault = self._real.proxies[who].cut_after(count, "to_client" if cut.done else "to_member")
        self._armed = who, cut, connection, fault
        self._disarmed.clear()
        self._healer = threading.Thread(target=self._heal_after, args=(connection, fault))
        self._healer.start()

    def _heal_after(self, connection: Connection, fault: Fault) -> None:
        """Cut the one connection, and not those that follow it."""
        while connection.alive and not self._disarmed.wait(0.001):
            pass
        fault.heal()

    def disarm(self) -> list[bool | None]:
        if self._armed is None:
            return []
        (who, cut, connection, _), self._armed = self._armed, None
        self._disarmed.set()
        self._healer.join()
        if connection.alive:
            return []
        self._settle(who)
        # The first byte of a request, or of its reply, tells what was done; the following ones may be of any.
        return [cut.done if cut.request == 1 and not self.redo else None]

    def fits(self, check: Callable[[], None]) -> None:
        # A member rolls back transactions after it has noticed the loss.
        failures: list[AssertionError] = []

        def fitting() -> bool:
            try:
                check()
            except AssertionError as e:
                failures.append(e)
                return False
            return True

        try:
            until(fitting)
        except TimeoutError:
            raise failures[-1] from None

    def transaction(self, who: int, kind: int) -> Any:
        return self.clients[who].new_transaction(type=kind)
