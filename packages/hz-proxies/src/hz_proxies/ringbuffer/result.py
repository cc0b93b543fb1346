"""What a ringbuffer replies to a batched read."""

from collections.abc import Sequence
from typing import Any, Final, Generic, TypeVar, cast, overload

from hz_core.wire.types import ReadData
from hz_proxies.types import E
from hz_serialization.compact import UnknownSchemaError

T = TypeVar("T")


class Unread:
    """An item that cannot be deserialized: the error is raised for those who access the item, not for its neighbours.

    Args:
        error: Why.
    """

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error: Exception = error


def reading_each(read: ReadData) -> ReadData:
    """Return ``read``, which gives an :class:`Unread` instead of raising an error.

    A Compact schema that is not known so far is no such error: the client fetches it, and reads the reply again.
    """

    def read_one(message: bytes, start: int, end: int) -> Any:
        try:
            return read(message, start, end)
        except UnknownSchemaError:
            raise
        except Exception as error:
            return Unread(error)

    return read_one


class ReadResult(Sequence[E], Generic[E]):
    """The items of a batched read, as a sequence that does not change.

    An item that cannot be deserialized raises its error when it is accessed; the others can be used.

    Args:
        read_count: Number of items that the member has looked at.
        next_seq: Sequence after the last of them.
        item_seqs: Sequences of the items.
        items: The items.
    """

    SEQUENCE_UNAVAILABLE: Final = -1
    """In place of a sequence that the member has not told."""

    __slots__ = ("_item_seqs", "_items", "_next_seq", "_read_count")

    def __init__(
        self, read_count: int, next_seq: int, item_seqs: Sequence[int] | None, items: Sequence[Any]
    ) -> None:
        self._read_count = read_count
        self._next_seq = next_seq
        self._item_seqs = item_seqs
        self._items = items

    @property
    def read_count(self) -> int:
        """Number of items that the member has looked at; with a filter there may be more than in the result."""
        return self._read_count

    @property
    def size(self) -> int:
        """Number of items in the result."""
        return len(self._items)

    @property
    def next_sequence_to_read_from(self) -> int:
        """The ``start_sequence`` for the next batch, which is after all items that the member has looked at."""
        return self._next_seq

    @property
    def raw_items(self) -> Sequence[Any]:
        """The items, with an :class:`Unread` for each one that cannot be deserialized."""
        return self._items

    def get_sequence(self, index: int) -> int:
        """Return the sequence of the item at ``index``; :attr:`SEQUENCE_UNAVAILABLE` if the member did not tell it.

        Raises:
            IndexError: There is no such item.
        """
        self._items[index]
        return self.SEQUENCE_UNAVAILABLE if self._item_seqs is None else self._item_seqs[index]

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> E: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[E]: ...

    def __getitem__(self, index: int | slice) -> E | Sequence[E]:
        if isinstance(index, slice):
            return [_found(item) for item in self._items[index]]
        return cast("E", _found(self._items[index]))

    def __repr__(self) -> str:
        return (
            f"ReadResult({self.size} items, read_count={self._read_count},"
            f" next_sequence_to_read_from={self._next_seq})"
        )


def _found(item: Any) -> Any:
    if isinstance(item, Unread):
        raise item.error
    return item
