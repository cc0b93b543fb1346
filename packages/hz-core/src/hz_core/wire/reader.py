"""Incremental splitting of a byte stream into protocol messages."""

from collections.abc import Iterator
from struct import Struct
from typing import Final

from hz_core.compiled import IncompleteBase, ReaderBase, configure_reader, prefer_compiled
from hz_core.wire.frames import HazelcastProtocolError

_HEADER: Final = Struct("<iH")
_HEADER_SIZE: Final = 6
_IS_FINAL: Final = 0x2000
_BEGIN_FRAGMENT: Final = 0x8000
_END_FRAGMENT: Final = 0x4000
_UNFRAGMENTED: Final = _BEGIN_FRAGMENT | _END_FRAGMENT
_WHOLE: Final = _UNFRAGMENTED | _IS_FINAL
_FRAGMENT_ID: Final = Struct("<q")
_INITIAL_FRAME_MIN: Final = _HEADER_SIZE + 13
"""Minimum size of an initial frame: type, correlation id and the number of backup acks."""

RECEIVE_SIZE: Final = 65536
"""Number of bytes to receive at a time, unless a large frame is incomplete."""

LARGE_RECEIVE_SIZE: Final = 120_000
"""The same while a large frame is incomplete: just below the size for which the C library maps new pages."""

_RECEIVE_SIZES: Final = (RECEIVE_SIZE,)
_LARGE_RECEIVE_SIZES: Final = (LARGE_RECEIVE_SIZE,)
configure_reader(_RECEIVE_SIZES, _LARGE_RECEIVE_SIZES)

DEFAULT_MAX_MESSAGE_SIZE: Final = 1 << 30
_MAX_OPEN_FRAGMENTED: Final = 1024
"""Maximum number of incomplete fragmented messages; a peer that exceeds it is faulty or hostile."""


@prefer_compiled
class _Incomplete(IncompleteBase):
    """The bytes that do not make a whole message yet.

    The pieces of an incomplete message are stored unchanged and joined once, after the last byte. Each frame header is
    read once, so the cost is linear in the received bytes, and memory is only used for received bytes, never for a
    length that a header announces.
    """

    __slots__ = ("_fragments", "_is_final", "_open_size", "_size", "max_message_size", "next", "pieces")

    def __init__(self, max_message_size: int) -> None:
        self.max_message_size = max_message_size
        # The incomplete message: its pieces and their total size; where its next frame header begins, counted from
        # the next byte to be received (negative if a part of the header has been received); and whether the current
        # frame is the last one.
        self.pieces: list[bytes] = []
        self._size = 0
        self.next = 0
        self._is_final = False
        self._fragments: dict[int, tuple[bytes, ...]] = {}
        self._open_size = 0

    @property
    def progress(self) -> tuple[int, int]:
        """How many bytes there are of what is incomplete, and how many it will have at least."""
        size = self._size + self._open_size
        return size, size + max(self.next, 0)

    def copy(self) -> "_Incomplete":
        """Return a copy that can be changed without a change of this one."""
        copy = _Incomplete(self.max_message_size)
        copy.pieces = self.pieces[:]
        copy._size = self._size
        copy.next = self.next
        copy._is_final = self._is_final
        copy._fragments = self._fragments  # replaced, never changed
        copy._open_size = self._open_size
        return copy

    def feed(self, data: bytes, messages: list[bytes]) -> None:
        """Append the messages that ``data`` completes to ``messages``, and keep the rest."""
        size = len(data)
        if not self.pieces:
            self._split(data, 0, 0, messages)
            return
        position = self.next
        if position < 0:
            # The header was split: complete it with the bytes that were received before.
            whole = self.pieces.pop() + data
            self._size -= len(whole) - size
            self._split(whole, 0, len(whole) - size + position, messages)
        elif position > size:
            self._store(data, position - size, self._is_final)
        elif self._is_final:
            self._store(data[:position], 0, False)
            message = b"".join(self.pieces)
            self._clear()
            self._add(message, messages)
            if size <= self.max_message_size:
                position = _take_whole(data, position, messages)
            self._split(data, position, position, messages)
        else:
            self._split(data, 0, position, messages)

    def _store(self, piece: bytes, next_header: int, is_final: bool) -> None:
        self.pieces.append(piece)
        self._size += len(piece)
        self.next = next_header
        self._is_final = is_final

    def _clear(self) -> None:
        self.pieces = []
        self._size = 0
        self.next = 0

    def _split(self, data: bytes, start: int, position: int, messages: list[bytes]) -> None:
        """Append the whole messages in ``data[start:]`` and store the rest.

        ``position`` is the start of the next frame header. The bytes that were stored before belong to the first
        message.
        """
        size = len(data)
        unpack = _HEADER.unpack_from
        closing = 0
        stop = self._stop(start, size)
        while size - position >= _HEADER_SIZE:
            length, flags = unpack(data, position)
            if position == start and length < _INITIAL_FRAME_MIN:
                self._check(length, flags, length, True)
            position += length
            near = stop - _HEADER_SIZE
            while position <= near and length >= _HEADER_SIZE and not flags & _IS_FINAL:
                length, flags = unpack(data, position)
                position += length
            if position > stop or length < _HEADER_SIZE:
                # The uncommon cases: an incomplete frame, or an invalid one.
                self._check(length, flags, position - start, False)
                if position > size:
                    closing = flags & _IS_FINAL
                    break
            if flags & _IS_FINAL:
                message = data[start:position]
                if self.pieces:
                    self.pieces.append(message)
                    message = b"".join(self.pieces)
                    self._clear()
                self._add(message, messages)
                start = position
                stop = self._stop(start, size)
        if start < size:
            self._store(data[start:], position - size, bool(closing))

    def _stop(self, start: int, size: int) -> int:
        """Return the end of the message at ``start`` up to which frame lengths need no further checks."""
        return min(size, start + self.max_message_size - self._size)

    def _check(self, length: int, flags: int, reach: int, first: bool) -> None:
        before = self._size
        if length < _HEADER_SIZE or before + reach > self.max_message_size:
            raise self._bad_length(length, before + reach - length)
        if first and not before and length < _INITIAL_FRAME_MIN and flags & _UNFRAGMENTED == _UNFRAGMENTED:
            raise HazelcastProtocolError(
                f"the initial frame of a message has {length} bytes, at least {_INITIAL_FRAME_MIN} are needed"
            )

    def _add(self, message: bytes, messages: list[bytes]) -> None:
        if message[5] & 0xC0 == 0xC0:
            messages.append(message)
        elif (joined := self._join(message)) is not None:
            messages.append(joined)

    def _bad_length(self, length: int, before: int) -> HazelcastProtocolError:
        if length < _HEADER_SIZE:
            return HazelcastProtocolError(
                f"a frame has a length of {length} bytes, below the {_HEADER_SIZE} of its own header:"
                " the stream is not the Hazelcast protocol or is damaged"
            )
        return HazelcastProtocolError(
            f"a message of at least {before + length} bytes is over the limit of {self.max_message_size} bytes"
        )

    def _join(self, fragment: bytes) -> bytes | None:
        length, flags = _HEADER.unpack_from(fragment, 0)
        if length != _HEADER_SIZE + _FRAGMENT_ID.size:
            raise HazelcastProtocolError(f"the first frame of a fragment has {length} bytes, 14 are needed")
        (fragment_id,) = _FRAGMENT_ID.unpack_from(fragment, _HEADER_SIZE)
        body = fragment[length:]
        if flags & _BEGIN_FRAGMENT:
            if fragment_id in self._fragments:
                raise HazelcastProtocolError(f"fragment {fragment_id} begins twice")
            if len(self._fragments) >= _MAX_OPEN_FRAGMENTED:
                raise HazelcastProtocolError(f"more than {_MAX_OPEN_FRAGMENTED} fragmented messages are open")
        elif fragment_id not in self._fragments:
            raise HazelcastProtocolError(f"fragment {fragment_id} is continued but never began")
        parts = self._fragments.get(fragment_id, ())
        self._open_size += len(body)
        if self._open_size > self.max_message_size:
            raise HazelcastProtocolError(f"fragments are over the limit of {self.max_message_size} bytes")
        if body:
            parts = (*parts, body)
        if not flags & _END_FRAGMENT:
            self._fragments = {**self._fragments, fragment_id: parts}
            return None
        self._fragments = {key: value for key, value in self._fragments.items() if key != fragment_id}
        message = b"".join(parts)
        self._open_size -= len(message)
        initial = _HEADER.unpack_from(message)[0] if message else 0
        if initial < _INITIAL_FRAME_MIN:
            raise HazelcastProtocolError(
                f"fragments {fragment_id} join to a message whose initial frame has {initial} bytes, at least"
                f" {_INITIAL_FRAME_MIN} are needed"
            )
        return message


def _take_whole(data: bytes, start: int, messages: list[bytes]) -> int:
    """Append the whole messages from ``start`` on to ``messages``; return where the first other one begins.

    That is an incomplete message, an invalid one or a fragment, which are for `_Incomplete`. Here is no more than what
    runs for each of many replies.
    """
    size = len(data)
    last = size - _HEADER_SIZE
    unpack = _HEADER.unpack_from
    while start <= last:
        length, flags = unpack(data, start)
        if length < _INITIAL_FRAME_MIN or flags & _UNFRAGMENTED != _UNFRAGMENTED:
            break
        end = start + length
        while not flags & _IS_FINAL:
            if end > last:
                return start
            length, flags = unpack(data, end)
            if length < _HEADER_SIZE:
                return start
            end += length
        if end > size:
            break
        messages.append(data[start:end])
        start = end
    return start


@prefer_compiled
class MessageReader(ReaderBase):
    """Splits the bytes of one connection into whole messages.

    A message that fills one receive is not copied. Fragments are joined, so the other parts see only whole messages.

    Splitting is all or nothing: it can be given up at any point, by an exception of a signal handler for example, and
    whoever comes next repeats it. See "Interrupts" in ``docs/architecture-threads.md``.

    Args:
        max_message_size: Largest message to accept, in bytes.

    Attributes:
        received: The bytes of the last receive until they are split, None afterwards.
        receive_sizes: The number of bytes to receive next, as the arguments of the receiving function.
        ready: The messages that were split and not taken yet. Taking the next one is atomic.
    """

    __slots__ = ("_incomplete", "ready", "receive_sizes", "received")

    def __init__(self, max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE) -> None:
        self._incomplete = _Incomplete(max_message_size)
        self.received: bytes | None = None
        self.receive_sizes: tuple[int] = _RECEIVE_SIZES
        self.ready: Iterator[bytes] = iter(())

    @property
    def progress(self) -> tuple[int, int]:
        """How many bytes of incomplete messages were received, and how many these will have at least."""
        return self._incomplete.progress

    def feed(self, data: bytes) -> list[bytes]:
        """Process the bytes of one receive and return the messages that they complete, in order.

        Raises:
            HazelcastProtocolError: A frame length is invalid, a message is too large, or fragments do not match.
        """
        self.received = data
        self.split()
        return list(self.ready)

    def split(self) -> None:
        """Split what was received: ``ready`` becomes an iterator over the messages, in order.

        Raises:
            HazelcastProtocolError: See :meth:`feed`.
        """
        data = self.received
        if data is None:
            return
        size = len(data)
        incomplete = self._incomplete
        if not incomplete.pieces and _INITIAL_FRAME_MIN <= size <= incomplete.max_message_size:
            # The fast path for the most common replies to a caller that waits: one message of one or two frames.
            first, flags = _HEADER.unpack_from(data, 0)
            whole = flags & _WHOLE
            if whole == _UNFRAGMENTED and _INITIAL_FRAME_MIN <= first <= size - _HEADER_SIZE:
                second, flags = _HEADER.unpack_from(data, first)
                first += second
                whole |= flags & _IS_FINAL
            if whole == _WHOLE and first == size:
                ready = iter((data,))
                if self.received is data:
                    self.received = None
                    self.ready = ready
                return
        messages: list[bytes] = []
        changed = incomplete
        sizes = self.receive_sizes
        start = 0
        if not incomplete.pieces and size <= incomplete.max_message_size:
            start = _take_whole(data, 0, messages)
        if start < size:
            changed = incomplete.copy()
            changed.feed(data[start:] if start else data, messages)
            sizes = _RECEIVE_SIZES if changed.next <= RECEIVE_SIZE else _LARGE_RECEIVE_SIZES
        ready = iter(messages)
        # No exception can come between these lines. If the thread was interrupted by code that split the same bytes,
        # that was it.
        if self.received is data:
            self.received = None
            self._incomplete = changed
            self.receive_sizes = sizes
            self.ready = ready
