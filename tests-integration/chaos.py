"""Members are killed and networks fail under a recorded load: ``hatch run chaos --kills 50 --seed 1``.

Three members with one backup, each in its own JVM behind a fault proxy. Each round kills a member, measures how long
its keys are out of reach, disturbs the network of another one, and starts the killed one again. In the end the record
of all calls is checked: nothing acknowledged is lost, the history of each key is linearizable, no item came out of the
queue twice, transactions were done as a whole, and nothing waits.

The seed chooses the faults and the calls; the times at which they meet are those of the machine.
"""

from __future__ import annotations

import argparse
import logging
import random
import statistics
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from typing import Any, Final, Literal

import hazelcast
from chaos_load import WAIT, Load
from chaos_reliable import NAME
from chaos_timeline import SLOW, Timeline
from chaos_transactions import ACCOUNTS, Kill, Transfer, await_tokens, check_tokens, check_transfers
from fifo import find_disorder
from hz_embedded import Cluster, Member
from linearizability import check_history
from map_harness import fresh_name, until_now
from sequential_models import Register

HEARTBEAT_TIMEOUT: Final = 5.0
LIMIT: Final = 120.0
"""Seconds after which something hangs, on a busy machine."""

PROBE: Final = 0.1
"""Seconds between the calls that find out whether a key can be written again."""

OPTIONS: Final[dict[str, Any]] = {
    # A write whose backup is not certain is reported as such: this is what "acknowledged" means here.
    "fail_on_indeterminate_operation_state": True,
    "heartbeat_interval": 1.0,
    "heartbeat_timeout": HEARTBEAT_TIMEOUT,
    "retry_initial_backoff": 0.1,
    "retry_max_backoff": 1.0,
    "invocation_timeout": 30.0,
}


class Chaos:
    """One run.

    Args:
        kills: How many members are killed.
        seed: Of the faults and the load.
        tell: Called with each line about what happens.

    Attributes:
        recovery: Seconds until the keys of a member could be written again, by the fault.
        faults: How many there were of each kind.
        halves: The transfers of unknown outcome that were done by half.
        wrong_tokens: The tokens that are missing or there twice, by moves of unknown outcome.
        missed: How many messages of the reliable topic were missed, for unconfirmed ones that died with a member.
        heard: How many events and messages the listeners heard under the load.
        load: What was recorded.
    """

    def __init__(self, kills: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> None:
        self.kills = kills
        self.seed = seed
        self.recovery: dict[str, list[float]] = defaultdict(list)
        self.faults: Counter[str] = Counter()
        self.halves: list[Transfer] = []
        self.wrong_tokens: list[int] = []
        self.missed = 0
        self.heard = 0, 0
        self.load: Load
        self._killed: list[Kill] = []
        self._choices = random.Random(seed)
        self._tell = tell
        self._began = time.monotonic()

    def run(self) -> None:
        """Run, and raise AssertionError for whatever must not happen."""
        # What is tested is what the client makes of lost members, not of clusters that split on a busy machine.
        patient = {
            "hazelcast.max.no.heartbeat.seconds": "120",
            # Otherwise members repeat what they have passed on to a member that died: see test_faults_passed_on.py.
            "hazelcast.operation.fail.on.indeterminate.state": "true",
        }
        # Starting quickly matters more here than running quickly.
        quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        with Cluster(
            members=3,
            jvm="own",
            proxied=True,
            heap="256m",
            properties=patient,
            jvm_args=quick,
            log_level="INFO",
        ) as self._cluster:
            options = {**OPTIONS, "cluster_members": self._cluster.addresses}
            with (
                hazelcast.HazelcastClient(cluster_members=self._cluster.addresses) as self._patient,
                hazelcast.HazelcastClient(**options) as self._client,
                hazelcast.HazelcastClient(**options) as self._prober,
                Timeline(self._prober, self._cluster) as self._timeline,
            ):
                self.load = Load(self._client, options, self.seed)
                self.load.start(self._patient)
                self._say(f"the load begins; the run began at {self._began:.3f} s of the clock")
                try:
                    self._disturb()
                finally:
                    self.load.stop(LIMIT)
                self._check()

    def _disturb(self) -> None:
        for number in range(self.kills):
            self._await_safety()
            self.load.next_generation()
            victim = self._choices.choice(self._cluster.members)
            uuid = victim.uuid
            self._killed.append(Kill(uuid, time.monotonic()))
            seconds = self._measure(victim, "kill", victim.kill)
            self._say(f"{number + 1}. killed {victim.address}, {uuid}: back after {seconds:.2f} s")
            others = [member for member in self._cluster.members if member is not victim]
            with ThreadPoolExecutor(1) as pool:
                restarted = pool.submit(victim.restart)
                self._disturb_network(self._choices.choice(others))
            restarted.result()
        self._await_safety()

    def _say(self, text: str) -> None:
        self._tell(f"{time.monotonic() - self._began:7.1f} s  {text}")

    def _await_safety(self) -> None:
        """Wait until each partition has its backup: one backup survives one kill at a time."""
        services = [member.instance.getPartitionService() for member in self._cluster.members]
        sizes = [member.instance.getCluster().getMembers() for member in self._cluster.members]
        assert [members.size() for members in sizes] == [3, 3, 3]
        until_now(lambda: all(service.isClusterSafe() for service in services), LIMIT)

    # --- faults -----------------------------------------------------------------------------------------------

    def _measure(self, member: Member, fault: str, begin: Callable[[], Any]) -> float:
        """Begin a fault, and measure the time until a key of this member can be written again.

        Calls are begun every `PROBE` seconds. After a kill, two more times are noted: when the other members had made
        backups the owners, and when all calls that were begun meanwhile had ended. The first ones of them wait at a
        member that passes them on, while later ones find the new owner.
        """
        key, uuid = self._key_of(member), member.uuid
        m = self._prober.get_map("probes").with_timeout(WAIT)
        self._timeline.begin()
        began = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            begun = pool.submit(begin)
            if fault == "kill":
                # Its process may end long after its connections have, on a busy machine.
                connections = self._prober._engine.connections
                until_now(lambda: uuid not in {str(c.member) for c in connections.routes.all}, LIMIT)
            else:
                begun.result()
            seconds = self._probe(m, key, fault, began)
        begun.result()
        self.recovery[fault].append(seconds)
        self.faults[fault] += 1
        return seconds

    def _probe(self, m: Any, key: str, fault: str, began: float) -> float:
        """Write again and again until that succeeds; return the seconds since the fault began."""
        probes = [m.set(key, fault)]
        while not any(probe.done() and probe.exception() is None for probe in probes):
            assert time.monotonic() - began < LIMIT, f"no service after {fault}"
            wait([probe for probe in probes if not probe.done()], PROBE, FIRST_COMPLETED)
            probes.append(m.set(key, fault))
        seconds = time.monotonic() - began
        if fault == "kill":
            wait(probes)
            if (promoted := self._timeline.promoted()) is not None:
                self.recovery["kill, from there on"].append(max(seconds - promoted, 0.0))
                self.recovery["kill, the members"].append(promoted)
            if time.monotonic() - began > SLOW:
                lag = self.load.lateness.most_lag(began)
                lines = [f"what took so long (any thread was held up for {lag:.2f} s at most):"]
                self._say("\n           ".join([*lines, *self._timeline.until_now()]))
            self.recovery["kill, all calls"].append(time.monotonic() - began)
        return seconds

    def _key_of(self, member: Member) -> str:
        partitions = self._prober.partition_service
        uuid = member.uuid

        def find() -> str | None:
            for number in range(2000):
                key = f"probe-{number}"
                owner = partitions.get_partition_owner(partitions.get_partition_id(key))
                if str(owner) == uuid:
                    return key
            return None

        return str(until_now(find, LIMIT))

    def _disturb_network(self, member: Member) -> None:
        """Let the network between the clients and a member fail for a while."""
        choices = self._choices
        stack: ExitStack
        one_way: Literal["to_member", "to_client"]
        proxy = member.proxy
        one_way = "to_member" if choices.random() < 0.5 else "to_client"
        seconds = choices.uniform(0.5, 1.5)
        limited: dict[str, Callable[[], Any]] = {
            "delay": lambda: proxy.delay(choices.uniform(0.01, 0.2), source="clients"),
            "throttle": lambda: proxy.limit(20_000, source="clients"),
            "cut in mid-message": lambda: proxy.cut_after(
                choices.randrange(1, 3000), one_way, source="clients"
            ),
            "hold": lambda: proxy.hold(one_way, source="clients"),
            "refuse": lambda: (proxy.reset(source="clients"), proxy.refuse())[1],
        }
        measured: dict[str, Callable[[], Any]] = {
            "cut": lambda: proxy.reset(source="clients"),
            "half-open": lambda: proxy.half_close(one_way, source="clients"),
            "black hole": lambda: stack.enter_context(proxy.drop(source="clients")),
            "black hole one way": lambda: stack.enter_context(proxy.drop(one_way, source="clients")),
        }
        # Each in turn, in an order by chance, so that a short run has all.
        fault = self._next_fault([*limited, *measured])
        with ExitStack() as stack:
            if fault in measured:
                took = self._measure(member, fault, measured[fault])
                self._say(f"   {fault} at {member.address}: back after {took:.2f} s")
            else:
                stack.enter_context(limited[fault]())
                self._say(f"   {fault} at {member.address} for {seconds:.1f} s")
                self.faults[fault] += 1
                threading.Event().wait(seconds)

    def _next_fault(self, all_faults: list[str]) -> str:
        fewest = min(self.faults[fault] for fault in all_faults)
        return self._choices.choice([fault for fault in all_faults if self.faults[fault] == fewest])

    # --- what must hold ---------------------------------------------------------------------------------------

    def _check(self) -> None:
        load = self.load
        self._check_reliable()
        self._read_all()
        self._check_pending()
        self._say(
            f"checking {len(load.maps.operations)} calls on maps, {len(load.queue.operations)} on a queue"
        )
        check_history(load.maps, Register(), seconds=LIMIT)
        assert (disorder := find_disorder(load.queue.operations, put_back=True)) is None, disorder
        self._check_transactions()
        self._check_events()

    def _read_all(self) -> None:
        """Record what is in the map and the queue in the end, so that nothing that was acknowledged is missing."""
        m = self._patient.get_map("chaos").blocking()
        for key in {operation.key for operation in self.load.maps.operations}:
            call = self.load.maps.invoke("get", key=key, who="end")
            call.ok(m.get(key))
        q = self._patient.get_queue("chaos").blocking()
        item: Any = object()
        while item is not None:
            call = self.load.queue.invoke("poll", key="queue", who="end")
            item = q.poll()
            call.ok(item)

    def _check_pending(self) -> None:
        until_now(lambda: self._client._engine.invocations.pending_count == 0, 10)
        assert self.load.asyncio_pending == 0
        assert self.load.maps.open_count == self.load.queue.open_count == 0

    def _check_transactions(self) -> None:
        """Check what each transaction has done, when members have ended those that nobody ended."""
        accounts = self._patient.get_map("accounts").blocking()
        until_now(lambda: not any(accounts.is_locked(account) for account in range(ACCOUNTS)), LIMIT)
        self.halves = check_transfers(self.load.transfers, accounts.get_all(range(ACCOUNTS)))
        chest = self._patient.get_map("chest").blocking()
        purse = self._patient.get_queue("purse").blocking()
        self.wrong_tokens = check_tokens(
            self.load.moves, *await_tokens(chest, purse, until_now), self._killed
        )

    def _check_reliable(self) -> None:
        """Check that all confirmed messages of the reliable topic were heard."""
        reliable = self.load.reliable
        topic = self._patient.get_reliable_topic(NAME).blocking()
        while reliable.publish(topic) is not None:
            pass
        with suppress(AssertionError):
            until_now(reliable.all_heard, LIMIT)
        self.missed = reliable.check()
        # The reads of the listeners have waited for this one.
        reliable.publish(topic)

    def _check_events(self) -> None:
        """Check that listeners heard nothing wrong, and that they hear each event again."""
        load = self.load
        written = {
            (operation.key, argument)
            for operation in load.maps.operations
            for argument in operation.arguments[-1:]
        }
        assert set(load.events) <= written
        twice = [event for event, count in Counter(load.events).items() if count > 1]
        assert twice == []
        assert [message for message, count in Counter(load.messages).items() if count > 1] == []
        self.heard = len(load.events), len(load.messages)
        # A connection may still be lost, on a busy machine.
        assert any(self._all_is_heard() for _ in range(5)), (len(load.events), len(load.messages))

    def _all_is_heard(self) -> bool:
        """Write and publish, and return whether all of it was heard, once and in order."""
        load = self.load
        keys = {fresh_name("last"): -number for number in range(100)}
        load.events.clear()
        load.messages.clear()
        self._patient.get_map("chaos").blocking().put_all(keys)
        topic = self._patient.get_topic("chaos").blocking()
        for message in keys.values():
            topic.publish(message)
        try:
            until_now(lambda: len(load.events) >= len(keys) and len(load.messages) >= len(keys), 10)
        except AssertionError:
            return False
        return sorted(load.events) == sorted(keys.items()) and load.messages == list(keys.values())

    def report(self) -> str:
        """Return the figures of the run."""
        load = self.load
        lines = [
            f"seed {self.seed}: {self.kills} kills, {sum(self.faults.values()) - self.kills} other faults, "
            f"{time.monotonic() - self._began:.0f} s",
            "faults: " + ", ".join(f"{count} {fault}" for fault, count in sorted(self.faults.items())),
            "calls: " + ", ".join(f"{count} {kind}" for kind, count in sorted(load.counts.items())),
            "errors: " + ", ".join(f"{count} {kind}" for kind, count in load.errors.most_common()),
            *load.lateness.report(),
            f"events heard: {self.heard[0]}; messages heard: {self.heard[1]} of {len(load.published)}",
            f"reliable topic: {len(load.reliable.published)} messages, {self.missed} missed for unconfirmed ones",
            "transactions: "
            + ", ".join(f"{count} {kind} {state}" for (kind, state), count in sorted(load.states.items())),
            f"transactions of unknown outcome that were done by half: {len(self.halves)} transfers,"
            f" {len(self.wrong_tokens)} moves",
            *(f"  {each}" for each in self.halves),
            "seconds until keys of the member could be written again (least, median, most):",
        ]
        for fault, seconds in sorted(self.recovery.items()):
            figures = min(seconds), statistics.median(seconds), max(seconds)
            lines.append(
                f"  {fault:<20} {len(seconds):3} times  " + "  ".join(f"{each:.2f}" for each in figures)
            )
        return "\n".join(lines)


def main() -> None:
    """Run once, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    arguments = parser.parse_args()
    # Lost connections are what this is about.
    logging.disable(logging.WARNING)
    print(f"hatch run chaos --kills {arguments.kills} --seed {arguments.seed}", flush=True)
    chaos = Chaos(arguments.kills, arguments.seed, lambda text: print(text, flush=True))
    chaos.run()
    print(chaos.report())


if __name__ == "__main__":
    main()
