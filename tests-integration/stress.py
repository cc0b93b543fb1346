"""A client under all that can interrupt it at once, on real members: ``hatch run stress --seconds 600``.

Eight threads read and write. Meanwhile signal handlers and other threads raise exceptions in them at random, or use the
client themselves; the garbage collector and a deserializer do so, too; the process forks; and the cluster is out of
reach while very many operations wait. Nothing may hang, and no value may be wrong.
"""

import argparse
import ctypes
import gc
import os
import random
import select
import signal
import threading
import time
import warnings
from collections import Counter
from contextlib import suppress
from typing import Final

import hazelcast
from hazelcast.errors import HazelcastError
from hazelcast.future import Future, combine_futures
from hazelcast.serialization.api import ObjectDataInput, ObjectDataOutput, StreamSerializer
from hz_embedded import Cluster

THREADS: Final = 8
FORK_INTERVAL: Final = 1.0
PATIENCE: Final = 20.0
"""Seconds without progress, while the cluster can be reached, that count as a hang."""


class Interrupt(Exception):
    """Raised in a thread by a signal handler, or by another thread."""


class Reference:
    """A value whose deserializer looks another one up."""


class Stress:
    """One run.

    Args:
        seconds: How long the load lasts.
        waiting: How many operations wait during an outage.
        seed: Of what happens when.
    """

    def __init__(self, seconds: float, waiting: int, seed: int) -> None:
        self.seconds = seconds
        self.waiting = waiting
        self.choose = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.wrong: list[object] = []
        self.progress = [0] * THREADS
        self.beats: Counter[str] = Counter()
        """How often each thread has done something; one may run finalizers for long, with all that they do."""
        self.stopping = threading.Event()
        self.outage = threading.Event()

    def run(self) -> None:
        """Run, and raise AssertionError for a hang or a wrong value."""
        # What is tested is the client. The members must not take each other for lost, on a busy machine or in an
        # outage: a cluster that splits and merges does lose values.
        patient = {"hazelcast.max.no.heartbeat.seconds": "120"}
        with Cluster(members=2, proxied=True, properties=patient) as self.cluster:
            client = hazelcast.HazelcastClient(
                cluster_members=self.cluster.addresses,
                custom_serializers={Reference: self.serializer()},
                invocation_timeout=600,
                cluster_connect_timeout=600,
            )
            self.client = client
            self.futures = client.get_map("stress")
            self.map = self.futures.blocking()
            self.map.set("target", "found")
            self.map.set("reference", Reference())
            threads = [
                threading.Thread(target=self.work, args=(number,), name=f"worker-{number}", daemon=True)
                for number in range(THREADS)
            ]
            disturbing = threading.Thread(target=self.disturb, args=(threads,), daemon=True)
            for thread in [*threads, disturbing]:
                thread.start()
            self.interrupt_this_thread()
            self.stopping.set()
            for thread in [*threads, disturbing]:
                thread.join(PATIENCE)
                assert not thread.is_alive(), f"{thread.name} hangs"
            client.shutdown()
        assert not self.wrong, self.wrong[:5]

    def serializer(self) -> type[StreamSerializer]:
        """Return a serializer that uses the client."""
        stress = self

        class Serializer(StreamSerializer):
            def get_type_id(self) -> int:
                return 4711

            def write(self, out: ObjectDataOutput, obj: object) -> None:
                pass

            def read(self, inp: ObjectDataInput) -> object:
                return stress.map.get("target")

            def destroy(self) -> None:
                pass

        return Serializer

    # --- the load ---------------------------------------------------------------------------------------------

    def work(self, number: int) -> None:
        """Write and read keys of its own, so that the values are known, whatever happens to single calls."""
        while not self.stopping.is_set():
            # Twice, since noting an exception may be interrupted by the next one.
            with suppress(Interrupt):
                try:
                    self.turn(number)
                except Exception as e:
                    self.failed(e)

    def turn(self, number: int) -> None:
        key = f"{number}-{self.progress[number] % 5}"
        value = [number, self.progress[number], "x" * 50]
        while not self.stopping.is_set():
            self.map.set(key, value)
            self.check(key, self.map.get(key), value)
            self.check(key, self.futures.get(key).result(PATIENCE), value)
            self.check("reference", self.map.get("reference"), "found")
            self.check("several", self.map.get_all([key, "target"]), {key: value, "target": "found"})
            if self.progress[number] % 10 == 0:
                Guard(self)  # not more than finalizers can keep up with
            self.progress[number] += 1
            self.beats[f"worker-{number}"] += 1

    def failed(self, error: BaseException) -> None:
        """Note how a call has failed."""
        root = error
        while root.__cause__ is not None:  # a serializer may have wrapped it
            root = root.__cause__
        if isinstance(root, Interrupt):
            self.done["interrupted"] += 1
        elif isinstance(error, HazelcastError):
            self.done[f"failed: {type(error).__name__}"] += 1
        else:
            self.wrong.append(error)

    def check(self, what: object, found: object, expected: object) -> None:
        if found != expected:
            self.wrong.append((what, found, expected))

    # --- what disturbs it -------------------------------------------------------------------------------------

    def interrupt_this_thread(self) -> None:
        """Work in the main thread, which signal handlers interrupt; watch the others."""
        former = signal.signal(signal.SIGALRM, self.on_alarm)
        end = time.monotonic() + self.seconds
        next_fork = time.monotonic() + FORK_INTERVAL
        next_outage = time.monotonic() + min(self.seconds / 3, 60)
        workers = [f"worker-{number}" for number in range(THREADS)]
        seen, since = [0] * THREADS, time.monotonic()
        try:
            while time.monotonic() < end:
                signal.setitimer(signal.ITIMER_REAL, self.choose.uniform(0.001, 0.02))
                # A signal may be lost to a finalizer, whose exceptions go nowhere.
                until = time.monotonic() + 0.1
                try:
                    while time.monotonic() < until:
                        self.check("target", self.map.get("target"), "found")
                except Exception as e:
                    self.failed(e)
                    self.done["signals"] += 1
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                # Here, too, where nothing interrupts it: on a slow machine, all others may be interrupted.
                Guard(self)
                gc.collect(0)
                now = time.monotonic()
                beats = [self.beats[worker] for worker in workers]
                if all(is_now > then for is_now, then in zip(beats, seen, strict=True)):
                    seen, since = beats, now
                assert now - since < PATIENCE, f"no progress for {PATIENCE} s: {seen} {beats}"
                if now >= next_outage:
                    self.break_down()
                    next_outage = time.monotonic() + 60
                    since = time.monotonic()
                    next_fork = time.monotonic() + FORK_INTERVAL
                elif now >= next_fork:
                    self.fork()
                    next_fork = time.monotonic() + FORK_INTERVAL
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, former)

    def on_alarm(self, signum: int, frame: object) -> None:
        if self.choose.random() < 0.5:
            self.check("in a handler", self.map.get("target"), "found")
        raise Interrupt

    def disturb(self, threads: list[threading.Thread]) -> None:
        """Raise exceptions in the threads at random."""
        while not self.stopping.wait(self.choose.uniform(0, 0.02)):
            if self.outage.is_set():
                continue
            identifier = self.choose.choice(threads).ident
            assert identifier is not None
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(identifier), ctypes.py_object(Interrupt)
            )
            self.done["exceptions"] += 1

    def fork(self) -> None:
        """Fork. The child uses the client over connections of its own, and the parent must not notice anything."""
        # The child's end of the pipe is closed when it ends.
        ours, childs = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            code = 1
            os.close(ours)
            try:
                code = 0 if self.map.get("target") == "found" else 2
            finally:
                os._exit(code)
        os.close(childs)
        ended, _, _ = select.select([ours], [], [], PATIENCE)
        os.close(ours)
        if not ended:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert ended, "the forked child hangs"
        if status:
            self.wrong.append(("fork", status))
        self.done["forks"] += 1

    def break_down(self) -> None:
        """Break all connections, let operations wait, and let them go on."""
        self.outage.set()
        proxies = [member.proxy for member in self.cluster.members]
        for proxy in proxies:
            proxy.refuse()
            proxy.reset(source="clients")
        # A listener could not tell: its thread may be waiting, in a deserializer, for the end of the outage.
        end = time.monotonic() + PATIENCE
        while self.client._engine.connections.connected:
            assert time.monotonic() < end, "the loss of the connections was not noticed"
            self.stopping.wait(0.01)
        waiting: list[Future[None]] = [
            self.futures.set(f"waiting-{n % 1000}", n) for n in range(self.waiting)
        ]
        for proxy in proxies:
            proxy.heal()
        combine_futures(waiting).exception(6 * PATIENCE)  # TimeoutError is a hang
        errors = Counter(type(e).__name__ for future in waiting if (e := future.exception()) is not None)
        if errors:
            self.wrong.append(("outage", errors))
        self.done["outages"] += 1
        self.outage.clear()


class Guard:
    """Garbage in a cycle, whose finalizer uses the client."""

    def __init__(self, stress: Stress) -> None:
        self.itself = self
        self.stress = stress

    def __del__(self) -> None:
        # Not in the threads of the proxies between the client and the members, which would wait for themselves, nor,
        # during an outage, in the thread that ends it.
        stress = self.stress
        name = threading.current_thread().name
        waits = stress.stopping.is_set() or stress.outage.is_set()
        if not waits and name.startswith(("worker", "Main", "hz.client")):
            try:
                stress.map.set("released", 1)
                stress.done["finalizers"] += 1
                stress.beats[name] += 1
            except Exception:
                stress.done["finalizers that failed"] += 1


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--waiting", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    stress = Stress(options.seconds, options.waiting, options.seed)
    print(f"seed {options.seed}", flush=True)
    try:
        stress.run()
    finally:
        print(sum(stress.progress), "turns;", dict(stress.done), flush=True)
        gc.collect()
    print("no hang, no wrong value")


if __name__ == "__main__":
    main()
