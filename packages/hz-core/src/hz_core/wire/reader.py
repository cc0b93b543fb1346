"""Incremental splitting of a byte stream into protocol messages."""

from struct import Struct
from typing import Final

from hz_core.wire.frames import HazelcastProtocolError

_HEADER: Final = Struct("<iH")
_HEADER_SIZE: Final = 6
_IS_FINAL: Final = 0x2000
_BEGIN_FRAGMENT: Final = 0x8000
_END_FRAGMENT: Final = 0x4000
_UNFRAGMENTED: Final = _BEGIN_FRAGMENT | _END_FRAGMENT
_MORE_TO_COME: Final = _UNFRAGMENTED | _IS_FINAL
_FRAGMENT_ID: Final = Struct("<q")
_INITIAL_FRAME_MIN: Final = _HEADER_SIZE + 13
"""Smallest initial frame: type, correlation id and the number of backup acks."""

RECEIVE_SIZE: Final = 65536
"""Bytes that a driver asks the socket for at a time while no large message is under way."""

DEFAULT_MAX_MESSAGE_SIZE: Final = 1 << 30
_TRUSTED_SIZE: Final = 64 << 20
"""Up to this size memory is taken on a frame's word; beyond, only in proportion to what has really come."""

_MAX_OPEN_FRAGMENTED: Final = 1024
"""Messages that may be open as fragments at once; a peer that goes beyond is broken or hostile."""


class MessageReader:
    """Cuts the bytes of one connection into whole messages, whatever the pieces they come in.

    Two ways in, so that a message is copied at most once on its way out:

    - :meth:`feed` takes the ``bytes`` of one receive call. A message that fills them exactly is passed on as it is.
    - Once a message is larger than one receive (`large` is not None), :meth:`large_buffer` gives the place where the
      driver should receive the next bytes, and :meth:`filled` tells how many came.

    Fragments are joined here, so all that is above sees only whole messages. A message that breaks the rules
    of the protocol raises :class:`HazelcastProtocolError`; the connection must then be closed.
    """

    __slots__ = ("_filled", "_fragments", "_open_size", "_rest", "_scanned", "large", "max_message_size")

    def __init__(self, max_message_size: int = DEFAULT_MAX_MESSAGE_SIZE) -> None:
        self.max_message_size = max_message_size
        self._rest = b""
        self._scanned = 0
        self.large: bytearray | None = None
        self._filled = 0
        self._fragments: dict[int, list[bytes]] = {}
        self._open_size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the bytes of one receive and return the messages that they complete, in order.

        Raises:
            HazelcastProtocolError: a frame length is impossible, a message is too large, or fragments don't fit.
        """
        if self.large is not None:
            return self._feed_large(data)
        size = len(data)
        if self._rest:
            data = self._rest + data
        elif _INITIAL_FRAME_MIN + _HEADER_SIZE <= size < RECEIVE_SIZE and size <= self.max_message_size:
            # The shortest way for what a caller that waits for its own reply gets: one message of two frames.
            first, flags = _HEADER.unpack_from(data, 0)
            if _INITIAL_FRAME_MIN <= first <= size - _HEADER_SIZE and flags & _MORE_TO_COME == _UNFRAGMENTED:
                second, flags = _HEADER.unpack_from(data, first)
                if flags & _IS_FINAL and first + second == size:
                    return [data]
        messages: list[bytes] = []
        rest_at = self._split(data, self._scanned, messages)
        if rest_at == len(data):
            self._rest = b""
            self._scanned = 0
        elif len(data) - rest_at < RECEIVE_SIZE:
            self._rest = data[rest_at:]
            self._scanned -= rest_at
        else:
            self._start_large(data, rest_at)
        return messages

    def large_buffer(self) -> memoryview:
        """Return where the next bytes should be received while there is a `large` message, else an empty view.

        Release the view before calling :meth:`filled`.
        """
        buffer = self.large
        if buffer is None:
            return memoryview(b"")
        if len(buffer) == self._filled:
            # Doubling keeps the cost of growing linear in the size of the message.
            buffer.extend(bytes(len(buffer)))
        return memoryview(buffer)[self._filled :]

    def filled(self, count: int) -> list[bytes]:
        """Take note of `count` bytes received into :meth:`large_buffer`; return the messages they complete."""
        buffer = self.large
        if buffer is None:
            raise HazelcastProtocolError("no large message is being received")
        self._filled += count
        messages: list[bytes] = []
        with memoryview(buffer)[: self._filled] as view:
            rest_at = self._split(view, self._scanned, messages)
            if not messages and not rest_at:
                self._reserve(buffer, view)
                return messages
            rest = bytes(view[rest_at:])
        scanned = self._scanned - rest_at
        self.large = None
        self._filled = 0
        if len(rest) < RECEIVE_SIZE:
            self._rest = rest
            self._scanned = scanned
        else:
            self._scanned = scanned + rest_at
            self._start_large(rest, 0, scanned)
        return messages

    def _feed_large(self, data: bytes) -> list[bytes]:
        messages: list[bytes] = []
        offset = 0
        while offset < len(data):
            if self.large is None:
                messages += self.feed(data[offset:])
                break
            with self.large_buffer() as view:
                count = min(len(view), len(data) - offset)
                view[:count] = data[offset : offset + count]
            messages += self.filled(count)
            offset += count
        return messages

    def _start_large(self, data: bytes, start: int, scanned: int | None = None) -> None:
        scanned = self._scanned - start if scanned is None else scanned
        size = len(data) - start
        want = size + RECEIVE_SIZE
        if size - scanned >= _HEADER_SIZE:
            want = max(want, scanned + _HEADER.unpack_from(data, start + scanned)[0] + _HEADER_SIZE)
        want = min(want, max(_TRUSTED_SIZE, 2 * size))
        buffer = bytearray(want)
        buffer[:size] = memoryview(data)[start:]
        self.large = buffer
        self._filled = size
        self._scanned = scanned
        self._rest = b""

    def _reserve(self, buffer: bytearray, view: memoryview) -> None:
        """Grow the buffer at once to the end of the frame under way, where that is known."""
        scanned = self._scanned
        if self._filled - scanned < _HEADER_SIZE:
            return
        want = scanned + int(_HEADER.unpack_from(view, scanned)[0]) + _HEADER_SIZE
        want = min(want, max(_TRUSTED_SIZE, 2 * self._filled))
        view.release()
        if want > len(buffer):
            buffer.extend(bytes(max(want - len(buffer), len(buffer) // 2)))

    def _split(self, data: bytes | memoryview, position: int, messages: list[bytes]) -> int:
        """Append the whole messages in `data` and return where the unfinished one starts.

        `position` is where scanning goes on (frames of an unfinished message are not scanned twice); the new
        one is left in `_scanned`.
        """
        start = 0
        size = len(data)
        unpack = _HEADER.unpack_from
        limit = self.max_message_size
        while size - position >= _HEADER_SIZE:
            length, flags = unpack(data, position)
            if length < _HEADER_SIZE or position + length - start > limit:
                raise self._bad_length(length, position - start)
            if position == start and length < _INITIAL_FRAME_MIN and (flags & _UNFRAGMENTED) == _UNFRAGMENTED:
                raise HazelcastProtocolError(
                    f"the initial frame of a message has {length} bytes, at least {_INITIAL_FRAME_MIN} are needed"
                )
            end = position + length
            if end > size:
                break
            position = end
            if flags & _IS_FINAL:
                message = bytes(data[start:end])
                start = end
                if message[5] & 0xC0 == 0xC0:
                    messages.append(message)
                else:
                    joined = self._join(message)
                    if joined is not None:
                        messages.append(joined)
        self._scanned = position
        return start

    def _bad_length(self, length: int, before: int) -> HazelcastProtocolError:
        if length < _HEADER_SIZE:
            return HazelcastProtocolError(
                f"a frame claims a length of {length} bytes, below the {_HEADER_SIZE} of its own header:"
                " the stream is not the Hazelcast protocol or lost its place"
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
            self._fragments[fragment_id] = []
        parts = self._fragments.get(fragment_id)
        if parts is None:
            raise HazelcastProtocolError(f"fragment {fragment_id} goes on but never began")
        self._open_size += len(body)
        if self._open_size > self.max_message_size:
            raise HazelcastProtocolError(f"fragments are over the limit of {self.max_message_size} bytes")
        if body:
            parts.append(body)
        if not flags & _END_FRAGMENT:
            return None
        del self._fragments[fragment_id]
        message = b"".join(parts)
        self._open_size -= len(message)
        initial = _HEADER.unpack_from(message)[0] if message else 0
        if initial < _INITIAL_FRAME_MIN:
            raise HazelcastProtocolError(
                f"fragments {fragment_id} join to a message whose initial frame has {initial} bytes, at least"
                f" {_INITIAL_FRAME_MIN} are needed"
            )
        return message
