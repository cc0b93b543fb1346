"""The interface of Python's sets on distributed sets."""

from collections.abc import AsyncIterator, Iterable, Iterator, MutableSet, Set
from typing import Any, ClassVar, Generic, Self, TypeVar

from hz_core.surfaces import AsyncioObject, BlockingObject
from hz_proxies.types import E

T = TypeVar("T")


class BlockingSetInterface(BlockingObject, Generic[E]):
    """The interface of a blocking set, a virtual subclass of ``MutableSet``.

    ``remove`` is the operation of the distributed set: it returns whether the item was there, and raises no KeyError.
    Therefore the class is registered as a ``MutableSet`` instead of being a subclass.

    The operators ``|``, ``&``, ``-`` and ``^`` return a Python set, a copy of the items at that time; so items must be
    hashable there. Comparisons compare the items, too; a set with other items at each time cannot be hashed. Iterating
    fetches all items with one request, since members have no pages of a set.
    """

    _ops: Any

    def __contains__(self, item: object) -> bool:
        return item is not None and bool(self._call(self._ops.contains(item)))

    def __iter__(self) -> Iterator[E]:
        return iter(self._all())

    def __len__(self) -> int:
        size: int = self._call(self._ops.size())
        return size

    def __bool__(self) -> bool:
        return not self._call(self._ops.is_empty())

    def discard(self, item: E) -> None:
        """Remove ``item`` if it is in the set."""
        self._call(self._ops.remove(item))

    def pop(self) -> E:
        """Remove any item and return it.

        Raises:
            KeyError: The set is empty.
        """
        while items := self._all():
            for item in items:
                if self._call(self._ops.remove(item)):  # another client may have been faster
                    return item
        raise KeyError(f"set {self.name!r} is empty")

    def isdisjoint(self, other: Iterable[object]) -> bool:
        """Return whether no item of ``other`` is in the set."""
        return self._as_set().isdisjoint(other)

    # --- comparing -----------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if other is self:
            return True
        return self._as_set() == _python_set(other) if isinstance(other, Set) else NotImplemented

    __hash__: ClassVar[None] = None  # type: ignore[assignment] # equal sets would need equal hashes, and they change

    def __le__(self, other: object) -> bool:
        return self._as_set() <= _python_set(other) if isinstance(other, Set) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._as_set() < _python_set(other) if isinstance(other, Set) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self._as_set() >= _python_set(other) if isinstance(other, Set) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self._as_set() > _python_set(other) if isinstance(other, Set) else NotImplemented

    # --- operators -----------------------------------------------------------------------------------------

    def __or__(self, other: Iterable[T]) -> set[E | T]:
        return self._as_set() | set(other)

    def __and__(self, other: Iterable[object]) -> set[E]:
        return self._as_set() & set(other)

    def __sub__(self, other: Iterable[object]) -> set[E]:
        return self._as_set() - set(other)

    def __rsub__(self, other: Iterable[T]) -> set[T]:
        return set(other) - self._as_set()

    def __xor__(self, other: Iterable[T]) -> set[E | T]:
        return self._as_set() ^ set(other)

    __ror__ = __or__
    __rand__ = __and__
    __rxor__ = __xor__

    def __ior__(self, other: Iterable[E]) -> Self:  # type: ignore[misc]  # it stores what __or__ only takes
        self._call(self._ops.add_all(other))
        return self

    def __iand__(self, other: Iterable[object]) -> Self:
        self._call(self._ops.retain_all(other))
        return self

    def __isub__(self, other: Iterable[object]) -> Self:
        self._call(self._ops.remove_all(other))
        return self

    def __ixor__(self, other: Iterable[E]) -> Self:  # type: ignore[misc]  # as above
        mine, theirs = self._as_set(), set(other)
        self._call(self._ops.remove_all(mine & theirs))
        self._call(self._ops.add_all(theirs - mine))
        return self

    def _all(self) -> list[E]:
        items: list[E] = self._call(self._ops.get_all())
        return items

    def _as_set(self) -> set[E]:
        return set(self._all())


MutableSet.register(BlockingSetInterface)


def _python_set(items: Set[Any]) -> Set[Any]:
    return items._as_set() if isinstance(items, BlockingSetInterface) else items


class AsyncioSetInterface(AsyncioObject, Generic[E]):
    """An asyncio set can be iterated: ``async for item in set``. All items are fetched with one request."""

    _ops: Any

    async def __aiter__(self) -> AsyncIterator[E]:
        for item in await self._call(self._ops.get_all()):
            yield item
