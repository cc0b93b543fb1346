"""Minutes of random outages of two clusters on the virtual clock: the client always finds one that is there."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from core_clusters import BLUE, GREEN, BlueGreen
from hz_core.errors import HazelcastError
from hz_core.testing import Answer, BlackHole, Delay, Refuse, SimulatedCluster


class Chaos:
    """Does harm to both clusters at random."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.simulation = BlueGreen(
            cluster_connect_timeout=4,
            connection_timeout=2,
            heartbeat_interval=2,
            heartbeat_timeout=6,
            invocation_timeout=60,
            shuffle_member_list=True,
            retry_jitter=0.5,
            seed=seed,
        )
        self.clusters = [self.simulation.blue, self.simulation.green]

    def _stop(self, cluster: SimulatedCluster) -> None:
        kinds: list[Answer] = [Refuse(), BlackHole(), Delay(1, Refuse())]
        kind = self.random.choice(kinds)
        cluster.down = {member.address: kind for member in cluster.members}
        if self.random.random() < 0.5:
            cluster.cut_all()
        else:
            for link in self.simulation.driver.links:
                link.deaf = link.deaf or (
                    link.open and (link.address in GREEN) == (cluster is self.clusters[1])
                )

    def _start(self, cluster: SimulatedCluster) -> None:
        cluster.down = {}

    def _restart(self, cluster: SimulatedCluster) -> None:
        cluster.restart()

    def _blacklist(self, cluster: SimulatedCluster) -> None:
        cluster.authentication_status = 3
        if self.random.random() < 0.8:
            cluster.cut_all()

    def _allow(self, cluster: SimulatedCluster) -> None:
        cluster.authentication_status = 0

    def _cut(self, cluster: SimulatedCluster) -> None:
        self.random.choice(cluster.members).cut_all()

    def _swap(self, cluster: SimulatedCluster) -> None:
        for other in self.clusters:
            self._allow(other)
            if other is cluster:
                self._start(other)
            else:
                self._stop(other)

    def _slow(self, cluster: SimulatedCluster) -> None:
        for link in self.simulation.driver.links:
            link.latency = self.random.choice([0, 0.01, 0.5])

    def run(self) -> None:
        """Run for minutes; then check that the client is where it should be, and nowhere else."""
        simulation = self.simulation.start()
        keys: list[Any] = []
        simulation.listen(keys)
        simulation.run(simulation.engine.create_object("hz:impl:mapService", "m"))
        harms: list[Callable[[SimulatedCluster], None]] = [
            self._stop, self._start, self._restart, self._blacklist, self._allow, self._cut, self._slow, self._swap
        ]  # fmt: skip
        for _ in range(150):
            if self.random.random() < 0.5:
                self.random.choice(harms)(self.random.choice(self.clusters))
            for _ in range(self.random.randint(0, 4)):
                key = self.random.randrange(20)
                write = self.random.random() < 0.5
                simulation.submit(simulation.ops.put(key, "x") if write else simulation.ops.get(key))
            simulation.driver.advance(self.random.random() * 3)
            addresses = {address in GREEN for address in simulation.connected}
            assert len(addresses) <= 1, "connected to both clusters"
        for cluster in self.clusters:
            self._start(cluster)
            self._allow(cluster)
        for link in simulation.driver.links:
            link.latency = 0
            if link.deaf:
                link.cut()
        simulation.driver.advance(120)
        for outcome in simulation.outcomes:
            assert outcome.times == 1
            assert outcome.error is None or isinstance(outcome.error, HazelcastError)
        used, other = self.clusters if simulation.connected & set(BLUE) else self.clusters[::-1]
        self._check(used, other, keys)
        changes = simulation.states.count("CHANGED_CLUSTER")
        self._swap(other)
        simulation.driver.advance(120)
        self._check(other, used, keys)
        assert simulation.states.count("CHANGED_CLUSTER") == changes + 1
        simulation.stop()

    def _check(self, used: SimulatedCluster, other: SimulatedCluster, keys: list[Any]) -> None:
        """Check that the client has in one cluster what it should have, once, and nothing in the other."""
        simulation = self.simulation
        assert simulation.connected == {member.address for member in used.members}
        assert not any(session.view_id for member in other.members for session in member.sessions.values())
        assert ("m", "hz:impl:mapService") in used.proxies
        for member in used.members:
            (session,) = member.sessions.values()
            assert len(session.listeners) == 1
        assert sum(s.view_id is not None for m in used.members for s in m.sessions.values()) == 1
        assert used.id == simulation.engine.connections.cluster_id
        keys.clear()
        for key in range(7):
            simulation.put(key, "last")
            assert simulation.get(key) == "last"
        simulation.driver.advance(1)
        assert sorted(keys) == list(range(7))


@pytest.mark.parametrize("seed", range(6))
def test_client_survives_what_happens_to_two_clusters(seed: int) -> None:
    Chaos(seed).run()
