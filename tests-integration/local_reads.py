"""The seed of a near cache: a map that answers reads of entries it has seen, and hears when these have changed."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar
from uuid import UUID

from hz_core.context import ClientContext
from hz_core.kinds import ObjectKind
from hz_core.listener import ListenerSpec
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations
from hz_core.wire.types import raw_data
from hz_proxies.codecs import map as codec
from hz_proxies.events import EntryEventType
from hz_proxies.map.futures import Map
from hz_proxies.map.operations import MapOperations
from hz_serialization import Data

T = TypeVar("T")


class LocalReads(KeyedOperations):
    """Answers ``get`` and ``contains_key`` from what earlier reads have brought.

    A read that misses reserves its key, and its value is stored only if the reservation still stands: whatever
    changes the entry meanwhile, or may have changed it, takes reservation and value away.
    """

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._mutex = context.io.mutex()
        self._local: dict[Data, Any] = {}
        self._reserved: dict[Data, object] = {}
        self._invalidations: str | None = None

    def _prepare(self) -> Flow[None]:
        yield from super()._prepare()
        spec = ListenerSpec(
            self._listen,
            lambda registration: codec.remove_entry_listener(self.name, registration),
            self._on_invalidation,
            read=raw_data,
            inline=True,
        )
        self._invalidations = yield from self._context.add_listener(spec)

    def _destroy(self) -> Flow[None]:
        if self._invalidations is not None:
            yield from self._context.remove_listener(self._invalidations)
        self._forget_all()
        yield from super()._destroy()

    def _listen(self, local_only: bool) -> Op[UUID]:
        # What has changed before the registration, since a lost connection for example, nobody tells.
        op = codec.add_near_cache_invalidation_listener(self.name, EntryEventType.INVALIDATION, local_only)
        return op.then(lambda registration: self._forget_all())

    def _on_invalidation(self, event: Any) -> None:
        if isinstance(event, codec.InvalidationEvent):
            self._invalidated(event.key, event.source_uuid)
        else:
            for key, source in zip(event.keys, event.source_uuids, strict=True):
                self._invalidated(key, source)

    def _invalidated(self, key: Data | None, source: UUID) -> None:
        if key is None:
            self._forget_all()
        elif source != self._context.uuid:  # the client's own writes have done it
            self._forget([key])

    def _read(self, make: Callable[[int, str, Data, int], Op[T]], key: Any) -> Op[T]:
        data, partition = self._keyed(key)
        value = self._local.get(data)
        made: Any = make
        if value is not None and made in (codec.get, codec.contains_key):
            answer: Any = value if made is codec.get else True
            return Op.ready(answer)
        op = make(partition, self.name, data, self._owner())
        return self._storing(op, data) if made is codec.get else op

    def _storing(self, op: Op[T], key: Data) -> Op[T]:
        reservation = object()
        with self._mutex:
            self._reserved[key] = reservation

        def store(value: Any) -> None:
            with self._mutex:
                if self._reserved.get(key) is reservation:
                    del self._reserved[key]
                    if value is not None:
                        self._local[key] = value

        return op.then(store)

    def _write(self, key: Data, op: Op[T]) -> Op[T]:
        return self._write_many(op, [key])

    def _write_many(self, op: Op[T], keys: Iterable[Data]) -> Op[T]:
        written = list(keys)
        return self._before_and_after(op, lambda: self._forget(written))

    def _write_all(self, op: Op[T]) -> Op[T]:
        return self._before_and_after(op, self._forget_all)

    def _before_and_after(self, op: Op[T], forget: Callable[[], None]) -> Op[T]:
        # Before: a read that begins after the write must not find what it replaces. After, whatever the outcome: a
        # read that was faster than the write may have brought the old value meanwhile.
        forget()
        return op.then(lambda result: forget(), lambda error: forget())

    def _forget(self, keys: Iterable[Data]) -> None:
        with self._mutex:
            for key in keys:
                self._local.pop(key, None)
                self._reserved.pop(key, None)

    def _forget_all(self) -> None:
        with self._mutex:
            self._local.clear()
            self._reserved.clear()


class LocalMapOperations(LocalReads, MapOperations[Any, Any]):
    """A map with local reads."""


def _asyncio(caller: Any, operations: Any) -> Any:
    from hz_proxies.map.aio import AsyncMap

    return AsyncMap(caller, operations)


LOCAL_MAP: Final[ObjectKind[Map[Any, Any], Any]] = ObjectKind(LocalMapOperations, Map, _asyncio)
