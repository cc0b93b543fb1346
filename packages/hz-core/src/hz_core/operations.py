"""Base classes of the declarations of operations, from which all surfaces are generated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, TypeVarTuple

from hz_core.compiled import OperationsBase, prefer_compiled
from hz_core.context import ClientContext
from hz_core.listener import ListenerSpec
from hz_core.local_copies import ChangeFeed
from hz_core.op import Flow, Op
from hz_serialization import Data
from hz_serialization.data import MINIMUM_HASH, partition_hash

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


@prefer_compiled
class Operations(OperationsBase):
    """Base class of all declarations of operations.

    A public method returns an :class:`Op` (one request), is a generator, a :data:`Flow` (several steps), or returns
    any other type immediately, without using the cluster. ``tools/generate_surfaces.py`` copies its signature and
    documentation.

    Args:
        context: The client.
    """

    surfaces: ClassVar[tuple[str, ...]] = ("futures", "blocking", "asyncio")
    """The surfaces to generate."""

    answers: ClassVar[Mapping[str, str]] = {}
    """Operations whose result may be in memory: the name of each, and of what returns the result, without steps.

    The surfaces call it first, with the same arguments; None means that the operation has to run.
    """

    def __init__(self, context: ClientContext) -> None:
        self._context = context
        self._to_data = context.serialization.to_data
        self._owner = context.lock_owner


class ObjectOperations(Operations):
    """Operations of a named object in the cluster, and its creation and destruction.

    Args:
        context: The client.
        name: Name of the object.

    Attributes:
        name: Name of the object.
    """

    service_name: ClassVar[str]
    """Name of the member's service for the object, such as ``hz:impl:mapService``."""

    _made: Any = None

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context)
        self.name = name
        self._view = context.view

    def _surface(self, make: Callable[[Any, Any], T], caller: Any) -> T:
        """Return the client's one surface of the object, made on first use. It is freed with the object."""
        surface = self._made
        if surface is None:
            surface = self._made = make(caller, self)
        found: T = surface
        return found

    def _prepare(self) -> Flow[None]:
        """Prepare the object, once before its first use."""
        yield from self._context.create_object(self.service_name, self.name)

    def _destroy(self) -> Flow[None]:
        """Destroy the object in the cluster, and release its resources in the client."""
        yield from self._context.destroy_object(self.service_name, self.name)

    def _on_fork(self) -> None:
        """Forget what belongs to the parent, in a forked child, where the client begins anew. Nothing may be sent."""

    def _add_listener(self, spec: ListenerSpec) -> Flow[str]:
        """Register a listener of the object, which is removed with it."""
        spec.owner = (self.service_name, self.name)
        return self._context.add_listener(spec)

    def _value(self, value: Any, what: str = "value") -> Data:
        """Return the ``Data`` of a value; reject None."""
        if value is None:
            raise none_refused(what, self.name)
        return self._to_data(value)

    def _values(self, values: Iterable[Any], what: str) -> list[Data]:
        """Return the ``Data`` of several values; reject None, as an item or as the whole."""
        if values is None:
            raise none_refused(what, self.name)
        return [self._value(value, f"an item of {what}") for value in values]

    def _partition_of(self, data: Data) -> int:
        """Return the partition of a serialized key."""
        # `hz_serialization.partition_id`, inlined because this runs for every call.
        count = self._view.partitions.count or self._context.partition_count()
        hash_ = partition_hash(data)
        return 0 if hash_ == MINIMUM_HASH else abs(hash_) % count


@prefer_compiled
class KeyedOperations(ObjectOperations):
    """Operations of an object whose entries are distributed over the partitions by key.

    Every operation uses one of these methods, which serialize keys: ``_get`` reads one value, ``_contains`` whether
    there is one, ``_read`` anything else of one entry, and ``_write`` changes one; ``_read_many``, ``_write_many`` and
    ``_write_all`` are for several, ``_on_key`` is for all others. A near cache overrides them, and so sees every read
    and every change of an entry.
    """

    _changes: ClassVar[ChangeFeed | None] = None
    """How members tell of changes of entries; None for a structure whose entries cannot be kept by the client."""

    def _keyed(self, key: Any) -> tuple[Data, int]:
        """Return the ``Data`` of a key and its partition; reject None."""
        if key is None:
            raise none_refused("key", self.name)
        data = self._to_data(key)
        # `_partition_of`, inlined because this runs for every call.
        count = self._view.partitions.count or self._context.partition_count()
        hash_ = partition_hash(data)
        return data, 0 if hash_ == MINIMUM_HASH else abs(hash_) % count

    def _by_partition(self, entries: Mapping[Any, Any]) -> dict[int, list[tuple[Data, Data]]]:
        """Return the ``Data`` of all entries, by partition; reject None."""
        found: dict[int, list[tuple[Data, Data]]] = {}
        to_data, keyed = self._to_data, self._keyed
        for key, value in entries.items():
            data, partition = keyed(key)
            entry = (data, to_data(value) if value is not None else self._value(value))
            known = found.get(partition)
            if known is None:
                found[partition] = [entry]
            else:
                known.append(entry)
        return found

    def _on_key(
        self, make: Callable[[int, str, Data, *Arguments], Op[T]], key: Any, *arguments: *Arguments
    ) -> Op[T]:
        """Return the operation on ``key`` that the codec's function ``make`` builds with the other arguments.

        For operations that neither read nor change the entry, such as locks.
        """
        data, partition = self._keyed(key)
        return make(partition, self.name, data, *arguments)

    def _read(self, make: Callable[[int, str, Data, int], Op[T]], key: Any) -> Op[T]:
        """Return the operation that reads the entry of ``key``, built by the codec's function ``make``.

        A near cache may answer it, so the request is built here. The last argument of ``make`` is the lock owner.
        """
        data, partition = self._keyed(key)
        return make(partition, self.name, data, self._owner())

    # Other names of the same function, so that they cost no call.
    _get = _read
    _contains = _read

    def _write(self, key: Data, op: Op[T]) -> Op[T]:
        """Return the operation ``op``, which changes the entry of ``key``, or lets the caller rely on its value."""
        return op

    def _read_many(self, op: Op[T], keys: Sequence[Data]) -> Op[T]:
        """Read the entries of ``keys``, which are all in one partition, with one request.

        Its result is pairs of the ``Data`` of a key and the value.
        """
        return op

    def _write_many(self, op: Op[T], keys: Iterable[Data]) -> Op[T]:
        """Change the entries of ``keys`` with one request."""
        return op

    def _write_all(self, op: Op[T]) -> Op[T]:
        """Change entries whose keys the request does not contain."""
        return op


class NamedOperations(ObjectOperations):
    """Operations of an object that is stored in one partition, chosen by its name.

    For a name such as ``orders@customer-7`` the part after the ``@`` chooses the partition, so that objects can
    share a partition.
    """

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._partition_key = self._to_data(name.partition("@")[2] or name)
        self._placed = 0, 0
        """The last known number of partitions, and the object's partition among them."""

    @property
    def _partition(self) -> int:
        known, partition = self._placed
        if not known or known != self._view.partitions.count:
            partition = self._partition_of(self._partition_key)
            self._placed = self._view.partitions.count, partition
        return partition


def none_refused(what: str, name: str) -> AssertionError:
    """Return the error for a None where the cluster does not allow null.

    An AssertionError, which clients raise since 4.0; programs may rely on it.
    """
    return AssertionError(f"{what} of {name!r} must not be None: distributed objects hold no nulls")


def check_name(name: Any) -> None:
    """Raise ValueError unless ``name`` is a valid name of a distributed object."""
    if not isinstance(name, str) or not name:
        raise ValueError(f"the name of a distributed object must be a non-empty string, not {name!r}")
