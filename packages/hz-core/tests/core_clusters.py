"""Two simulated clusters behind one network, for clients that move from one to the other."""

from typing import Any

from core_simulation import Simulation
from hz_core.model import Address
from hz_core.testing import Answer, Refuse, SimulatedCluster

BLUE = [Address(f"10.0.0.{i}", 5701) for i in (1, 2)]
GREEN = [Address(f"10.1.0.{i}", 5701) for i in (1, 2)]


class Network(SimulatedCluster):
    """The blue cluster; its network leads to the green one as well."""

    def __init__(self, members: int, green: SimulatedCluster) -> None:
        super().__init__(members, name="blue")
        self.green = green
        self.tried: list[tuple[Address, float]] = []

    def network(self, address: Address) -> Answer:
        """Answer as the cluster that the address belongs to."""
        self.tried.append((address, self.clock.now()))
        return self.green.network(address) if address.host.startswith("10.1.") else super().network(address)


class BlueGreen(Simulation):
    """A client with two clusters, `blue` and `green`, on the virtual clock."""

    def __init__(self, members: int = 2, **options: Any) -> None:
        self.green = SimulatedCluster(0, seed=1, name="green")
        for address in GREEN[:members]:
            self.green.add(address)
        self.green.spread()
        self.blue = Network(members, self.green)
        defaults: dict[str, Any] = {
            "cluster_name": "blue",
            "cluster_members": [str(BLUE[0])],
            "failover_configs": [{"cluster_name": "green", "cluster_members": [str(GREEN[0])]}],
            "cluster_connect_timeout": 10,
        }
        super().__init__(cluster=self.blue, **{**defaults, **options})
        self.green.clock = self.driver

    def stop_cluster(self, cluster: SimulatedCluster) -> None:
        """Let a cluster break all connections, and refuse new ones."""
        cluster.down = {member.address: Refuse() for member in cluster.members}
        cluster.cut_all()

    def start_cluster(self, cluster: SimulatedCluster) -> None:
        """Let a cluster accept connections again."""
        cluster.down = {}
