"""The interface of Python's sequences on distributed lists."""

from collections.abc import AsyncIterator, Iterable, Iterator, MutableSequence
from typing import Any, Generic, Self, overload

from hz_core.errors import IllegalStateError, IndexOutOfBoundsError
from hz_core.surfaces import AsyncioObject, BlockingObject
from hz_proxies.pages.aio import AsyncPages
from hz_proxies.pages.blocking import BlockingPages
from hz_proxies.types import E


class BlockingSequence(BlockingObject, Generic[E]):
    """The interface of a blocking list, a virtual subclass of ``MutableSequence``.

    ``remove`` is the operation of the distributed list: it returns whether the item was there, and raises no
    ValueError. Therefore the class is registered as a sequence instead of being a subclass.

    Slices are copies. An iteration fetches page by page; it is weakly consistent, since items move when others change
    the list meanwhile. What needs several requests, such as a negative index or a change of a slice, is not atomic.
    """

    _ops: Any

    # --- reading -------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        size: int = self._call(self._ops.size())
        return size

    def __bool__(self) -> bool:
        return not self._call(self._ops.is_empty())

    def __contains__(self, item: object) -> bool:
        return item is not None and bool(self._call(self._ops.contains(item)))

    def __iter__(self) -> Iterator[E]:
        return self._between(0, None)

    def __reversed__(self) -> Iterator[E]:
        return self._between(0, None, backwards=True)

    @overload
    def __getitem__(self, index: int) -> E: ...

    @overload
    def __getitem__(self, index: slice) -> list[E]: ...

    def __getitem__(self, index: int | slice) -> E | list[E]:
        if not isinstance(index, slice):
            item: E = self._at(index, self._ops.get)
            return item
        places = self._places(index)
        if not places:
            return []
        first, last = min(places[0], places[-1]), max(places[0], places[-1])
        return list(self._between(first, last + 1))[:: places.step]

    def index(self, item: E, start: int = 0, stop: int | None = None) -> int:
        """Return the index of the first occurrence of ``item``, from ``start`` up to ``stop``.

        Raises:
            ValueError: It is not there.
        """
        if start == 0 and stop is None:
            place: int = self._call(self._ops.index_of(item))
            found = [] if place < 0 else [place]
        else:
            places = self._places(slice(start, stop))
            found = self._run(self._ops._places_of(item, places.start, places.stop))
        if not found:
            raise ValueError(f"{item!r} is not in list {self.name!r}")
        return found[0]

    def count(self, item: E) -> int:
        """Return how often ``item`` is in the list."""
        return len(self._run(self._ops._places_of(item, 0)))

    # --- changing ------------------------------------------------------------------------------------------

    @overload
    def __setitem__(self, index: int, value: E) -> None: ...

    @overload
    def __setitem__(self, index: slice, value: Iterable[E]) -> None: ...

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if not isinstance(index, slice):
            self._at(index, lambda place: self._ops.set_at(place, value))
            return
        items, places = list(value), self._places(index)
        if index.step is None or index.step == 1:
            # Inserted first: if this fails, nothing is lost.
            self._insert(places.start, items)
            for _ in places:
                self._call(self._ops.remove_at(places.start + len(items)))
            return
        if len(items) != len(places):
            raise ValueError(
                f"{len(items)} items cannot replace the {len(places)} items of an extended slice"
            )
        for place, item in zip(places, items, strict=True):
            self._call(self._ops.set_at(place, item))

    def __delitem__(self, index: int | slice) -> None:
        if not isinstance(index, slice):
            self._at(index, self._ops.remove_at)
            return
        places = self._places(index)
        if len(places) == len(self):
            self._call(self._ops.clear())
            return
        for place in sorted(places, reverse=True):
            self._call(self._ops.remove_at(place))

    def append(self, item: E) -> None:
        """Add ``item`` at the end.

        Raises:
            IllegalStateError: The list is full.
        """
        self._grown(self._call(self._ops.add(item)))

    def extend(self, items: Iterable[E]) -> None:
        """Add all ``items`` at the end.

        Raises:
            IllegalStateError: The list is full.
        """
        added = list(items)
        self._grown(self._call(self._ops.add_all(added)) or not added)

    def insert(self, index: int, item: E) -> None:
        """Insert ``item`` before ``index``; at the end, if the list is shorter.

        Raises:
            IllegalStateError: The list is full.
        """
        place = index if index >= 0 else max(index + len(self), 0)
        try:
            self._insert(place, [item])
        except IndexOutOfBoundsError:
            self.append(item)

    def pop(self, index: int = -1) -> E:
        """Remove the item at ``index`` and return it: the last one, if there is no argument.

        Raises:
            IndexError: There is no such item.
        """
        item: E = self._at(index, self._ops.remove_at)
        return item

    def reverse(self) -> None:
        """Reverse the order of the items. Not atomic."""
        for place, item in enumerate(reversed(list(self))):
            self._call(self._ops.set_at(place, item))

    def __iadd__(self, items: Iterable[E]) -> Self:
        self.extend(items)
        return self

    # --- parts ---------------------------------------------------------------------------------------------

    def _at(self, index: int, operation: Any) -> Any:
        """Call an operation with an index, which may be negative: it counts from the end."""
        while index < 0:
            place = index + len(self)
            if place < 0:
                raise IndexOutOfBoundsError(f"list {self.name!r} has no item at {index}")
            try:
                return self._call(operation(place))
            except IndexOutOfBoundsError:
                continue  # others have removed items meanwhile
        return self._call(operation(index))

    def _insert(self, place: int, items: list[E]) -> None:
        # Not `add_at`, which does not tell whether there was room.
        self._grown(self._call(self._ops.add_all_at(place, items)) or not items)

    def _grown(self, added: bool) -> None:
        if not added:
            raise IllegalStateError(
                f"list {self.name!r} is full: members limit its size (max-size), so remove items first"
            )

    def _places(self, places: slice) -> range:
        return range(*places.indices(len(self)))

    def _between(self, start: int, end: int | None, backwards: bool = False) -> Iterator[E]:
        return BlockingPages(self._caller, self._ops._items(start, end, backwards))


MutableSequence.register(BlockingSequence)


class AsyncioSequence(AsyncioObject, Generic[E]):
    """An asyncio list can be iterated, page by page: ``async for item in list``."""

    _ops: Any

    def __aiter__(self) -> AsyncIterator[E]:
        return AsyncPages(self._caller, self._ops.iter_items())
