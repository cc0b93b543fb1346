"""One connection through a fault proxy: two streams of bytes, each subject to the active faults."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import weakref
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

Direction = Literal["both", "to_member", "to_client"]
OneWay = Literal["to_member", "to_client"]
Kind = Literal["hold", "drop", "delay", "limit", "cut", "garbage", "accept"]

CLIENTS: Final = "clients"
MEMBERS: Final = "members"

_CHUNK_BYTES: Final = 64 * 1024
_QUEUED_CHUNKS: Final = 64
_GREETING_BYTES: Final = 3
_HANDSHAKE_BYTES: Final = 4096
_IPV4: Final = 4
# A limited stream is written in pieces, so that its bytes flow steadily instead of once a second.
_PIECES_PER_SECOND: Final = 20


@dataclass(eq=False, slots=True)
class Rule:
    """What one fault does, to which direction, and to the connections of which source.

    Attributes:
        value: Seconds, a rate, or a number of bytes.
        data: Garbage.
        count: Number of connections that may wait to be accepted.
        passed: How many bytes a stream has passed on since the rule is active, for those that count them.
        injected: Streams that the garbage was written to.
    """

    kind: Kind
    direction: Direction
    source: str | None
    value: float = 0.0
    data: bytes = b""
    count: int | None = None
    injected: weakref.WeakSet[Stream] = field(default_factory=weakref.WeakSet)
    passed: weakref.WeakKeyDictionary[Stream, int] = field(default_factory=weakref.WeakKeyDictionary)

    def hits(self, direction: OneWay, source: str) -> bool:
        """Return whether the rule applies to this direction of a connection from ``source``."""
        return self.direction in ("both", direction) and matches(self.source, source)


def matches(wanted: str | None, source: str) -> bool:
    """Return whether ``source`` matches ``wanted``: None for all, ``CLIENTS``, ``MEMBERS``, or a member's address."""
    if wanted == MEMBERS:
        return source not in ("", CLIENTS)
    return wanted is None or wanted == source


class Traffic(Protocol):
    """What a connection needs from its proxy."""

    def rules(self, direction: OneWay, source: str) -> list[Rule]:
        """Return the active rules for one direction of a connection from ``source``."""

    async def changed(self, seconds: float | None) -> None:
        """Wait until the rules change, at most ``seconds`` (None: without limit)."""

    def known_members(self) -> list[str]:
        """Return ``host:port`` of the members that may connect."""

    def identified(self) -> None:
        """Report that a connection's source is known now."""


def linger(end: socket.socket, *, on: bool) -> None:
    """Make a socket close with a reset (``on``), or in the orderly way."""
    with contextlib.suppress(OSError):
        # A linger time of zero makes it a reset.
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", on, 0))


class Cut(Exception):
    """The connection has to be reset at both ends."""


class Connection:
    """A connection to the proxy, and the connection that the proxy opened to the member for it."""

    def __init__(
        self,
        traffic: Traffic,
        near: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        far: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self.traffic = traffic
        self.source = ""
        self.lossy = False
        self._writers = (near[1], far[1])
        self._streams: dict[OneWay, Stream] = {
            "to_member": Stream(self, "to_member", near[0], far[1]),
            "to_client": Stream(self, "to_client", far[0], near[1]),
        }
        self._head = b""
        self._reset = asyncio.Event()

    async def run(self) -> None:
        """Forward bytes until both directions have ended or the connection is reset."""
        streams = self._streams.values()
        readers = [asyncio.create_task(stream.read_all()) for stream in streams]
        writers = [asyncio.create_task(stream.write_all()) for stream in streams]
        both = asyncio.gather(*writers)
        reset = asyncio.create_task(self._reset.wait())
        ends: list[asyncio.Future[Any]] = [both, reset]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if reset.done() or both.exception() is not None:
                self._abort()
        except asyncio.CancelledError:
            self._abort()
            raise
        finally:
            tasks = [*readers, *writers, reset]
            for task in tasks:
                task.cancel()
            # Before anything is awaited: the proxy may be closed meanwhile, which cancels this.
            for writer in self._writers:
                writer.close()
            await asyncio.gather(*tasks, both, return_exceptions=True)

    def reset(self) -> None:
        """End the connection with a reset at both ends."""
        self._reset.set()

    def half_close(self, direction: OneWay) -> None:
        """End one direction in the orderly way; the other direction continues."""
        self._streams[direction].end()

    def inject(self, rule: Rule) -> None:
        """Write garbage that is to come before the next byte."""
        for direction, stream in self._streams.items():
            if rule.hits(direction, self.source):
                stream.inject(rule)

    def identify(self, chunk: bytes) -> None:
        """Find out from a connection's first bytes who opened it.

        A client starts with ``CP2``, a member with ``HZC``. The handshake of a member contains its own address and the
        address that it connects to. An address is written as the port (32 bits), one byte for IPv4, and the host.
        """
        if self.source not in ("", MEMBERS) or len(self._head) > _HANDSHAKE_BYTES:
            return
        self._head += chunk
        if len(self._head) >= _GREETING_BYTES:
            found = CLIENTS if self._head.startswith(b"CP2") else ""
            if self._head.startswith(b"HZC"):
                # The messages after the handshake contain the addresses of other members, so the first one counts.
                positions = {address: self._position(address) for address in self.traffic.known_members()}
                found = min(
                    (address for address in positions if positions[address] >= 0),
                    key=positions.__getitem__,
                    default=MEMBERS,
                )
            if found != self.source:
                self.source = found
                self.traffic.identified()

    def _position(self, address: str) -> int:
        """Return the index of the address in the first bytes, -1 if it is not there."""
        port = int(address.rpartition(":")[2])
        return max(self._head.find(struct.pack(form, port, _IPV4)) for form in (">ib", "<ib"))

    def _abort(self) -> None:
        for writer in self._writers:
            end: socket.socket | None = writer.get_extra_info("socket")
            if end is not None:
                linger(end, on=True)
            writer.transport.abort()


class Stream:
    """One direction of a connection: one task reads bytes, another writes them as the rules allow."""

    def __init__(
        self,
        connection: Connection,
        direction: OneWay,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._connection = connection
        self._direction: OneWay = direction
        self._reader = reader
        self._writer = writer
        # Time of arrival, and what arrived: bytes, b"" for the end of the stream, None for a reset.
        self._queue: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(_QUEUED_CHUNKS)
        self._ended = False

    async def read_all(self) -> None:
        """Read until the sender ends the stream."""
        clock = asyncio.get_running_loop().time
        chunk: bytes | None = b"-"
        while chunk:
            try:
                chunk = await self._reader.read(_CHUNK_BYTES)
            except ConnectionError:
                chunk = None
            if chunk and self._direction == "to_member":
                self._connection.identify(chunk)
            await self._queue.put((clock(), chunk))

    async def write_all(self) -> None:
        """Write what was read, each piece as late and as slowly as the active rules say.

        Raises:
            Cut: The connection has to be reset.
        """
        more = True
        while more:
            arrival, chunk = await self._queue.get()
            more = bool(chunk)
            while True:
                rules = await self._passable(arrival)
                if any(rule.kind == "drop" for rule in rules):
                    self._connection.lossy = True
                    break
                if chunk is None:
                    raise Cut
                if not chunk:
                    self.end()
                    break
                chunk = chunk[await self._write_some(chunk, rules) :]
                if not chunk:
                    break

    async def _passable(self, arrival: float) -> list[Rule]:
        """Wait until no rule holds back what arrived at the time ``arrival``, and return the rules active then."""
        clock = asyncio.get_running_loop().time
        traffic = self._connection.traffic
        while True:
            rules = traffic.rules(self._direction, self._connection.source)
            dropped = any(rule.kind == "drop" for rule in rules)
            wait = arrival + sum(rule.value for rule in rules if rule.kind == "delay") - clock()
            if any(rule.kind == "hold" for rule in rules) and not dropped:
                await traffic.changed(None)
            elif wait > 0 and not dropped:
                await traffic.changed(wait)
            else:
                return rules

    async def _write_some(self, chunk: bytes, rules: list[Rule]) -> int:
        """Write as many bytes as the rules allow at once, and return their number."""
        rates = [rule.value for rule in rules if rule.kind == "limit"]
        for rule in rules:
            self.inject(rule)
        piece = chunk[: self._until_next(rules)]
        if rates:
            piece = piece[: max(1, int(min(rates) / _PIECES_PER_SECOND))]
        if not self._ended:
            try:
                self._writer.write(piece)
                await self._writer.drain()
            except ConnectionError:
                # The receiver is gone; the sender is informed by the other direction.
                self._ended = True
        for rule in rules:
            if rule.kind in ("cut", "garbage"):
                rule.passed[self] = rule.passed.get(self, 0) + len(piece)
            self.inject(rule)
        if any(rule.kind == "cut" and self._left(rule) <= 0 for rule in rules):
            raise Cut
        if rates:
            await self._connection.traffic.changed(len(piece) / min(rates))
        return len(piece)

    def inject(self, rule: Rule) -> None:
        """Write the garbage of a rule, once, when its place in the stream is reached."""
        if rule.kind == "garbage" and self not in rule.injected and self._left(rule) <= 0:
            rule.injected.add(self)
            if not self._ended:
                self._writer.write(rule.data)

    def _until_next(self, rules: list[Rule]) -> int | None:
        """Return how many bytes may pass before a rule that counts them comes into effect; None for any number."""
        counting = [rule for rule in rules if rule.kind in ("cut", "garbage") and self not in rule.injected]
        return max(0, min(map(self._left, counting))) if counting else None

    def _left(self, rule: Rule) -> int:
        return int(rule.value) - rule.passed.get(self, 0)

    def end(self) -> None:
        """End the stream to the receiver."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(OSError):
                self._writer.write_eof()
