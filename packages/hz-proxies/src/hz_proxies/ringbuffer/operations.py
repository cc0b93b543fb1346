"""The operations of a ringbuffer, from which its surfaces are generated."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Generic

from hz_core.arguments import int32, int64
from hz_core.context import ClientContext
from hz_core.op import Flow, Op
from hz_core.operations import NamedOperations, none_refused
from hz_core.wire.types import ReadData
from hz_proxies.codecs import ringbuffer as codec
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.ringbuffer.limits import (
    MAX_BATCH_SIZE,
    OVERFLOW_POLICY_FAIL,
    OVERFLOW_POLICY_OVERWRITE,
    PAGE_SIZE,
)
from hz_proxies.ringbuffer.paging import RingbufferSource
from hz_proxies.ringbuffer.result import ReadResult, reading_each
from hz_proxies.types import E
from hz_serialization import Data


class RingbufferOperations(NamedOperations, Generic[E]):
    """A distributed ringbuffer: so many items, stored in one partition, each with a sequence that counts up from 0.

    Reading removes nothing. Only when it is full, the oldest item is overwritten; or adding fails, if that is asked
    for and if items are configured to expire. None cannot be an item.
    """

    # Read by tools/generate_surfaces.py.
    service_name = "hz:impl:ringbufferService"

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._capacity: int | None = None

    # --- the whole ringbuffer ------------------------------------------------------------------------------

    def capacity(self) -> Op[int]:
        """Return the number of items that there is room for. It never changes, and is asked for once.

        Source: message ``Ringbuffer.capacity``.
        """
        if self._capacity is not None:
            return Op.ready(self._capacity)
        return codec.capacity(self._partition, self.name).then(self._keep_capacity)

    def size(self) -> Op[int]:
        """Return the number of items. Source: message ``Ringbuffer.size``."""
        return codec.size(self._partition, self.name)

    def tail_sequence(self) -> Op[int]:
        """Return the sequence of the newest item; -1 before there was any.

        Source: message ``Ringbuffer.tailSequence``.
        """
        return codec.tail_sequence(self._partition, self.name)

    def head_sequence(self) -> Op[int]:
        """Return the sequence of the oldest item; if there is none, one more than the tail.

        Source: message ``Ringbuffer.headSequence``.
        """
        return codec.head_sequence(self._partition, self.name)

    def remaining_capacity(self) -> Op[int]:
        """Return the number of items that can be added without overwriting one that has not expired.

        It is the capacity if items do not expire.

        Source: message ``Ringbuffer.remainingCapacity``.
        """
        return codec.remaining_capacity(self._partition, self.name)

    # --- adding --------------------------------------------------------------------------------------------

    def add(self, item: E, overflow_policy: int = OVERFLOW_POLICY_OVERWRITE) -> Op[int]:
        """Add ``item`` at the tail.

        Args:
            item: The item.
            overflow_policy: ``OVERFLOW_POLICY_OVERWRITE`` or ``OVERFLOW_POLICY_FAIL``, for a full ringbuffer.

        Returns:
            The sequence of the item; -1 if there was no room for it.

        Raises:
            ValueError: There is no such policy.

        Source: message ``Ringbuffer.add``.
        """
        policy = _overflow_policy(overflow_policy)
        return self._add([self._value(item, "item")], policy)

    def add_all(self, items: Sequence[E], overflow_policy: int = OVERFLOW_POLICY_OVERWRITE) -> Op[int]:
        """Add ``items`` at the tail, in their order. No other items come between them.

        Args:
            items: The items, ``MAX_BATCH_SIZE`` at most.
            overflow_policy: ``OVERFLOW_POLICY_OVERWRITE`` or ``OVERFLOW_POLICY_FAIL``, for a full ringbuffer.

        Returns:
            The sequence of the last item; -1 if there was no room for all, and none was added.

        Raises:
            AssertionError: There are no items, or too many.
            ValueError: There is no such policy.

        Source: messages ``Ringbuffer.addAll`` and ``Ringbuffer.add``.
        """
        policy = _overflow_policy(overflow_policy)
        data = self._values(items, "items")
        if not data:
            raise AssertionError(f"there must be items to add to {self.name!r}")
        if len(data) > MAX_BATCH_SIZE:
            raise AssertionError(
                f"at most {MAX_BATCH_SIZE} items can be added to {self.name!r} at a time, not {len(data)}"
            )
        return self._add(data, policy)

    def _add(self, items: Sequence[Data], policy: int) -> Op[int]:
        """Return the request that adds items, which were checked."""
        if len(items) == 1:
            return codec.add(self._partition, self.name, policy, items[0])
        return codec.add_all(self._partition, self.name, items, policy)

    # --- reading -------------------------------------------------------------------------------------------

    def read_one(self, sequence: int) -> Op[E]:
        """Return the item with a sequence; wait for it if it is the next one to be added.

        Args:
            sequence: The sequence.

        Raises:
            AssertionError: The sequence is negative.
            StaleSequenceError: The item is there no more.
            IllegalArgumentError: The sequence is greater than that of the next item.

        Source: message ``Ringbuffer.readOne``.
        """
        return codec.read_one(self._partition, self.name, self._sequence(sequence, "sequence"))

    def read_many(
        self, start_sequence: int, min_count: int, max_count: int, filter: object = None
    ) -> Flow[ReadResult[E]]:
        """Return several items at once; wait until there are ``min_count``.

        Members read from the oldest item on if the first items are there no more; compare with ``get_sequence(0)``.
        If there is nothing to read, ``next_sequence_to_read_from`` is ``start_sequence``.

        Args:
            start_sequence: Sequence of the first item.
            min_count: How many items to wait for; 0 to wait for none.
            max_count: How many items to return at most, ``MAX_BATCH_SIZE`` at most.
            filter: Only return items to which this object applies, which members know as an ``IFunction`` in Java.

        Raises:
            AssertionError: A number is negative, ``max_count`` is less than ``min_count`` or greater than
                ``MAX_BATCH_SIZE``, or ``min_count`` is greater than the capacity.

        Source: message ``Ringbuffer.readMany``.
        """
        start = self._sequence(start_sequence, "start_sequence")
        least = self._sequence(int32(min_count, "min_count"), "min_count")
        most = int32(max_count, "max_count")
        if most < least:
            raise AssertionError(
                f"max_count must not be less than min_count, but {most} is less than {least}"
            )
        if most > MAX_BATCH_SIZE:
            raise AssertionError(f"max_count must be at most {MAX_BATCH_SIZE}, not {most}")
        return self._read_many(start, least, most, self._filter(filter))

    def iter(
        self,
        from_sequence: int | None = None,
        *,
        page_size: int = PAGE_SIZE,
        follow: bool = False,
        filter: object = None,
    ) -> PagesOperations[E]:
        """Iterate over the items from a sequence on, up to the newest one of when the iteration begins.

        The items are read in pages, and stay in the ringbuffer.

        Args:
            from_sequence: Sequence of the first item; None for the oldest one.
            page_size: How many items to read at a time, ``MAX_BATCH_SIZE`` at most.
            follow: Do not end, but wait for items that are added later.
            filter: As for ``read_many``.

        Raises:
            StaleSequenceError: The next items were overwritten, or have expired, or the ringbuffer was lost. The
                iteration may go on: with the oldest item that there is.

        Source: messages ``Ringbuffer.readMany``, ``Ringbuffer.headSequence`` and ``Ringbuffer.tailSequence``.
        """
        first = None if from_sequence is None else self._sequence(from_sequence, "from_sequence")
        size = int32(page_size, "page_size", 1)
        if size > MAX_BATCH_SIZE:
            raise ValueError(f"page_size must be at most {MAX_BATCH_SIZE}, not {size}")
        read = partial(self._read_op, filter=self._filter(filter))
        bounds = (self.head_sequence, self.tail_sequence)
        return PagesOperations(self._context, RingbufferSource(self.name, first, size, follow, bounds, read))

    def _read_many(self, start: int, least: int, most: int, filter: Data | None) -> Flow[ReadResult[E]]:
        if most == 0:
            return ReadResult(0, start, [], [])  # members fail if they are asked for none
        if least > 1:
            capacity = yield self.capacity()
            if least > capacity:
                raise AssertionError(
                    f"min_count must be at most the capacity of {self.name!r}, {capacity}, not {least}"
                )
        found: ReadResult[E] = yield self._read_op(start, least, most, filter)
        return found

    def _read_op(self, start: int, least: int, most: int, filter: Data | None = None) -> Op[ReadResult[Any]]:
        """Return the request for several items, whose arguments were checked."""
        request = codec.read_many(self._partition, self.name, start, least, most, filter)
        return request.decoded(partial(read_result, start))

    def _sequence(self, value: int, name: str) -> int:
        if value is None:
            raise none_refused(name, self.name)
        checked = int64(value, name)
        if checked < 0:
            raise AssertionError(f"{name} must not be negative, but it is {checked}")
        return checked

    def _filter(self, filter: Any) -> Data | None:
        return None if filter is None else self._to_data(filter)

    def _keep_capacity(self, capacity: int) -> None:
        self._capacity = capacity


def read_result(start: int, message: bytes, read: ReadData) -> ReadResult[Any]:
    """Return the reply to a request for several items from ``start`` on; some of them may be unreadable."""
    found = codec.read_many_response(message, reading_each(read))
    # Members say 0 if they did not wait and have found nothing.
    next_seq = found.next_seq if found.read_count else start
    return ReadResult(found.read_count, next_seq, found.item_seqs, found.items)


def _overflow_policy(policy: int) -> int:
    checked = int32(policy, "overflow_policy")
    if checked not in (OVERFLOW_POLICY_OVERWRITE, OVERFLOW_POLICY_FAIL):
        raise ValueError(
            f"overflow_policy must be {OVERFLOW_POLICY_OVERWRITE} (overwrite) or {OVERFLOW_POLICY_FAIL} (fail),"
            f" not {policy!r}"
        )
    return checked
