"""What proxies of distributed objects stand on: operations written once, and the three surfaces over them."""

from collections.abc import Callable, Coroutine
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from hz_core.future import Future
from hz_core.invocation.op import Flow, Op
from hz_core.listener import ListenerSpec
from hz_serialization import Data, SerializationService
from hz_serialization.data import partition_hash, partition_id

T = TypeVar("T")


class Cluster(Protocol):
    """What operations may ask of the client they belong to."""

    serialization: SerializationService

    def partition_count(self) -> int:
        """Return the number of partitions."""
        ...

    def lock_owner(self) -> int:
        """Return the number under which the current thread or task owns locks."""
        ...

    def add_listener(self, spec: ListenerSpec) -> Flow[str]:
        """Register a listener on the cluster."""
        ...

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener from the cluster."""
        ...


class Operations:
    """Base of the classes that declare a structure's operations, each once, for all surfaces.

    A public method returns an :class:`Op` (one request) or is a generator, a :data:`Flow` (several steps);
    the generator of surfaces takes its signature and documentation over.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self._cluster = cluster
        self._to_data = cluster.serialization.to_data
        self._read = cluster.serialization.read
        self._owner = cluster.lock_owner

    def _partition(self, key_data: Data) -> int:
        return partition_id(partition_hash(key_data), self._cluster.partition_count())

    def _value(self, value: Any, what: str = "value") -> Data:
        if value is None:
            raise none_refused(what, self.name)
        return self._to_data(value)


def none_refused(what: str, name: str) -> AssertionError:
    """Return the error for a None where the cluster knows no null.

    An AssertionError, as clients since 4.0 raise; programs may rely on it.
    """
    return AssertionError(f"{what} of {name!r} must not be None: distributed objects hold no nulls")


class Surface:
    """Base of all proxies: name and service of the distributed object.

    Attributes:
        name: Name of the object.
        service_name: Name of the member's service that keeps it.
    """

    def __init__(self, client: Any, service_name: str, name: str, operations: Any) -> None:
        self._client = client
        self.service_name = service_name
        self.name: str = name
        self._ops = operations

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class FuturesSurface(Surface):
    """A proxy whose operations return a :class:`Future` at once."""

    def _submit(self, op: Op[T]) -> Future[T]:
        future: Future[T] = self._client.submit(op)
        return future

    def _run(self, flow: Flow[T]) -> Future[T]:
        future: Future[T] = self._client.run(flow)
        return future

    def destroy(self) -> bool:
        """Destroy the distributed object everywhere, with all its data; blocks until that is done.

        Returns:
            True: the object is destroyed, also when it did not exist.
        """
        return bool(self._client.destroy_proxy(self.service_name, self.name))


class BlockingSurface(Surface):
    """A proxy whose operations wait and return the value itself."""

    def _submit(self, op: Op[T]) -> T:
        result: T = self._client.call(op)
        return result

    def _run(self, flow: Flow[T]) -> T:
        result: T = self._client.run_blocking(flow)
        return result

    def destroy(self) -> bool:
        """Destroy the distributed object everywhere, with all its data.

        Returns:
            True: the object is destroyed, also when it did not exist.
        """
        return bool(self._client.destroy_proxy(self.service_name, self.name))


class AsyncioSurface(Surface):
    """A proxy whose operations are coroutines."""

    def _submit(self, op: Op[T]) -> Coroutine[Any, Any, T]:
        result: Coroutine[Any, Any, T] = self._client.call(op)
        return result

    def _run(self, flow: Flow[T]) -> Coroutine[Any, Any, T]:
        result: Coroutine[Any, Any, T] = self._client.run(flow)
        return result

    async def destroy(self) -> bool:
        """Destroy the distributed object everywhere, with all its data.

        Returns:
            True: the object is destroyed, also when it did not exist.
        """
        return bool(await self._client.destroy_proxy(self.service_name, self.name))


FuturesT = TypeVar("FuturesT", bound=FuturesSurface)
AsyncioT = TypeVar("AsyncioT", bound=AsyncioSurface)


class ProxyKind(NamedTuple, Generic[FuturesT, AsyncioT]):
    """A kind of distributed object, for `client.get_proxy(kind, name)`.

    Attributes:
        service_name: The member's service, such as ``hz:impl:mapService``.
        operations: Makes the operations of one object.
        futures: The futures surface; its `blocking()` gives the blocking one.
        asyncio: The asyncio surface.
    """

    service_name: str
    operations: Callable[[Cluster, str], Operations]
    futures: Callable[[Any, str, str, Any], FuturesT]
    asyncio: Callable[[Any, str, str, Any], AsyncioT]
