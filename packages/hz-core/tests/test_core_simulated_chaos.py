"""Minutes of random faults on the virtual clock. Whatever happens, every operation ends, exactly once."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import pytest

from core_simulation import Simulation
from hz_core.errors import HazelcastError, IndeterminateOperationStateError, OperationTimeoutError
from hz_core.invocation.invocation import Invocation
from hz_core.op import Op
from hz_core.testing import BlackHole, Refuse, Request, Session, SimulatedCluster, codes
from hz_core.testing.scripted import Outcome, byte_by_byte, random_cuts, whole

SHORTEST_WAIT_FOR_ACKS = 0.5
"""Seconds that the client waits at least for a backup ack, even after it lost a connection."""


class WatchedCluster(SimulatedCluster):
    """Knows when it did not acknowledge the backups of a write, by the value that was written."""

    def __init__(self, members: int, *, seed: int) -> None:
        super().__init__(members, seed=seed)
        self.not_acknowledged: dict[bytes, float] = {}

    def acknowledge(self, request: Request, sessions: list[Session]) -> None:
        """Send backup acks, unless they are to be lost."""
        if self.acks_lost and sessions:
            self.not_acknowledged[request["value"]] = self.clock.now()
        else:
            self.not_acknowledged.pop(request["value"], None)
        super().acknowledge(request, sessions)


class Completion(NamedTuple):
    """The end of an operation."""

    at: float
    error: BaseException | None


class Completions:
    """Observes the operations of a client."""

    def __init__(self) -> None:
        self.simulation: Simulation
        self.of: dict[Op[Any], list[Completion]] = {}

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        """Keep the time and the error."""
        completion = Completion(self.simulation.driver.now(), error)
        self.of.setdefault(invocation.op, []).append(completion)


class Write(NamedTuple):
    """A write that was submitted."""

    key: int
    value: int
    op: Op[Any]
    outcome: Outcome


class Chaos:
    """Does harm at random to a simulated cluster, and to its network."""

    def __init__(self, seed: int, turns: int = 120, *, redo: bool = False, **options: Any) -> None:
        self.turns = turns
        self.redo = redo
        self.random = Random(seed)
        self.cluster = WatchedCluster(3, seed=seed)
        self.cluster.backups = 1
        self.completions = Completions()
        self.simulation = self.completions.simulation = Simulation(
            cluster=self.cluster,
            seed=seed,
            observer=self.completions,
            heartbeat_timeout=10,
            heartbeat_interval=2,
            invocation_timeout=20,
            connection_timeout=3,
            cluster_connect_timeout=-1,
            shuffle_member_list=True,
            redo_operation=redo,
            **options,
        )
        self.harms: list[Callable[[], None]] = []
        self.keys: list[Any] = []
        self.writes: list[Write] = []
        self.reads: list[tuple[int, Outcome]] = []
        self.garbled: list[Any] = []
        self.cut_after_writing = 0

    def harm(self) -> None:
        """Let one thing go wrong, or right again; each kind of harm comes in its turn."""
        if not self.harms:
            self.harms = [
                self._cut,
                self._deafen,
                self._join,
                self._leave,
                self._close_a_port,
                self._open_all_ports,
                self._move,
                self._refuse,
                self._cut_up,
                self._delay,
                self._garbage,
                self._cut_instead_of_reading,
                self._cut_after_writing,
                self._lose_acks,
            ]
            self.random.shuffle(self.harms)
        self.harms.pop()()

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

    def _close_a_port(self) -> None:
        address = self.random.choice(self.cluster.members).address
        self.cluster.down[address] = self.random.choice([Refuse(), BlackHole()])

    def _open_all_ports(self) -> None:
        self.cluster.down.clear()

    def _move(self) -> None:
        self.cluster.owners[self.random.randrange(7)] = self.random.choice(self.cluster.members)
        if self.random.random() < 0.8:
            self.cluster.publish_view()

    def _refuse(self) -> None:
        member = self.random.choice(self.cluster.members)
        times = self.random.randint(1, 20)
        member.rule("Map.put", lambda request: request.error(*codes.RETRYABLE), times=times)

    def _cut_up(self) -> None:
        for link in self._links():
            link.cut_up = self.random.choice([whole, byte_by_byte, random_cuts(self.random)])

    def _delay(self) -> None:
        for link in self._links():
            link.latency = self.random.choice([0, 0.001, 0.2, 1])

    def _garbage(self) -> None:
        for link in self._links()[:1]:
            link.send(self.random.randbytes(self.random.randint(1, 100)))
            self.garbled.append(link)

    def _cut_instead_of_reading(self) -> None:
        member = self.random.choice(self.cluster.members)
        member.rule("Map.get", lambda request: request.session.pipe.cut(), times=1)

    def _cut_after_writing(self) -> None:
        def write_and_cut(request: Request) -> None:
            request.member.answer(request)
            request.session.pipe.cut()
            self.cut_after_writing += 1

        for member in self.cluster.members:
            member.rule("Map.put", write_and_cut, times=1)

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
            # Garbage may look like the beginning of a huge message, to which all replies then belong.
            if link.deaf or link in self.garbled:
                link.cut()
        self.cluster.spread()
        self.cluster.publish_view()

    def run(self) -> None:
        """Run for minutes; then check that nothing was lost and everything works again."""
        simulation = self.simulation
        simulation.start(600)
        registration = simulation.listen(self.keys)
        for _ in range(self.turns):
            self._turn()
        self.heal()
        simulation.driver.advance(120)
        self._check_outcomes()
        self._check_deadlines()
        self._check_reads()
        self._check_writes()
        self._check_acks()
        assert simulation.connected == {member.address for member in self.cluster.members}
        before = len(self.keys)
        for key in range(7):
            simulation.put(key, "last")
            assert simulation.get(key) == "last"
        simulation.driver.advance(1)
        assert sorted(self.keys[before:]) == list(range(7))
        assert simulation.run(simulation.engine.remove_listener(registration)) is True
        simulation.stop()

    def _turn(self) -> None:
        simulation = self.simulation
        if self.random.random() < 0.4:
            self.harm()
        for _ in range(self.random.randint(0, 6)):
            key = self.random.randrange(20)
            writes = self.random.random() < 0.5
            value = len(self.writes)
            op = simulation.ops.put(key, value) if writes else simulation.ops.get(key)
            if self.random.random() < 0.1:
                op.deadline = simulation.driver.now() + self.random.random() * 5
            outcome = simulation.submit(op)
            if writes:
                self.writes.append(Write(key, value, op, outcome))
            else:
                self.reads.append((key, outcome))
        if self.random.random() < 0.05 and simulation.outcomes:
            self.random.choice(simulation.outcomes).cancel()
        simulation.driver.advance(self.random.random() * 2)

    def _check_outcomes(self) -> None:
        for outcome in self.simulation.outcomes:
            assert outcome.done
            assert outcome.times <= 1
            assert outcome.error is None or isinstance(outcome.error, HazelcastError)
        assert all(len(completions) == 1 for completions in self.completions.of.values())
        assert self.simulation.engine.invocations.pending_count == 0

    def _check_deadlines(self) -> None:
        late = 0
        for op, (completion,) in self.completions.of.items():
            if op.deadline is not None:
                assert completion.at <= op.deadline + 1e-6
                late += isinstance(completion.error, OperationTimeoutError)
        assert late, "no operation reached its deadline"

    def _check_reads(self) -> None:
        """Whatever was read had been written under that key."""
        written = {(write.key, write.value) for write in self.writes}
        assert all(outcome.result is None or (key, outcome.result) in written for key, outcome in self.reads)

    def _check_writes(self) -> None:
        """A write that succeeded was done once, one that failed at most once; several times with redo_operation."""
        assert self.cut_after_writing, "no connection was lost between a write and its reply"
        to_data = self.simulation.serialization.to_data
        done = Counter(self.cluster.puts)
        times = Counter(
            (done[to_data(write.key), to_data(write.value)], write.outcome.times and not write.outcome.error)
            for write in self.writes
        )
        assert sum(done.values()) == sum(count * number for (count, _), number in times.items())
        assert not times[0, True], "a write that succeeded was not done"
        assert any(count > 1 for count, _ in times) == self.redo, f"writes were repeated: {times}"

    def _check_acks(self) -> None:
        """A write whose backups did not acknowledge it did not succeed at once."""
        to_data = self.simulation.serialization.to_data
        waited = 0
        for write in self.writes:
            answered = self.cluster.not_acknowledged.get(to_data(write.value))
            if answered is None or write.op not in self.completions.of:
                continue
            at, error = self.completions.of[write.op][0]
            if error is None or isinstance(error, IndeterminateOperationStateError):
                waited += 1
                assert at >= answered + SHORTEST_WAIT_FOR_ACKS, write
        assert waited, "every backup ack was received"


@pytest.mark.parametrize("seed", range(6))
def test_every_operation_ends_exactly_once(seed: int) -> None:
    Chaos(seed).run()


@pytest.mark.parametrize("seed", range(100, 103))
def test_with_redo_operation_and_indeterminate_state(seed: int) -> None:
    Chaos(seed, redo=True, fail_on_indeterminate_operation_state=True).run()


def test_the_same_seed_gives_the_same_run() -> None:
    runs = []
    for _ in range(2):
        chaos = Chaos(7)
        chaos.run()
        driver = chaos.simulation.driver
        runs.append((driver.now(), driver.attempts, [link.sent for link in driver.links], chaos.keys))
    assert runs[0] == runs[1]
