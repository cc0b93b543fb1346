"""Random schedules of what happens to clusters, on the virtual clock, with invariants; failing ones are shrunk.

A schedule is a list of steps, and a step is a name with a number, so that a step means the same in every schedule, and
any may be dropped.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from typing import Any, NamedTuple

from core_clusters import GREEN, BlueGreen
from core_queue import Offer, QueueTraffic
from core_simulation import listener_spec
from core_transactions import Transactions
from hz_core.errors import HazelcastError
from hz_core.invocation.invocation import Invocation
from hz_core.model import Address
from hz_core.op import Op
from hz_core.testing import (
    Accept,
    Answer,
    BlackHole,
    Delay,
    Refuse,
    Request,
    SimulatedCluster,
    SimulatedMember,
    codes,
)
from hz_core.testing.scripted import Outcome, byte_by_byte, random_cuts, whole

KEYS = 7
VALUES_PER_KEY = 1000
"""A value is the key times this number and the number of the write: it proves its key."""
RECOVERY = 120.0
"""Virtual seconds within which all is well again after the last fault."""


class Step(NamedTuple):
    """What happens next, and a number that all its choices are made of."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name}({self.number})"


class Watched:
    """A member whose connections notice what is sent after the client has closed them.

    Args:
        peer: The member.
        running: Tells whether its process still runs.
    """

    def __init__(self, peer: SimulatedMember, running: Callable[[SimulatedMember], bool]) -> None:
        self._peer = peer
        self._running = running

    def connected(self, link: Any) -> None:
        if not self._running(self._peer):
            # It was stopped after the attempt had begun. No system completes a connection to a process that is gone;
            # the network of the simulation does, since it looks for the member when the attempt begins.
            link.cut()
            return
        write = link.write
        connection = link._connection

        def watched(data: bytes | bytearray) -> None:
            assert connection.alive, f"{len(data)} bytes were sent to {connection!r}, which is closed"
            write(data)

        link.write = link.write_soon = watched
        self._peer.connected(link)

    def received(self, link: Any, data: bytes) -> None:
        self._peer.received(link, data)

    def closed(self, link: Any) -> None:
        self._peer.closed(link)


class Completions:
    """Counts how often each operation was completed, and notes those that ended after their deadline."""

    def __init__(self) -> None:
        self.of: Counter[Op[Any]] = Counter()
        self.late: list[str] = []
        self.now: Callable[[], float]

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        op = invocation.op
        self.of[op] += 1
        if op.deadline is not None and self.now() > op.deadline + 1e-6:
            self.late.append(f"{op} ended {self.now() - op.deadline:g} s after its deadline: {error!r}")


class Write(NamedTuple):
    """A write that was submitted."""

    key: int
    value: int
    outcome: Outcome


class Registration(NamedTuple):
    """A listener of the client, and the keys of its events."""

    added: Outcome
    keys: list[Any]


class Run:
    """Runs one schedule.

    Args:
        seed: Of the client's own choices, and of its options.
    """

    def __init__(self, seed: int) -> None:
        choose = Random(seed)
        self.redo = choose.random() < 0.3
        self.smart = choose.random() < 0.8
        self.completions = Completions()
        self.simulation = BlueGreen(
            seed=seed,
            observer=self.completions,
            cluster_connect_timeout=4,
            connection_timeout=2,
            heartbeat_interval=2,
            heartbeat_timeout=6,
            invocation_timeout=20,
            redo_operation=self.redo,
            smart_routing=self.smart,
            fail_on_indeterminate_operation_state=choose.random() < 0.3,
            shuffle_member_list=choose.random() < 0.5,
            retry_jitter=choose.choice([0, 0.5]),
        )
        self.driver = self.simulation.driver
        self.completions.now = self.driver.now
        network = self.simulation.blue.network
        self.driver._script = lambda address: self._watch(network(address))
        self.clusters: list[SimulatedCluster] = [self.simulation.blue, self.simulation.green]
        for cluster in self.clusters:
            cluster.backups = choose.choice([0, 1])
            # A member never refuses what a client with one connection sends for partitions of other members, as it
            # does when another member is addressed: it passes that on. Simulated members share their data, so that
            # executing it is the same.
            cluster.strict = self.smart
        self.split: list[tuple[SimulatedCluster, Any]] = []
        self.writes: list[Write] = []
        self.reads: list[tuple[int, Outcome]] = []
        self.registrations: list[Registration] = []
        self.removed: list[tuple[Registration, Outcome]] = []
        self.garbled: list[Any] = []
        self.queue = QueueTraffic(self.simulation, self.clusters, redo=self.redo)
        self.transactions = Transactions(self.simulation, self.clusters)
        self.connecting = self.simulation.begin(self.simulation.engine.connect())

    def _watch(self, answer: Answer) -> Answer:
        if not isinstance(answer, Accept):
            return answer
        assert isinstance(answer.peer, SimulatedMember)
        return Accept(Watched(answer.peer, self._running))

    def _running(self, member: SimulatedMember) -> bool:
        # Those that have split off run on, and clients can connect to them.
        return member in member.cluster.members or (member.cluster, member) in self.split

    # --- steps ---

    def _links(self) -> list[Any]:
        return [link for link in self.driver.links if link.open]

    def _submit(self, choose: Random, op: Op[Any]) -> Outcome:
        """Submit an operation; some have a deadline."""
        if choose.random() < 0.2:
            op.deadline = self.driver.now() + choose.choice([0, 0.01, 1, 6])
        return self.simulation.submit(op)

    def put(self, choose: Random) -> None:
        key = choose.randrange(KEYS)
        value = key * VALUES_PER_KEY + len(self.writes)
        self.writes.append(Write(key, value, self._submit(choose, self.simulation.ops.put(key, value))))

    def get(self, choose: Random) -> None:
        key = choose.randrange(KEYS)
        self.reads.append((key, self._submit(choose, self.simulation.ops.get(key))))

    def offer(self, choose: Random) -> None:
        op = self.queue.offer()
        self.queue.offers.append(Offer(len(self.queue.offers), self._submit(choose, op)))

    def poll(self, choose: Random) -> None:
        self.queue.polls.append(self._submit(choose, self.queue.poll(choose)))

    def transact(self, choose: Random) -> None:
        self.transactions.begin(choose)

    def cancel(self, choose: Random) -> None:
        if self.simulation.outcomes:
            choose.choice(self.simulation.outcomes[-3:]).abandon()

    def listen(self, choose: Random) -> None:
        keys: list[Any] = []
        spec = listener_spec(lambda event: keys.append(event.key))
        self.registrations.append(
            Registration(self.simulation.begin(self.simulation.engine.add_listener(spec)), keys)
        )

    def unlisten(self, choose: Random) -> None:
        ready = [r for r in self.registrations if r.added.result]
        if ready:
            registration = choose.choice(ready)
            self.registrations.remove(registration)
            flow = self.simulation.engine.remove_listener(registration.added.result)
            self.removed.append((registration, self.simulation.begin(flow)))

    def cut(self, choose: Random) -> None:
        for link in self._links():
            if choose.random() < 0.6:
                link.cut()

    def deafen(self, choose: Random) -> None:
        for link in self._links():
            if choose.random() < 0.5:
                link.deaf = True

    def delay(self, choose: Random) -> None:
        for link in self._links():
            link.latency = choose.choice([0, 0.01, 0.3, 1.5])
            link.cut_up = choose.choice([whole, byte_by_byte, random_cuts(choose)])

    def garbage(self, choose: Random) -> None:
        for link in self._links()[:1]:
            link.send(choose.randbytes(choose.randint(1, 60)))
            self.garbled.append(link)

    def stop(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        kinds: list[Answer] = [Refuse(), BlackHole(), Delay(1, Refuse())]
        kind = choose.choice(kinds)
        cluster.down = {member.address: kind for member in cluster.members}
        cluster.cut_all()

    def close_port(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        cluster.down[choose.choice(cluster.members).address] = choose.choice([Refuse(), BlackHole()])

    def open_ports(self, choose: Random) -> None:
        for cluster in self.clusters:
            cluster.down = {}

    def restart(self, choose: Random) -> None:
        self._merge()
        choose.choice(self.clusters).restart()

    def blacklist(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        cluster.authentication_status = 3
        if choose.random() < 0.7:
            cluster.cut_all()

    def allow(self, choose: Random) -> None:
        for cluster in self.clusters:
            cluster.authentication_status = 0

    def move(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        cluster.owners[choose.randrange(KEYS)] = choose.choice(cluster.members)
        if choose.random() < 0.7:
            cluster.publish_view()

    def join(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        if len(cluster.members) < 4:
            host = "10.1.0" if cluster is self.simulation.green else "10.0.0"
            cluster.add(Address(f"{host}.{len(cluster.members) + 10 + choose.randrange(200)}", 5701))
            cluster.spread()
            cluster.publish_view()

    def leave(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        if len(cluster.members) > 1:
            cluster.remove(choose.choice(cluster.members[1:]), announce=choose.random() < 0.7)

    def split_brain(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        if len(cluster.members) > 1:
            # Its connections stay open.
            member = cluster.members.pop()
            self.split.append((cluster, member))
            cluster.spread()
            cluster.publish_view()

    def merge(self, choose: Random) -> None:
        self._merge()

    def _merge(self) -> None:
        for cluster, member in self.split:
            if member.address not in [other.address for other in cluster.members]:
                cluster.members.append(member)
                cluster.spread()
                cluster.publish_view()
        self.split.clear()

    def refuse(self, choose: Random) -> None:
        member = choose.choice(choose.choice(self.clusters).members)
        error = choose.choice([codes.RETRYABLE, codes.WRONG_TARGET])
        for method in (
            "Map.put", "Map.get", "Map.addEntryListener", "Queue.offer", "Queue.poll", "TransactionalMap.put"
        ):  # fmt: skip
            member.rule(method, lambda request: request.error(*error), times=choose.randint(1, 4))

    def cut_after_writing(self, choose: Random) -> None:
        def write_and_cut(request: Request) -> None:
            request.member.answer(request)
            request.session.pipe.cut()

        for member in choose.choice(self.clusters).members:
            for method in ("Map.put", "Queue.offer", "Transaction.commit"):
                member.rule(method, write_and_cut, times=1)

    def lose_acks(self, choose: Random) -> None:
        cluster = choose.choice(self.clusters)
        cluster.acks_lost = not cluster.acks_lost

    def wait(self, choose: Random) -> None:
        self.driver.advance(choose.choice([0, 0.05, 0.5, 2, 7]))

    # --- the run ---

    def run(self, steps: Iterable[Step]) -> None:
        """Take the steps, let everything go right, and check the invariants."""
        for step in steps:
            getattr(self, step.name)(Random(step.number))
            self.driver.advance(0)
            sides = {
                address in GREEN or address.host.startswith("10.1.") for address in self.simulation.connected
            }
            assert len(sides) <= 1, "connected to both clusters"
        self._heal()
        self.healed = self.driver.now()
        self.driver.run_until(self._quiet, RECOVERY)
        self._check_outcomes()
        self._check_data()
        self._check_listeners()
        self.simulation.stop()
        assert not self._links(), "connections are open after the shutdown"

    def _heal(self) -> None:
        self._merge()
        for cluster in self.clusters:
            cluster.down = {}
            cluster.authentication_status = 0
            cluster.acks_lost = False
            for member in cluster.members:
                member.rules.clear()
            cluster.spread()
            cluster.publish_view()
        for link in self._links():
            link.latency = 0
            link.cut_up = whole
            if link.deaf or link in self.garbled:
                link.cut()

    def _used(self) -> SimulatedCluster | None:
        connected = self.simulation.connected
        for cluster in self.clusters:
            if connected and connected <= {member.address for member in cluster.members}:
                return cluster
        return None

    def _quiet(self) -> bool:
        flows = [r.added for r in self.registrations] + [outcome for _, outcome in self.removed]
        flows += [transaction.outcome for transaction in self.transactions.begun]
        if not all(outcome.done for outcome in (self.connecting, *self.simulation.outcomes, *flows)):
            return False
        if not self.driver.idle or self.queue.waiting or any(link.under_way for link in self._links()):
            # What was sent while the network was slow may change everything: an old view, for example.
            return False
        used = self._used()
        wanted = {member.address for member in used.members} if used else set()
        if not used or (self.smart and self.simulation.connected != wanted):
            return False
        links = self._links()
        # A member that has refused a listener is asked again after a pause.
        sessions = [session for member in used.members for session in member.sessions.values()]
        active = sum(r.added.error is None for r in self.registrations)
        settled = self.driver.now() > self.healed + 10 or all(len(s.listeners) == active for s in sessions)
        return settled and len(links) == (len(wanted) if self.smart else 1)

    def _check_outcomes(self) -> None:
        for outcome in (*self.simulation.outcomes, *(t.outcome for t in self.transactions.begun)):
            assert outcome.times <= 1, f"completed {outcome.times} times"
            assert outcome.error is None or isinstance(outcome.error, HazelcastError), repr(outcome.error)
        assert not self.completions.late, self.completions.late
        twice = [op for op, times in self.completions.of.items() if times != 1]
        assert not twice, f"{len(twice)} invocations were completed more than once"
        pending = self.simulation.engine.invocations.pending_count
        assert pending == 0, f"{pending} invocations are pending when all is done"

    def _check_data(self) -> None:
        to_data = self.simulation.serialization.to_data
        done = Counter(put for cluster in self.clusters for put in cluster.puts)
        for write in self.writes:
            times = done[to_data(write.key), to_data(write.value)]
            if write.outcome.times and not write.outcome.error:
                assert times, f"{write} is acknowledged and was not done"
                old = write.outcome.result
                assert old is None or old // VALUES_PER_KEY == write.key, f"{write}: wrong reply {old}"
            assert times <= 1 or self.redo, f"{write} was done {times} times"
        for key, outcome in self.reads:
            value = outcome.result
            assert value is None or value // VALUES_PER_KEY == key, f"key {key}: wrong reply {value}"
        self.queue.check()
        self.transactions.check()
        used = self._used()
        assert used is not None
        for key in (0, KEYS - 1):
            value = KEYS * VALUES_PER_KEY + key
            self.simulation.put(key, value)
            assert self.simulation.get(key) == value

    def _check_listeners(self) -> None:
        used = self._used()
        active = [r for r in self.registrations if r.added.error is None]
        for cluster in self.clusters:
            found = [len(s.listeners) for m in cluster.members for s in m.sessions.values()]
            wanted = [len(active)] * (len(cluster.members) if self.smart else 1) if cluster is used else []
            assert found == wanted, f"listeners of {cluster.name}: {found} instead of {wanted}"
        for registration in active:
            registration.keys.clear()
        for key in range(KEYS if active else 0):
            self.simulation.put(key, key * VALUES_PER_KEY)
        self.driver.advance(0.1)
        for registration in active:
            assert sorted(registration.keys) == list(range(KEYS)), f"events of the keys {registration.keys}"
        for registration, outcome in self.removed:
            assert outcome.error is None, repr(outcome.error)
            assert outcome.result is True, registration


WEIGHTS = {
    "put": 7, "get": 4, "offer": 3, "poll": 3, "transact": 3, "wait": 9, "cancel": 1, "listen": 2, "unlisten": 1,
    "cut": 2, "deafen": 1, "delay": 2, "garbage": 1, "stop": 1, "close_port": 1, "open_ports": 1, "restart": 1,
    "blacklist": 1, "allow": 1, "move": 2, "join": 1, "leave": 1, "split_brain": 1, "merge": 1, "refuse": 2,
    "cut_after_writing": 2, "lose_acks": 1,
}  # fmt: skip
_NAMES = list(WEIGHTS)
_EACH = list(WEIGHTS.values())


def schedule(seed: int) -> list[Step]:
    """Return the schedule of a seed."""
    choose = Random(seed)
    names = choose.choices(_NAMES, _EACH, k=choose.randint(2, 9))
    return [Step(name, choose.randrange(1 << 16)) for name in names]


def failure(seed: int, steps: list[Step]) -> Exception | None:
    """Run a schedule; return what went wrong."""
    try:
        Run(seed).run(steps)
    except Exception as e:
        return e
    return None


def shrink(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Return a part of a failing schedule that still fails, and does not when any step of it is dropped."""
    size = max(len(steps) // 2, 1)
    while True:
        for start in range(0, len(steps), size):
            shorter = steps[:start] + steps[start + size :]
            if fails(shorter):
                steps = shorter
                break
        else:
            if size == 1:
                return steps
            size //= 2


def check(seed: int) -> None:
    """Run the schedule of a seed.

    Raises:
        AssertionError: it failed; with the shortest schedule that fails alike, and how to replay it.
    """
    error = failure(seed, schedule(seed))
    if error is None:
        return
    kind = type(error)
    shortest = shrink(schedule(seed), partial(_fails_alike, seed, kind))
    error = failure(seed, shortest) or error
    raise AssertionError(
        f"schedule {seed} fails: {' '.join(map(str, shortest))}: {kind.__name__}: {error}\n"
        f"replay it with: hatch run simulate --seed {seed} --count 1"
    ) from error


def _fails_alike(seed: int, kind: type[Exception], steps: list[Step]) -> bool:
    return type(failure(seed, steps)) is kind
