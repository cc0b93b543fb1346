"""Kinds of distributed objects, and the table of a client's objects."""

from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

from hz_core.callers import AsyncioCaller, FuturesCaller
from hz_core.codecs.client import get_distributed_objects
from hz_core.context import ClientContext
from hz_core.op import Flow, WaitFor
from hz_core.operations import ObjectOperations, check_name
from hz_core.promise import Promise
from hz_core.surfaces import AsyncioObject, FuturesObject

FuturesT = TypeVar("FuturesT", bound=FuturesObject)
AsyncioT = TypeVar("AsyncioT", bound=AsyncioObject)


class ObjectKind(Generic[FuturesT, AsyncioT]):
    """A kind of distributed object, for ``client.get_object(kind, name)``.

    Args:
        operations: Class of the operations of one object.
        futures: Creates the futures surface; its ``blocking()`` returns the blocking one.
        asyncio: Creates the asyncio surface.
    """

    def __init__(
        self,
        operations: type[ObjectOperations],
        futures: Callable[[FuturesCaller, Any], FuturesT],
        asyncio: Callable[[AsyncioCaller, Any], AsyncioT],
    ) -> None:
        self.operations = operations
        self.futures = futures
        self.asyncio = asyncio

    def __repr__(self) -> str:
        return f"ObjectKind({getattr(self.operations, '__name__', self.operations)!s})"


def _other_kind(service_name: str) -> ObjectKind[Any, Any]:
    """Return a kind that this client has no operations for: its objects can be named and destroyed."""
    operations = type("OtherOperations", (ObjectOperations,), {"service_name": service_name})
    return ObjectKind(operations, FuturesObject, AsyncioObject)


class MakeOperations(Protocol):
    """Makes the operations of one object, of a class or of a subclass of it."""

    def __call__(
        self, operations: type[ObjectOperations], context: ClientContext, name: str, /
    ) -> ObjectOperations:
        """Return the operations of the object called ``name``."""
        ...


def _made(operations: type[ObjectOperations], context: ClientContext, name: str) -> ObjectOperations:
    return operations(context, name)


class ObjectTable:
    """The distributed objects that a client has prepared.

    Args:
        context: The client.
        make: Makes the operations of an object; None for those of its kind.
    """

    def __init__(self, context: ClientContext, make: MakeOperations | None = None) -> None:
        self._context = context
        self._make = make or _made
        self._mutex = context.io.mutex()
        self._ready: dict[tuple[ObjectKind[Any, Any], str], ObjectOperations] = {}
        self._preparing: dict[tuple[ObjectKind[Any, Any], str], list[Promise]] = {}
        self._others: dict[str, ObjectKind[Any, Any]] = {}

    def find(self, kind: ObjectKind[Any, Any], name: str) -> ObjectOperations | None:
        """Return the operations of an object if it is prepared; otherwise None."""
        return self._ready.get((kind, name))

    def get(self, kind: ObjectKind[Any, Any], name: str) -> Flow[ObjectOperations]:
        """Return the operations of an object, prepared on first use; concurrent calls wait for the preparation.

        Raises:
            ValueError: ``name`` is not a valid name.
        """
        check_name(name)
        key = (kind, name)
        while True:
            found = self._ready.get(key)
            if found is not None:
                return found
            waiting: list[Promise] = []
            try:
                if self._preparing.setdefault(key, waiting) is waiting:
                    return (yield from self._prepare(key))
            finally:
                # An interrupt may come before `_prepare` has begun.
                self._prepared(key, waiting)
            yield WaitFor(lambda promise: self._wait(key, promise))

    def forked(self) -> None:
        """Report the fork to all objects; those that a thread of the parent prepares are prepared anew."""
        waiting, self._preparing = self._preparing, {}
        for promises in waiting.values():
            for promise in promises:
                promise.set_result(None)
        for operations in list(self._ready.values()):
            operations._on_fork()

    def _prepare(self, key: tuple[ObjectKind[Any, Any], str]) -> Flow[ObjectOperations]:
        kind, name = key
        operations = self._make(kind.operations, self._context, name)
        yield from operations._prepare()
        self._ready[key] = operations
        return operations

    def _prepared(self, key: tuple[ObjectKind[Any, Any], str], waiting: list[Promise]) -> None:
        """Wake those who wait for the preparation, if it was this one."""
        with self._mutex:
            if self._preparing.get(key) is not waiting:
                return
            del self._preparing[key]
        for promise in waiting:
            promise.set_result(None)

    def _wait(self, key: tuple[ObjectKind[Any, Any], str], promise: Promise) -> None:
        with self._mutex:
            waiting = self._preparing.get(key)
            if waiting is not None:
                waiting.append(promise)
                return
        promise.set_result(None)

    def listed(
        self, kinds: Iterable[ObjectKind[Any, Any]]
    ) -> Flow[list[tuple[ObjectKind[Any, Any], ObjectOperations]]]:
        """Return all objects that there are in the cluster, with their kinds.

        They are not created again: another client may be destroying one meanwhile. Objects of this client that are
        not there any more are forgotten, so that the next one who asks for one of these names creates it.

        Source: message ``Client.getDistributedObjects``.
        """
        known = {kind.operations.service_name: kind for kind in kinds}
        before = list(self._ready.copy().items())
        infos = yield get_distributed_objects()
        self._forget_missing(before, {(service_name, name) for service_name, name in infos})
        found = []
        for service_name, name in infos:
            kind = known.get(service_name)
            if kind is None:
                kind = self._others.setdefault(service_name, _other_kind(service_name))
            operations = self.find(kind, name)
            if operations is None:
                made = self._make(kind.operations, self._context, name)
                operations = self._ready.setdefault((kind, name), made)
            found.append((kind, operations))
        return found

    def _forget_missing(
        self,
        ready: list[tuple[tuple[ObjectKind[Any, Any], str], ObjectOperations]],
        there: set[tuple[str, str]],
    ) -> None:
        """Forget those objects of ``ready`` that another client has destroyed."""
        for key, operations in ready:
            place = (operations.service_name, operations.name)
            # What is not created as a distributed object, such as those of the CP Subsystem, is not listed as one.
            if place not in there and type(operations)._prepare is ObjectOperations._prepare:
                self._ready.pop(key, None)
                self._context.forget_object(*place)

    def destroy(self, operations: ObjectOperations) -> Flow[None]:
        """Destroy an object in the cluster and forget it."""
        for key, known in list(self._ready.copy().items()):
            if known is operations:
                self._ready.pop(key, None)
        yield from operations._destroy()
