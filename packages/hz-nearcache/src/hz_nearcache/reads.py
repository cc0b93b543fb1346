"""Operations on maps whose values the client keeps."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from hz_core.compiled import prefer_compiled
from hz_core.context import ClientContext
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations, ObjectOperations
from hz_nearcache.compiled import MISSING, NearReadsBase
from hz_nearcache.near_cache import NearCache
from hz_nearcache.patterns import matching
from hz_nearcache.service import NearCaches
from hz_nearcache.shortcuts import quicken
from hz_serialization import Data

T = TypeVar("T")


@partial(prefer_compiled, only=NearReadsBase)
class NearCachedOperations(NearReadsBase, KeyedOperations):
    """Reads are answered by the near cache, and what is read is kept there. It stands before a structure's operations.

    Args:
        context: The client.
        name: Name of the map.

    Attributes:
        near_cache: The near cache.
    """

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        config = matching(context.config.near_caches, name)
        assert config is not None
        assert self._changes is not None
        self.near_cache: NearCache = NearCache(
            context,
            self.service_name,
            name,
            config,
            self._changes,
            self._partition_of,
            context.service(NearCaches),
        )
        self._store = self.near_cache.store
        self._look_up = self._store.look_up

    def _prepare(self) -> Flow[None]:
        yield from super()._prepare()
        yield from self.near_cache.start()
        if self.near_cache.config.preload_file is not None:
            operations: Any = self
            self._context.start(
                self.near_cache.preload(operations.get),
                f"keeping the keys of the near cache of {self.name!r}",
            )

    def _destroy(self) -> Flow[None]:
        yield from self.near_cache.stop()
        yield from super()._destroy()

    def _surface(self, make: Callable[[Any, Any], T], caller: Any) -> T:
        if self._made is None:
            self._made = quicken(super()._surface(make, caller), self._look_up)
        return super()._surface(make, caller)

    def _cached(self, key: Any) -> Any:
        """Return the value that is kept of a key, or MISSING."""
        value = self._look_up(key)
        return value if value is not MISSING else self._store.find(self._keyed(key)[0], key)

    def _get(self, make: Callable[[int, str, Data, int], Op[T]], key: Any) -> Op[T]:
        # Surfaces have looked for the caller's key; see `quicken`.
        data, partition = self._keyed(key)
        value = self._store.find(data, key)
        if value is MISSING:
            op = make(partition, self.name, data, self._owner())
            return self.near_cache.filling(op, data, partition, key)
        return Op.ready(value)

    def _contains(self, make: Callable[[int, str, Data, int], Op[T]], key: Any) -> Op[T]:
        value = self._cached(key)
        if value is MISSING:
            return self._read(make, key)
        answer: Any = value is not None
        return Op.ready(answer)

    def _read_many(self, op: Op[T], keys: Sequence[Data]) -> Op[T]:
        return self.near_cache.filling_many(op, keys, op.partition_id)

    def get_all(self, keys: Iterable[Any] | None) -> Any:
        """Return the entries of ``keys``; only those are asked for that the near cache does not have."""
        operations: Any = super()
        if keys is None:
            return operations.get_all(keys)  # which refuses it
        found: dict[Any, Any] = {}
        missing: list[Any] = []
        for key in keys:
            value = self._cached(key)
            if value is MISSING:
                missing.append(key)
            elif value is not None:
                found[key] = value
        if not missing:
            return Op.ready(found)
        return _with(found, operations.get_all(missing))

    def _write(self, key: Data, op: Op[T]) -> Op[T]:
        return self.near_cache.changing(op, [key])

    def _write_many(self, op: Op[T], keys: Iterable[Data]) -> Op[T]:
        return self.near_cache.changing(op, list(keys))

    def _write_all(self, op: Op[T]) -> Op[T]:
        return self.near_cache.changing(op, None)


def _with(found: dict[Any, Any], rest: Flow[dict[Any, Any]]) -> Flow[dict[Any, Any]]:
    found.update((yield from rest))
    return found


_near_cached: dict[type[KeyedOperations], type[NearCachedOperations]] = {}


def near_cached(operations: type[KeyedOperations]) -> type[NearCachedOperations]:
    """Return the class of the operations of the same structure with near caches."""
    made = _near_cached.get(operations)
    if made is None:
        # The name of the class is that of the kind of object in what surfaces print.
        made = type(operations.__name__, (NearCachedOperations, operations), {"__module__": __name__})
        made = _near_cached.setdefault(operations, made)
    return made


def make_operations(
    operations: type[ObjectOperations], context: ClientContext, name: str
) -> ObjectOperations:
    """Return the operations of an object, with a near cache if the option ``near_caches`` names it and it is a map."""
    if (
        issubclass(operations, KeyedOperations)
        and operations._changes is not None
        and matching(context.config.near_caches, name) is not None
    ):
        return near_cached(operations)(context, name)
    return operations(context, name)
