"""The near cache of one map: what it keeps, and when it forgets."""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from hz_core.config import InMemoryFormat, NearCacheConfig
from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.listener import ListenerSpec
from hz_core.local_copies import ChangeFeed, LocalCopies
from hz_core.log import get_logger
from hz_core.op import Flow, GatherOutcomes, Op, Sleep, WaitFor
from hz_core.wire.types import ReadData, raw_data
from hz_nearcache.compiled import MISSING
from hz_nearcache.preloading import file_of, read_keys, write_keys
from hz_nearcache.repairing import Numbers
from hz_nearcache.statistics import Statistics
from hz_nearcache.store import Store
from hz_serialization import Data

T = TypeVar("T")

_logger = get_logger("nearcache")

MOST_DOUBTFUL: Final = 10_000
"""So many keys are remembered of which nobody knows whether this client has changed them; with more, any key may be."""


PRELOADED_TOGETHER: Final = 100
"""So many values are asked for at the same time at the start."""

PERSISTED_EVERY: Final = 600.0
"""Seconds after which the keys are written again, and not only when the client is shut down."""


class Caretaker(Protocol):
    """Looks after the near caches of a client."""

    def add(self, cache: "NearCache", /) -> None:
        """Look after a near cache from now on."""
        ...

    def remove(self, cache: "NearCache", /) -> None:
        """Look after a near cache no more."""
        ...

    def compare(self, connections: Sequence[Connection], /) -> Flow[None]:
        """Ask members for the numbers of changes, and let near caches forget what they were not told."""
        ...

    def compare_soon(self, connection: Connection, /) -> None:
        """Do the same for one member, without waiting."""
        ...


class NearCache:
    """The values of a map that a client keeps.

    While a member of the cluster does not tell of changes, because it is not connected for example, nothing is kept.

    Args:
        context: The client.
        service_name: Name of the member's service for the map.
        name: Name of the map.
        config: The options.
        feed: How members tell of changes.
        partition_of: Returns the partition of a key.
        caretaker: Looks after the near caches of the client.

    Attributes:
        name: Name of the map.
        config: The options.
        store: The entries.
        feed: How members tell of changes.
        numbers: The numbers of the changes that were told.
        created: The time at which it was made, of the client's clock.
    """

    def __init__(
        self,
        context: ClientContext,
        service_name: str,
        name: str,
        config: NearCacheConfig,
        feed: ChangeFeed,
        partition_of: Callable[[Data], int],
        caretaker: Caretaker,
    ) -> None:
        self.name = name
        self.config = config
        self.numbers: Numbers = Numbers()
        self.created: float = context.io.now()
        self._context = context
        self._view = context.view
        self._service_name = service_name
        self.feed = feed
        self._partition_of = partition_of
        self._caretaker = caretaker
        self._binary = config.in_memory_format is InMemoryFormat.BINARY
        self._copies = config.copy_on_read and not self._binary
        show = context.serialization.to_object if self._binary else deepcopy if self._copies else None
        self._mutex = context.io.mutex()
        self.store: Store = Store(
            now=context.io.now,
            random=context.io.random.random,
            mutex=self._mutex,
            policy=config.eviction_policy,
            max_size=config.eviction_max_size,
            max_bytes=config.max_bytes,
            time_to_live=config.time_to_live,
            max_idle=config.max_idle,
            sampling_count=config.eviction_sampling_count,
            sampling_pool_size=config.eviction_sampling_pool_size,
            show=show,
        )
        self._started = False
        self._preloaded = False
        self._serving = False
        self._members: object = None
        self._registered: set[Connection] = set()
        self._registration: str | None = None
        self._doubtful: dict[Data, int] = {}
        self._all_doubtful = 0

    @property
    def statistics(self) -> Statistics:
        """What has happened so far."""
        return self.store.statistics

    @property
    def repaired(self) -> bool:
        """Whether members are asked for the numbers of changes."""
        return self.feed.numbered and self.config.invalidate_on_change

    def __len__(self) -> int:
        return len(self.store)

    def __repr__(self) -> str:
        return f"NearCache({self.name!r}, {len(self)} entries)"

    # --- beginning and end -------------------------------------------------------------------------------------

    def start(self) -> Flow[None]:
        """Begin to keep values, once members tell of changes."""
        self._started = True
        context = self._context
        context.service(LocalCopies).add(self._service_name, self.name, self)
        self._caretaker.add(self)
        if not self.config.invalidate_on_change:
            self._serving = True
            return
        spec = ListenerSpec(
            lambda local_only: self.feed.listen(self.name, local_only),
            lambda registration: self.feed.stop(self.name, registration),
            self._on_event,
            read=raw_data,
            inline=True,
        )
        spec.on_registered = self._on_registered
        spec.on_lost = self._on_lost
        try:
            self._registration = yield from context.add_listener(spec)
            if self.repaired:
                yield from self._caretaker.compare(self.connections())
        except BaseException:
            self._leave()
            raise

    def stop(self) -> Flow[None]:
        """Forget everything, and keep nothing from now on."""
        self._leave()
        registration, self._registration = self._registration, None
        if registration is not None:
            yield from self._context.remove_listener(registration)

    def _leave(self) -> None:
        self.end()
        self._context.service(LocalCopies).remove(self._service_name, self.name, self)
        self._caretaker.remove(self)

    def end(self) -> None:
        """Keep nothing from now on."""
        self._started = True
        self._registered.clear()
        self._members = None
        self._stop_serving()

    def on_cluster_changed(self) -> None:
        """Forget what is known of the cluster that the client was connected to."""
        self.numbers.forget()
        self.store.clear()

    def on_fork(self) -> None:
        """Forget everything, in a forked child."""
        self._mutex = self.store.mutex = self._context.io.mutex()
        self._registered.clear()
        self.numbers.forget()
        if self.config.invalidate_on_change:
            self._stop_serving()
        self.store.clear()

    def connections(self) -> list[Connection]:
        """Return the connections over which members tell of changes."""
        return list(self._registered)

    def _on_registered(self, connection: Connection) -> None:
        # What has changed before, since a lost connection for example, nobody tells.
        self._registered.add(connection)
        self.store.clear()
        self._check_coverage()
        if self.repaired and self._registration is not None:
            self._caretaker.compare_soon(connection)

    def _on_lost(self, connection: Connection) -> None:
        self._registered.discard(connection)
        self._stop_serving()
        self._check_coverage()

    def _stop_serving(self) -> None:
        with self._mutex:
            # In this order: a reservation that is made between the steps counts for nothing.
            self._serving = False
            self.store.clear()

    def _check_coverage(self) -> None:
        """Keep values if each member tells of its changes, otherwise none."""
        if not self.config.invalidate_on_change:
            return
        with self._mutex:
            members = self._context.view.members
            there = {connection.member for connection in self._registered if connection.alive}
            if self._context.config.smart_routing:
                covered = all(m.uuid in there for m in members.members if not m.lite_member)
            else:
                covered = True
            covered = covered and bool(there)
            if self._serving and not covered:
                self._stop_serving()
            self._serving = covered
            self._members = members

    # --- keys between runs -------------------------------------------------------------------------------------

    def preload(self, read: Callable[[Any], Op[Any]]) -> Flow[None]:
        """Read the values of the keys that the last run has left, then write the keys from time to time.

        Args:
            read: Returns the operation that reads the value of a key.
        """
        path = self._file()
        try:
            keys = yield WaitFor(partial(self._context.io.run_blocking, partial(read_keys, path, self.name)))
            to_object = self._context.serialization.to_object
            for start in range(0, len(keys), PRELOADED_TOGETHER):
                yield GatherOutcomes(
                    [read(to_object(key)) for key in keys[start : start + PRELOADED_TOGETHER]]
                )
        except Exception as e:
            _logger.warning("the near cache of %r begins without the keys of %s: %s", self.name, path, e)
        self._preloaded = True
        while True:
            yield Sleep(PERSISTED_EVERY)
            yield from self.persist()

    def persist(self) -> Flow[None]:
        """Write the keys into the file, if there is one, those that were used last first.

        As long as the values of the last run's keys are not all read, these keys stay in the file.
        """
        if not self._preloaded or not len(self.store):
            return
        path, keys = self._file(), self.store.keys()[::-1]
        write = partial(write_keys, path, self.name, keys)
        now = self._context.io.now
        began = now()
        try:
            size = yield WaitFor(partial(self._context.io.run_blocking, write))
            self.statistics.persisted(began, now(), len(keys), size)
        except Exception as e:
            self.statistics.persisted(began, now(), 0, 0, f"{type(e).__name__}: {e}")
            _logger.warning("the keys of the near cache of %r were not written to %s: %s", self.name, path, e)

    def _file(self) -> Path:
        assert self.config.preload_file is not None
        return file_of(self.config.preload_file, self.name)

    # --- reading -----------------------------------------------------------------------------------------------

    def reserve(self, key: Data) -> int | None:
        """Return a reservation for the value of a key; None if it must not be kept."""
        if self._members is not self._view.members:
            self._members_changed()
        # In this order: what is reserved while this stops counts for nothing.
        reservation = self.store.reserve(key)
        return reservation if self._serving else None

    def _members_changed(self) -> None:
        if not self._started:
            self._started = True
            self._context.start(self.start(), f"starting the near cache of {self.name!r}")
        elif self._registered:
            self._check_coverage()

    def filling(self, op: Op[T], key: Data, partition: int, shortcut: Any) -> Op[T]:
        """Return ``op``, which reads the value of a key, so that it is kept."""
        reservation = self.reserve(key)
        if reservation is None:
            return op
        op.decode = self.store.keeping(
            op.decode, key, partition, reservation, shortcut, binary=self._binary, copies=self._copies
        )
        return op

    def filling_many(self, op: Op[T], keys: Iterable[Data], partition: int) -> Op[T]:
        """Return ``op``, which reads the entries of keys in one partition, so that they are kept.

        It gives pairs of the ``Data`` of a key and the value.
        """
        reservations = {key: self.reserve(key) for key in keys}
        decode: Any = op.decode

        def decode_and_keep(message: bytes, read: ReadData) -> Any:
            found: dict[Data, Data] = dict(decode(message, raw_data))
            entries = [
                (key, self._keep(key, data, read, partition, reservations.get(key)))
                for key, data in found.items()
            ]
            for key in reservations.keys() - found.keys():
                self._keep(key, None, read, partition, reservations[key])
            return entries

        op.decode = decode_and_keep
        return op

    def _keep(
        self,
        key: Data,
        data: Data | None,
        read: ReadData,
        partition: int,
        reservation: int | None,
        shortcut: Any = MISSING,
    ) -> Any:
        """Keep a value if it is still reserved; return it for the caller who has asked for it."""
        value = None if data is None else read(data, 0, len(data))
        if reservation is not None:
            kept = data if self._binary else value
            if self._copies and data is not None:
                kept = read(data, 0, len(data))  # the caller may change the other one
            cost = len(key) + (0 if data is None else len(data))
            self.store.put(key, kept, cost, partition, reservation, shortcut)
        return value

    # --- changes -----------------------------------------------------------------------------------------------

    def changing(self, op: Op[T], keys: list[Data] | None) -> Op[T]:
        """Return ``op``, which changes the entries of keys, or any entries, so that their old values are forgotten.

        Before: a read that begins after the write must not find what it replaces. And after, whatever the outcome: a
        read that was faster than the write may have brought the old value meanwhile.
        """
        doubted = self._doubt(keys)
        self._forget(keys)

        def done(_: object) -> None:
            self._trust(doubted)
            self._forget(keys)

        return op.then(done, lambda _: self._forget(keys))

    def changed(self, keys: Iterable[Data] | None, certain: bool) -> None:
        """Forget entries that this client has changed; see :class:`hz_core.local_copies.Copies`."""
        listed = None if keys is None else list(keys)
        if not certain:
            self._doubt(listed)
        self._forget(listed)

    def _forget(self, keys: list[Data] | None) -> None:
        self.statistics.invalidations += self.store.clear() if keys is None else self.store.forget_many(keys)

    def _doubt(self, keys: list[Data] | None) -> list[Data] | None:
        """Note that this client changes entries at an unknown time, so that it counts when the members tell of it.

        A write may be given up by its caller, and made later. Return what ``_trust`` takes back.
        """
        with self._mutex:
            if keys is None or len(self._doubtful) + len(keys) > MOST_DOUBTFUL:
                self._all_doubtful += 1
                return None
            for key in keys:
                self._doubtful[key] = self._doubtful.get(key, 0) + 1
        return keys

    def _trust(self, doubted: list[Data] | None) -> None:
        with self._mutex:
            if doubted is None:
                self._all_doubtful -= 1
                return
            for key in doubted:
                left = self._doubtful.get(key, 0) - 1
                if left > 0:
                    self._doubtful[key] = left
                else:
                    self._doubtful.pop(key, None)

    def _on_event(self, event: Any) -> None:
        # There may be 100,000 in one event, and the thread that reads the connection waits for this.
        store, statistics, own = self.store, self.statistics, self._context.uuid.int
        told, lost = self.numbers.told, set()
        forgotten: list[Data] = []
        count = 0
        for key, source, partition_uuid, number in self.feed.changes(event):
            count += 1
            if partition_uuid is not None and told(partition_uuid, number) and key is not None:
                lost.add(self._partition_of(key))
            # What this client has changed it has forgotten by itself, and may have read again since.
            if source is not None and source.int == own and not (self._all_doubtful or key in self._doubtful):
                continue
            if key is None:
                statistics.invalidations += store.clear()
            else:
                forgotten.append(key)
        statistics.invalidation_requests += count
        if forgotten:
            statistics.invalidations += store.forget_many(forgotten)
        if lost:
            self.lose(lost)

    def lose(self, partitions: set[int]) -> None:
        """Forget all entries of partitions in which changes may not have been told."""
        self.statistics.lost_invalidations = self.numbers.gaps
        self.statistics.invalidations += self.store.forget_groups(partitions)
