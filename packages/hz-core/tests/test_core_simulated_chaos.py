"""Minutes of random faults on the virtual clock. Whatever happens, every operation ends, exactly once."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hz_core.drivers.scripted import BlackHole, Refuse, byte_by_byte, random_cuts, whole
from hz_core.errors import HazelcastError

sys.path.insert(0, str(Path(__file__).parent))
from core_simulation import RETRYABLE, Request, Simulation


class Chaos:
    """Does harm at random to a simulated cluster, and to its network."""

    def __init__(self, seed: int, turns: int = 120, **options: Any) -> None:
        self.turns = turns
        self.random = Random(seed)
        self.simulation = Simulation(
            3,
            seed=seed,
            heartbeat_timeout=10,
            heartbeat_interval=2,
            invocation_timeout=20,
            connection_timeout=3,
            cluster_connect_timeout=-1,
            shuffle_member_list=True,
            **options,
        )
        self.cluster = self.simulation.cluster
        self.cluster.backups = 1
        self.keys: list[Any] = []

    def harm(self) -> None:
        """Let one thing go wrong, or right again."""
        self.random.choice(
            [
                self._cut,
                self._deafen,
                self._join,
                self._leave,
                self._shut_the_door,
                self._open_the_doors,
                self._move,
                self._refuse,
                self._cut_up,
                self._delay,
                self._garbage,
                self._swallow,
                self._lose_acks,
            ]
        )()

    def _links(self) -> list[Any]:
        return [link for link in self.simulation.driver.links if link.open]

    def _cut(self) -> None:
        for link in self._links():
            if self.random.random() < 0.5:
                link.cut()

    def _deafen(self) -> None:
        for link in self._links()[:1]:
            link.deaf = True

    def _join(self) -> None:
        if len(self.cluster.members) < 5:
            self.cluster.join()

    def _leave(self) -> None:
        # The first one stays: were all members that the client knows gone, it could not find the others.
        if len(self.cluster.members) > 1:
            member = self.random.choice(self.cluster.members[1:])
            self.cluster.remove(member, announce=self.random.random() < 0.7)

    def _shut_the_door(self) -> None:
        address = self.random.choice(self.cluster.members).address
        self.cluster.down[address] = self.random.choice([Refuse(), BlackHole()])

    def _open_the_doors(self) -> None:
        self.cluster.down.clear()

    def _move(self) -> None:
        self.cluster.owners[self.random.randrange(7)] = self.random.choice(self.cluster.members)
        if self.random.random() < 0.8:
            self.cluster.publish_view()

    def _refuse(self) -> None:
        member = self.random.choice(self.cluster.members)
        member.rule("Map.put", lambda request: request.error(*RETRYABLE), times=self.random.randint(1, 20))

    def _cut_up(self) -> None:
        for link in self._links():
            link.cut_up = self.random.choice([whole, byte_by_byte, random_cuts(self.random)])

    def _delay(self) -> None:
        for link in self._links():
            link.latency = self.random.choice([0, 0.001, 0.2, 1])

    def _garbage(self) -> None:
        for link in self._links()[:1]:
            link.send(self.random.randbytes(self.random.randint(1, 100)))

    def _swallow(self) -> None:
        def cut(request: Request) -> None:
            request.session.pipe.cut()

        self.random.choice(self.cluster.members).rule("Map.get", cut, times=1)

    def _lose_acks(self) -> None:
        self.cluster.acks_lost = not self.cluster.acks_lost

    def heal(self) -> None:
        """Let everything go right from now on."""
        self.cluster.down.clear()
        self.cluster.acks_lost = False
        for member in self.cluster.members:
            member.rules.clear()
        for link in self._links():
            link.latency = 0
            if link.deaf:
                link.cut()
        self.cluster.spread()
        self.cluster.publish_view()

    def run(self) -> None:
        """Run for minutes; then see that nothing was lost and all is well again."""
        simulation = self.simulation
        self.simulation.start(600)
        registration = simulation.listen(self.keys)
        writes: list[tuple[int, int, Any]] = []
        for turn in range(self.turns):
            if self.random.random() < 0.3:
                self.harm()
            for _ in range(self.random.randint(0, 6)):
                key = self.random.randrange(20)
                if self.random.random() < 0.5:
                    writes.append((key, turn, simulation.submit(simulation.ops.put(key, turn))))
                else:
                    simulation.submit(simulation.ops.get(key))
            if self.random.random() < 0.05:
                self.random.choice(simulation.outcomes).cancel()
            simulation.driver.advance(self.random.random() * 2)
        self.heal()
        simulation.driver.advance(120)
        self._check(writes)
        assert simulation.connected == {member.address for member in self.cluster.members}
        before = len(self.keys)
        for key in range(7):
            simulation.put(key, "last")
            assert simulation.get(key) == "last"
        simulation.driver.advance(1)
        assert sorted(self.keys[before:]) == list(range(7))
        assert simulation.run(simulation.engine.listeners.remove(registration)) is True
        simulation.stop()

    def _check(self, writes: list[tuple[int, int, Any]]) -> None:
        simulation = self.simulation
        for outcome in simulation.outcomes:
            assert outcome.done
            assert outcome.times <= 1
            assert outcome.error is None or isinstance(outcome.error, HazelcastError)
        assert simulation.engine.invocations.pending_count == 0
        done = set(self.cluster.puts)
        to_data = simulation.serialization.to_data
        for key, value, outcome in writes:
            if outcome.times and outcome.error is None:
                assert (to_data(key), to_data(value)) in done


@pytest.mark.parametrize("seed", range(6))
def test_every_operation_ends_exactly_once(seed: int) -> None:
    Chaos(seed).run()


@pytest.mark.parametrize("seed", range(100, 103))
def test_with_redo_operation_and_indeterminate_state(seed: int) -> None:
    Chaos(seed, redo_operation=True, fail_on_indeterminate_operation_state=True).run()


def test_the_same_seed_gives_the_same_run() -> None:
    runs = []
    for _ in range(2):
        chaos = Chaos(7, turns=40)
        chaos.run()
        driver = chaos.simulation.driver
        runs.append((driver.now(), driver.attempts, [link.sent for link in driver.links], chaos.keys))
    assert runs[0] == runs[1]
