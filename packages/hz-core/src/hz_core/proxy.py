"""What proxies of distributed objects stand on: operations written once, and the three surfaces over them."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from hz_core.cluster.membership import Membership
from hz_core.future import Future
from hz_core.invocation.op import Flow, Op
from hz_core.listener import ListenerSpec
from hz_serialization import Data, SerializationService
from hz_serialization.data import MINIMUM_HASH, partition_hash

T = TypeVar("T")


class Cluster(Protocol):
    """What operations may ask of the client they belong to."""

    serialization: SerializationService

    @property
    def view(self) -> Membership:
        """The members and partitions, as known now."""
        ...

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
        self._view = cluster.view

    def _keyed(self, key: Any) -> tuple[Data, int]:
        """Return the Data of a key and its partition; refuses None."""
        if key is None:
            raise none_refused("key", self.name)
        data = self._to_data(key)
        # The rule of `hz_serialization.partition_id`, written out: this is done for every call.
        count = self._view.partitions.count or self._cluster.partition_count()
        hash_ = partition_hash(data)
        return data, 0 if hash_ == MINIMUM_HASH else abs(hash_) % count

    def _value(self, value: Any, what: str = "value") -> Data:
        if value is None:
            raise none_refused(what, self.name)
        return self._to_data(value)


def none_refused(what: str, name: str) -> AssertionError:
    """Return the error for a None where the cluster knows no null.

    An AssertionError, as clients since 4.0 raise; programs may rely on it.
    """
    return AssertionError(f"{what} of {name!r} must not be None: distributed objects hold no nulls")


def check_name(name: Any) -> None:
    """Raise ValueError unless `name` can name a distributed object."""
    if not isinstance(name, str) or not name:
        raise ValueError(f"the name of a distributed object must be a non-empty string, not {name!r}")


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


class _Submit(Protocol):
    def __call__(self, op: Op[T], /) -> Future[T]: ...


class _Start(Protocol):
    def __call__(self, flow: Flow[T], /) -> Future[T]: ...


class FuturesSurface(Surface):
    """A proxy whose operations return a :class:`Future` at once."""

    def __init__(self, client: Any, service_name: str, name: str, operations: Any) -> None:
        super().__init__(client, service_name, name, operations)
        # The client's own methods, so that a call passes through no further function.
        self._submit: _Submit = client.submit
        self._run: _Start = client.run

    def destroy(self) -> bool:
        """Destroy the distributed object everywhere, with all its data; blocks until that is done.

        Returns:
            True: the object is destroyed, also when it did not exist.
        """
        return bool(self._client.destroy_proxy(self.service_name, self.name))


class _Call(Protocol):
    def __call__(self, op: Op[T], /) -> T: ...


class _Run(Protocol):
    def __call__(self, flow: Flow[T], /) -> T: ...


class BlockingSurface(Surface):
    """A proxy whose operations wait and return the value itself."""

    def __init__(self, client: Any, service_name: str, name: str, operations: Any) -> None:
        super().__init__(client, service_name, name, operations)
        self._submit: _Call = client.call
        self._run: _Run = client.run_blocking

    def destroy(self) -> bool:
        """Destroy the distributed object everywhere, with all its data.

        Returns:
            True: the object is destroyed, also when it did not exist.
        """
        return bool(self._client.destroy_proxy(self.service_name, self.name))


class _CallAsync(Protocol):
    def __call__(self, op: Op[T], /) -> Awaitable[T]: ...


class _RunAsync(Protocol):
    def __call__(self, flow: Flow[T], /) -> Awaitable[T]: ...


class AsyncioSurface(Surface):
    """A proxy whose operations are coroutines."""

    def __init__(self, client: Any, service_name: str, name: str, operations: Any) -> None:
        super().__init__(client, service_name, name, operations)
        self._submit: _CallAsync = client.call
        self._run: _RunAsync = client.run

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
