"""The load of `chaos.py`: what clients do, with a record of every call, its outcome and its time."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import hazelcast
import hazelcast.asyncio
from chaos_lateness import Lateness
from chaos_reliable import NAME, ReliableLoad
from chaos_transactions import ACCOUNTS, TOKENS, Ended, Move, Transfer, move, transfer
from hazelcast.errors import HazelcastError
from histories import Call, History

WAIT: Final = 4.0
"""Time limit of each call, in seconds."""

KEYS: Final = 6
"""Keys that are used at the same time."""

Action = tuple[Any, ...]
"""Name and arguments of a call."""

READS: Final = frozenset({"get", "contains_key"})


class Load:
    """Threads and tasks that use one cluster until they are told to stop.

    Args:
        client: For blocking threads and futures.
        options: Of the asyncio client.
        seed: Of what is called; which thread is faster is up to the machine.

    Attributes:
        maps: Calls on the entries of a map, by key.
        queue: Calls on a queue.
        counts: How many calls of each kind were confirmed, and how many were not.
        errors: How many errors of each class.
        states: How many transactions of each kind ended in each state.
        failures: What must not happen.
        events: Key and new value of each event of the map.
        messages: Each message of the topic.
        published: Confirmed messages.
        transfers: Transactions between accounts that have read balances.
        moves: Transactions that move tokens.
        reliable: Messages of a reliable topic.
        lateness: How late calls end whose time is over.
    """

    def __init__(self, client: hazelcast.HazelcastClient, options: dict[str, Any], seed: int) -> None:
        self.client = client
        self.maps = History()
        self.queue = History()
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.states: Counter[tuple[str, str]] = Counter()
        self.failures: list[BaseException] = []
        self.events: list[tuple[str, int]] = []
        self.messages: list[int] = []
        self.published: set[int] = set()
        self.transfers: list[Transfer] = []
        self.moves: list[Move] = []
        self.reliable = ReliableLoad()
        self.lateness = Lateness(WAIT)
        self.asyncio_pending = -1
        self._options = options
        self._seed = seed
        self._generation = 0
        self._values = itertools.count(1)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self, patient: hazelcast.HazelcastClient) -> None:
        """Fill the accounts by a client that waits, and begin."""
        accounts = patient.get_map("accounts").blocking()
        accounts.put_all(dict.fromkeys(range(ACCOUNTS), 0))
        purse = patient.get_queue("purse").blocking()
        for token in range(TOKENS):
            purse.offer(token)
        entries = self.client.get_map("chaos").blocking()
        entries.add_entry_listener(include_value=True, added_func=self._on_entry, updated_func=self._on_entry)
        self.client.get_topic("chaos").blocking().add_listener(self._on_message)
        for client in (self.client, patient):
            self.reliable.listen(client)
        jobs: list[Callable[[random.Random], None]] = [
            *[self._use_map] * 3,
            self._use_futures,
            lambda choices: asyncio.run(self._use_asyncio(choices)),
            *[self._offer] * 2,
            *[self._poll] * 2,
            *[self._transfer] * 2,
            self._move,
            self._publish,
            self._publish_reliably,
        ]
        self._threads = [
            threading.Thread(target=self._guarded, args=(job, random.Random(f"{self._seed} {number}")))
            for number, job in enumerate(jobs)
        ]
        self.lateness.start()
        for thread in self._threads:
            thread.start()

    def next_generation(self) -> None:
        """Use other keys from now on: the histories of single keys stay short enough to be checked."""
        self._generation += 1

    def stop(self, seconds: float) -> None:
        """End the load; raise AssertionError if something hangs or has failed."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)
        self.lateness.stop()
        assert [thread.name for thread in self._threads if thread.is_alive()] == [], "the load hangs"
        assert self.failures == []

    # --- outcomes ---------------------------------------------------------------------------------------------

    def _guarded(self, job: Callable[[random.Random], None], choices: random.Random) -> None:
        try:
            job(choices)
        except BaseException as e:
            self.failures.append(e)

    def _note(self, kind: str, error: BaseException | None) -> None:
        with self._lock:
            self.counts[kind if error is None else f"{kind} failed"] += 1
            if error is not None:
                self.errors[type(error).__name__] += 1

    def _end(self, call: Call, name: str, result: Any, error: HazelcastError | None, how: str) -> None:
        """Record how a call has ended that was made by threads, futures or asyncio."""
        if error is None:
            operation = call.ok(result)
        elif name in READS:
            operation = call.fail(error)
        else:
            # Not even a time-out says that nothing was done, or that nothing will be done later.
            operation = call.indeterminate(error)
        self._note(name, error)
        self.lateness.note(how, operation.ended - operation.began)

    def _call(
        self, history: History, function: Callable[..., Any], action: Action, key: Any, *before: Any
    ) -> Any:
        """Make a blocking call, record it, and return its result, or None."""
        name, *arguments = action
        call = history.invoke(name, *arguments, key=key)
        try:
            result = function(*before, *arguments)
        except HazelcastError as e:
            self._end(call, name, None, e, "threads")
            return None
        self._end(call, name, result, None, "threads")
        return result

    def _pause(self, choices: random.Random) -> bool:
        """Wait a little, since what is tested is not the speed of this machine; return whether to go on."""
        return not self._stopping.wait(choices.uniform(0, 0.02))

    # --- maps -------------------------------------------------------------------------------------------------

    def _choose(self, choices: random.Random, seen: dict[str, Any]) -> tuple[str, Action]:
        """Choose a key and what to do with it."""
        key = f"{self._generation}-{choices.randrange(KEYS)}"
        value = next(self._values)
        last = seen.get(key)
        name = choices.choices(
            ["get", "put", "replace_if_same", "remove", "put_if_absent"], weights=[30, 25, 30, 8, 7]
        )[0]
        if name == "replace_if_same":
            return key, (name, last, value) if last is not None else ("get",)
        return key, (name,) if name in ("get", "remove") else (name, value)

    def _use_map(self, choices: random.Random) -> None:
        m = self.client.get_map("chaos").blocking().with_timeout(WAIT)
        seen: dict[str, Any] = {}
        while self._pause(choices):
            key, action = self._choose(choices, seen)
            result = self._call(self.maps, getattr(m, action[0]), action, key, key)
            self._remember(seen, key, action, result)

    @staticmethod
    def _remember(seen: dict[str, Any], key: str, action: Action, result: Any) -> None:
        """Remember a value to compare with."""
        if action[0] == "get":
            seen[key] = result
        elif action[0] == "put" or (action[0] == "replace_if_same" and result):
            seen[key] = action[-1]

    def _use_futures(self, choices: random.Random) -> None:
        m = self.client.get_map("chaos").with_timeout(WAIT)
        seen: dict[str, Any] = {}
        while self._pause(choices):
            futures = []
            for _ in range(4):
                key, (name, *arguments) = self._choose(choices, seen)
                call = self.maps.invoke(name, *arguments, key=key)
                future = getattr(m, name)(key, *arguments)
                future.add_done_callback(partial(self._done, call, name))
                futures.append((key, (name, *arguments), future))
            for key, action, future in futures:
                try:
                    self._remember(seen, key, action, future.result(10 * WAIT))
                except HazelcastError:
                    continue

    def _done(self, call: Call, name: str, future: Any) -> None:
        try:
            result = future.result()
        except HazelcastError as e:
            self._end(call, name, None, e, "futures")
        else:
            self._end(call, name, result, None, "futures")

    async def _use_asyncio(self, choices: random.Random) -> None:
        async with hazelcast.asyncio.HazelcastClient(**self._options) as client:
            m = (await client.get_map("chaos")).with_timeout(WAIT)

            async def work(number: int) -> None:
                seen: dict[str, Any] = {}
                while not self._stopping.is_set():
                    key, (name, *arguments) = self._choose(choices, seen)
                    call = self.maps.invoke(name, *arguments, key=key, who=f"asyncio-{number}")
                    try:
                        result = await getattr(m, name)(key, *arguments)
                    except HazelcastError as e:
                        self._end(call, name, None, e, "asyncio")
                    else:
                        self._end(call, name, result, None, "asyncio")
                        self._remember(seen, key, (name, *arguments), result)
                    await asyncio.sleep(choices.uniform(0, 0.02))

            await asyncio.gather(*(work(number) for number in range(3)))
            for _ in range(200):
                self.asyncio_pending = client._engine.invocations.pending_count
                if not self.asyncio_pending:
                    break
                await asyncio.sleep(0.05)

    def _on_entry(self, event: Any) -> None:
        self.events.append((event.key, event.value))

    # --- queues, topics ---------------------------------------------------------------------------------------

    def _offer(self, choices: random.Random) -> None:
        q = self.client.get_queue("chaos").blocking().with_timeout(WAIT)
        while self._pause(choices):
            self._call(self.queue, q.offer, ("offer", next(self._values)), "queue")

    def _poll(self, choices: random.Random) -> None:
        q = self.client.get_queue("chaos").blocking().with_timeout(WAIT)
        while self._pause(choices):
            self._call(self.queue, q.poll, ("poll",), "queue")

    def _publish(self, choices: random.Random) -> None:
        topic = self.client.get_topic("chaos").blocking().with_timeout(WAIT)
        while self._pause(choices):
            message = next(self._values)
            try:
                topic.publish(message)
            except HazelcastError as e:
                self._note("publish", e)
            else:
                self.published.add(message)
                self._note("publish", None)

    def _publish_reliably(self, choices: random.Random) -> None:
        topic = self.client.get_reliable_topic(NAME).blocking().with_timeout(WAIT)
        while self._pause(choices):
            self._note("publish reliably", self.reliable.publish(topic))

    def _on_message(self, message: Any) -> None:
        self.messages.append(message.message)

    # --- transactions -----------------------------------------------------------------------------------------

    def _note_transaction(self, kind: str, ended: Ended) -> None:
        self._note(kind, ended.error)
        with self._lock:
            self.states[kind, ended.state] += 1

    def _transfer(self, choices: random.Random) -> None:
        while self._pause(choices):
            done = transfer(self.client, choices)
            self._note_transaction("transfer", done if isinstance(done, Ended) else done.ended)
            if isinstance(done, Transfer):
                with self._lock:
                    self.transfers.append(done)

    def _move(self, choices: random.Random) -> None:
        chest = self.client.get_map("chest").blocking().with_timeout(WAIT)
        while self._pause(choices):
            try:
                there = chest.key_set() if choices.random() < 0.5 else []
            except HazelcastError as e:
                self._note("move", e)
                continue
            done = move(self.client, choices, there)
            self._note_transaction("move", done.ended)
            self.moves.append(done)
