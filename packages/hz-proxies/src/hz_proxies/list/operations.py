"""Operations of a list, from which its surfaces are generated."""

from collections.abc import Callable, Iterable
from typing import ClassVar, Generic, TypeVar

from hz_core.arguments import int32
from hz_core.errors import IllegalArgumentError, IndexOutOfBoundsError
from hz_core.op import Flow, Op
from hz_core.wire.types import ReadData
from hz_proxies.codecs import list as codec
from hz_proxies.collection import CollectionCodec, CollectionOperations
from hz_proxies.list.paging import PAGE_SIZE, ListPages
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.taken_items import serialized
from hz_proxies.types import E
from hz_serialization import Data

T = TypeVar("T")


class ListOperations(CollectionOperations[E], Generic[E]):
    """A distributed list, stored in one partition.

    Items are stored and compared in serialized form, so 1 and 1.0 are two items. None cannot be an item.

    Indexes begin at 0. An index that is no integer raises TypeError, and one that is negative or too large
    IndexOutOfBoundsError, which is an IndexError.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:listService"
    blocking_base = "hz_proxies.list.collections.BlockingSequence"
    asyncio_base = "hz_proxies.list.collections.AsyncioSequence"

    _codec: ClassVar[CollectionCodec] = codec

    # --- changes -------------------------------------------------------------------------------------------

    def add(self, item: E) -> Op[bool]:
        """Add ``item`` at the end.

        Returns:
            True; False if the list is full, where its size is limited.

        Source: message ``List.add``.
        """
        return codec.add(self._partition, self.name, self._value(item, "item"))

    def add_at(self, index: int, item: E) -> Op[None]:
        """Insert ``item``; what is at ``index`` and behind moves to the right.

        Nothing is inserted if the list is full, where its size is limited.

        Args:
            index: Where to insert, at most the size of the list.
            item: The item.

        Raises:
            IndexOutOfBoundsError: There is no such place.

        Source: message ``List.addWithIndex``.
        """
        place = self._index(index)
        return codec.add_with_index(self._partition, self.name, place, self._value(item, "item"))

    def add_all_at(self, index: int, items: Iterable[E]) -> Op[bool]:
        """Insert all ``items`` in their order; what is at ``index`` and behind moves to the right.

        Args:
            index: Where to insert, at most the size of the list.
            items: The items.

        Returns:
            Whether the list has changed.

        Raises:
            IndexOutOfBoundsError: There is no such place.

        Source: message ``List.addAllWithIndex``.
        """
        place, data = self._index(index), self._values(items, "items")
        if not data:
            return Op.ready(False)
        return codec.add_all_with_index(self._partition, self.name, place, data)

    def set_at(self, index: int, item: E) -> Op[E]:
        """Replace the item at ``index`` and return the previous one.

        Raises:
            IndexOutOfBoundsError: There is no item at ``index``.

        Source: message ``List.set``.
        """
        place = self._index(index)
        return codec.set(self._partition, self.name, place, self._value(item, "item"))

    def remove_at(self, index: int) -> Op[E]:
        """Remove the item at ``index`` and return it; what is behind moves to the left.

        Listeners hear of it without the item, even if they want items: members do not pass it on.

        Raises:
            IndexOutOfBoundsError: There is no item at ``index``.

        Source: message ``List.removeWithIndex``.
        """
        return codec.remove_with_index(self._partition, self.name, self._index(index))

    # --- reading -------------------------------------------------------------------------------------------

    def get(self, index: int) -> Op[E]:
        """Return the item at ``index``.

        Raises:
            IndexOutOfBoundsError: There is no item at ``index``.

        Source: message ``List.get``.
        """
        return codec.get(self._partition, self.name, self._index(index))

    def get_all(self) -> Op[list[E]]:
        """Return all items, in order. Source: message ``List.getAll``."""
        return codec.get_all(self._partition, self.name)

    def iterator(self) -> Op[list[E]]:
        """Return all items, in order, as ``get_all``. Source: message ``List.iterator``."""
        return codec.iterator(self._partition, self.name)

    def list_iterator(self, index: int = 0) -> Flow[list[E]]:
        """Return the items from ``index`` on, in order.

        Raises:
            IndexOutOfBoundsError: ``index`` is larger than the size of the list.

        Source: message ``List.listIterator``.
        """
        return self._from(codec.list_iterator(self._partition, self.name, self._index(index)))

    def sub_list(self, from_index: int, to_index: int) -> Op[list[E]]:
        """Return a copy of the items from ``from_index`` up to, but not including ``to_index``.

        Raises:
            IndexOutOfBoundsError: An index is larger than the size of the list, or they are in the wrong order.

        Source: message ``List.sub``.
        """
        start, end = self._index(from_index, "from_index"), self._index(to_index, "to_index")
        if start > end:
            raise IndexOutOfBoundsError(f"from_index {start} of list {self.name!r} is behind to_index {end}")
        return codec.sub(self._partition, self.name, start, end)

    def index_of(self, item: E) -> Op[int]:
        """Return the index of the first occurrence of ``item``; -1 if there is none.

        Source: message ``List.indexOf``.
        """
        return codec.index_of(self._partition, self.name, self._value(item, "item"))

    def last_index_of(self, item: E) -> Op[int]:
        """Return the index of the last occurrence of ``item``; -1 if there is none.

        Source: message ``List.lastIndexOf``.
        """
        return codec.last_index_of(self._partition, self.name, self._value(item, "item"))

    def _from(self, request: Op[list[E]]) -> Flow[list[E]]:
        try:
            found: list[E] = yield request
        except IllegalArgumentError as e:
            # Members ask for the items from the index to the size, and find the order wrong.
            raise IndexOutOfBoundsError(str(e)) from e
        return found

    def _index(self, index: int, what: str = "index") -> int:
        try:
            return int32(index, what, 0)
        except ValueError as e:
            raise IndexOutOfBoundsError(f"list {self.name!r}: {e}") from None

    # --- iterating -----------------------------------------------------------------------------------------

    def iter_items(self, page_size: int = PAGE_SIZE) -> PagesOperations[E]:
        """Return an iterator over all items, which fetches page by page and never holds the whole list in memory.

        It is weakly consistent, since items move when others change the list meanwhile: some may be returned twice or
        not at all. Items that are added at the end meanwhile are not returned.

        Args:
            page_size: How many items to fetch at once.

        Source: messages ``List.size`` and ``List.sub``.
        """
        size = int32(page_size, "page_size", 1)
        return PagesOperations(self._context, ListPages[E](self._between, self.size, size))

    def _items(self, start: int, end: int | None, backwards: bool = False) -> PagesOperations[E]:
        """Return an iterator over the items between two indexes."""
        source = ListPages[E](self._between, self.size, PAGE_SIZE, start, end, backwards)
        return PagesOperations(self._context, source)

    def _places_of(self, item: E, start: int, end: int | None = None) -> Flow[list[int]]:
        """Return the indexes of the occurrences of an item from ``start`` to ``end``."""
        data, places = self._value(item, "item"), []
        source = ListPages[Data](self._serialized_between, self.size, PAGE_SIZE, start, end)
        while source.more:
            page = yield from source.fetch()
            places += [start + place for place, found in enumerate(page) if found == data]
            start += len(page)
        return places

    def _between(self, start: int, end: int) -> Flow[list[E]]:
        return self._sub(start, end, codec.sub_response)

    def _serialized_between(self, start: int, end: int) -> Flow[list[Data]]:
        return self._sub(start, end, _serialized_items)

    def _sub(self, start: int, end: int, decode: Callable[[bytes, ReadData], list[T]]) -> Flow[list[T]]:
        """Return the items from ``start`` to ``end``, fewer if the list has become shorter."""
        while start < end:
            try:
                found: list[T] = yield codec.sub(self._partition, self.name, start, end).decoded(decode)
                return found
            except IndexOutOfBoundsError:
                end = min(end - 1, (yield self.size()))
        return []


def _serialized_items(message: bytes, read: ReadData) -> list[Data]:
    return codec.sub_response(message, serialized)
