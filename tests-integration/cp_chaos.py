"""Kills a CP member while contenders of several processes take a lock, and checks histories of numbers and values.

    python tests-integration/cp_chaos.py --acquisitions 10000 --own-jvms

The test runs a short form of it.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import hazelcast
from cp_contenders import CONTENDERS, SURFACES, Guarded
from cp_harness import CP_CONFIG
from histories import History
from hz_cp.cp_management import CPGroupAvailabilityEvent, CPMembershipEvent, CPMembershipEventType
from hz_embedded import Cluster
from linearizability import check_history
from sequential_models import Counter, Deterministic

PATIENCE: Final = 300.0
"""Seconds after which a run counts as stuck."""

RECORDERS: Final = 4
"""Threads that record, half of them numbers, half of them values."""

PAUSE: Final = 0.004
"""Seconds between two recorded operations of a thread, so that contenders get the processor."""


class Reference(Deterministic):
    """An atomic reference."""

    def apply(self, state: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the value after an operation, and its result."""
        if name == "get":
            return state, state
        if name == "set":
            return arguments[0], None
        if name == "get_and_set":
            return arguments[0], state
        old, new = arguments
        return (new, True) if state == old else (state, False)

    def before(self, operation: Any) -> Any:
        """Return the values that the operation tells about."""
        return (None, operation.result, *operation.arguments)


@dataclass(frozen=True)
class Outcome:
    """What a run has found.

    Attributes:
        acquisitions: How often the lock was taken.
        wrong: How often it was not exclusive, or its fences were not in order.
        operations: How many operations the histories have.
        unknown: How many of these nobody knows the outcome of.
        seconds: How long the load ran.
        pause: The longest time in seconds without an acquisition.
        lost: How often a group was reported to have lost a member; it still has a majority.
        removed: How many CP members were removed after that.
    """

    acquisitions: int
    wrong: int
    operations: int
    unknown: int
    seconds: float
    pause: float
    lost: int
    removed: int


def run(acquisitions: int, *, own_jvms: bool = False, seed: int = 0, version: str = "5.4.0") -> Outcome:
    """Run the load, kill a CP member in its first third, and check the histories.

    Raises:
        AssertionError: A contender failed, or a history is not linearizable.
    """
    config = {
        "cp-subsystem": {
            **CP_CONFIG,
            "cp-member-count": 3,
            # A change whose outcome is unknown after the loss of a leader is not repeated by members.
            "fail-on-indeterminate-operation-state": True,
        }
    }
    jvm: Any = "own" if own_jvms else "shared"
    with (
        Cluster(3, version=version, config=config, jvm=jvm, heap="384m") as cluster,
        tempfile.TemporaryDirectory() as folder,
    ):
        path = Path(folder) / "guarded"
        guarded = Guarded(path, new=True)
        recorded = _Recorded(cluster.addresses, seed)
        script = Path(__file__).with_name("cp_contenders.py")
        contenders = [
            subprocess.Popen([sys.executable, script, path, str(acquisitions), surface, *cluster.addresses])
            for surface in SURFACES
        ]
        try:
            with recorded:
                reported = _Reported(recorded.client)
                began, pause = _watch(cluster, guarded, acquisitions, contenders)
                seconds = time.monotonic() - began
                reported.remove_lost()
            assert [process.wait(60) for process in contenders] == [0] * len(contenders)
        finally:
            for process in contenders:
                process.kill()
                process.wait()
        outcome = Outcome(
            guarded.count,
            guarded.wrong,
            len(recorded.numbers.operations) + len(recorded.values.operations),
            sum(
                operation.outcome == "indeterminate"
                for operation in (*recorded.numbers.operations, *recorded.values.operations)
            ),
            seconds,
            pause,
            reported.lost,
            reported.removed,
        )
        guarded.close()
    check_history(recorded.numbers, Counter())
    check_history(recorded.values, Reference())
    return outcome


def _watch(
    cluster: Cluster, guarded: Guarded, acquisitions: int, contenders: list[subprocess.Popen[bytes]]
) -> tuple[float, float]:
    """Kill a member when a third is done; return when the load began, and the longest pause of it."""
    began = last = 0.0
    pause, count, killed = 0.0, 0, False
    deadline = time.monotonic() + PATIENCE
    tick = threading.Event()
    while guarded.count < acquisitions:
        now = time.monotonic()
        assert now < deadline, f"stuck after {guarded.count} acquisitions"
        assert all(process.poll() in (None, 0) for process in contenders), "a contender failed"
        if guarded.count != count:
            began = began or now
            pause = max(pause, now - last) if last else 0.0
            count, last = guarded.count, now
        if not killed and count >= acquisitions / 3:
            killed = True
            victim = cluster.members[0]
            victim.terminate()
        tick.wait(0.002)
    assert killed
    return began, pause


class _Reported:
    """What listeners are told about the CP members."""

    def __init__(self, client: hazelcast.HazelcastClient) -> None:
        self._management = client.cp_subsystem.management.blocking()
        self._before = self._management.get_cp_members()
        self._unavailable: set[UUID] = set()
        self.lost = self.removed = 0
        self._told = threading.Event()
        self._management.add_group_availability_listener(self._on_lost)
        self._management.add_membership_listener(self._on_change)

    def _on_lost(self, event: CPGroupAvailabilityEvent) -> None:
        self.lost += event.is_majority_available
        self._unavailable.update(member.uuid for member in event.unavailable_members)
        self._told.set()

    def _on_change(self, event: CPMembershipEvent) -> None:
        self.removed += event.type == CPMembershipEventType.REMOVED
        self._told.set()

    def remove_lost(self) -> None:
        """Wait for the report, remove the CP member that it is about, and wait until that is reported."""
        assert self._told.wait(PATIENCE)
        (victim,) = self._unavailable
        assert victim in self._before
        self._told.clear()
        self._management.remove_cp_member(victim)
        while not self.removed:
            assert self._told.wait(PATIENCE)
            self._told.clear()
        assert set(self._management.get_cp_members()) == set(self._before) - {victim}


class _Recorded:
    """Threads that change one number and one value, and the histories of what they did."""

    def __init__(self, addresses: list[str], seed: int) -> None:
        self.numbers = History()
        self.values = History()
        self._clients = [hazelcast.HazelcastClient(cluster_members=addresses) for _ in range(2)]
        self.client = self._clients[0]
        self._enough = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._change, args=(self._clients[i % 2], i // 2, random.Random(seed * 100 + i))
            )
            for i in range(RECORDERS)
        ]

    def __enter__(self) -> _Recorded:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        for client in self._clients:
            client.shutdown()

    def _change(self, client: hazelcast.HazelcastClient, kind: int, chance: random.Random) -> None:
        if kind == 0:
            self._repeat(self.numbers, client.cp_subsystem.get_atomic_long("n").blocking(), chance, _NUMBERS)
        else:
            self._repeat(
                self.values, client.cp_subsystem.get_atomic_reference("r").blocking(), chance, _VALUES
            )

    def _repeat(
        self,
        history: History,
        proxy: Any,
        chance: random.Random,
        choices: dict[str, Callable[[random.Random], tuple[Any, ...]]],
    ) -> None:
        while not self._enough.wait(PAUSE):
            name = chance.choice(list(choices))
            arguments = choices[name](chance)
            call = history.invoke(name, *arguments)
            try:
                result = getattr(proxy, name)(*arguments)
            except Exception as e:
                call.indeterminate(e)
            else:
                call.ok(result)


_NUMBERS: Final[dict[str, Callable[[random.Random], tuple[Any, ...]]]] = {
    "get": lambda _: (),
    "increment_and_get": lambda _: (),
    "get_and_add": lambda chance: (chance.randrange(1, 100),),
    "compare_and_set": lambda chance: (chance.randrange(5), chance.randrange(5)),
    "get_and_set": lambda chance: (chance.randrange(5),),
}

_VALUES: Final[dict[str, Callable[[random.Random], tuple[Any, ...]]]] = {
    "get": lambda _: (),
    "set": lambda chance: (chance.choice("abc"),),
    "get_and_set": lambda chance: (chance.choice("abc"),),
    "compare_and_set": lambda chance: (chance.choice("abc"), chance.choice("abc")),
}


def main() -> None:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--acquisitions", type=int, default=10_000)
    parser.add_argument("--own-jvms", action="store_true", help="kill a process instead of a member in one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--version", default="5.4.0")
    options = parser.parse_args()
    outcome = run(options.acquisitions, own_jvms=options.own_jvms, seed=options.seed, version=options.version)
    print(f"{len(SURFACES)} processes with {CONTENDERS} contenders each: {outcome}")
    assert outcome.wrong == 0


if __name__ == "__main__":
    main()
