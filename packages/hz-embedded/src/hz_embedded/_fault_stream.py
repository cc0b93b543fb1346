"""One connection through a fault proxy: two streams of bytes, each subject to the faults in force."""

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
Kind = Literal["hold", "drop", "delay", "limit", "cut"]

CLIENTS: Final = "clients"
MEMBERS: Final = "members"

_CHUNK_BYTES: Final = 64 * 1024
_QUEUED_CHUNKS: Final = 64
_GREETING_BYTES: Final = 3
_HANDSHAKE_BYTES: Final = 4096
_IPV4: Final = 4
# The pieces of a limited stream, so that its bytes trickle instead of coming once a second.
_PIECES_PER_SECOND: Final = 20


@dataclass(eq=False, slots=True)
class Rule:
    """What one fault does, to which direction of whose connections."""

    kind: Kind
    direction: Direction
    source: str | None
    value: float = 0.0
    passed: weakref.WeakKeyDictionary[Stream, int] = field(default_factory=weakref.WeakKeyDictionary)

    def hits(self, direction: OneWay, source: str) -> bool:
        """Whether the rule is for this direction of a connection from ``source``."""
        return self.direction in ("both", direction) and matches(self.source, source)


def matches(wanted: str | None, source: str) -> bool:
    """Whether a connection from ``source`` is meant by ``wanted``: None for all, a kind, or a member's address."""
    if wanted == MEMBERS:
        return source not in ("", CLIENTS)
    return wanted is None or wanted == source


class Traffic(Protocol):
    """What a connection asks its proxy."""

    def rules(self, direction: OneWay, source: str) -> list[Rule]:
        """The rules in force for one direction of a connection from ``source``."""

    async def changed(self, seconds: float | None) -> None:
        """Wait until the rules change, at most ``seconds``."""

    def known_members(self) -> list[str]:
        """``host:port`` of the members that may connect."""

    def identified(self) -> None:
        """A connection's source has become known."""


def linger(end: socket.socket, *, on: bool) -> None:
    """Have the end of a connection close with a reset (``on``), or with an orderly end."""
    with contextlib.suppress(OSError):
        # A linger time of nothing makes it a reset.
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", on, 0))


class Cut(Exception):
    """The connection is to be reset, at both ends."""


class Connection:
    """A connection to the proxy and the one that the proxy opened to the member for it."""

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
        """Pass bytes until both directions have ended, or the connection is reset."""
        streams = self._streams.values()
        takers = [asyncio.create_task(stream.take()) for stream in streams]
        givers = [asyncio.create_task(stream.give()) for stream in streams]
        both = asyncio.gather(*givers)
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
            tasks = [*takers, *givers, reset]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, both, return_exceptions=True)
            for writer in self._writers:
                writer.close()

    def reset(self) -> None:
        """End the connection with a reset at both ends."""
        self._reset.set()

    def half_close(self, direction: OneWay) -> None:
        """Tell the receiver of ``direction`` that no more comes, while the other direction goes on."""
        self._streams[direction].end()

    def identify(self, chunk: bytes) -> None:
        """Learn from a connection's first bytes who opened it.

        A client greets with `CP2`, a member with `HZC`; a member's handshake after that carries its own address
        beside the one that it connects to. An address is written as the port (32 bits), one byte for IPv4, and the
        host.
        """
        if self.source not in ("", MEMBERS) or len(self._head) > _HANDSHAKE_BYTES:
            return
        self._head += chunk
        if len(self._head) >= _GREETING_BYTES:
            found = CLIENTS if self._head.startswith(b"CP2") else ""
            if self._head.startswith(b"HZC"):
                # What follows a handshake mentions other members too.
                mentioned = {address: self._mention(address) for address in self.traffic.known_members()}
                found = min(
                    (address for address in mentioned if mentioned[address] >= 0),
                    key=mentioned.__getitem__,
                    default=MEMBERS,
                )
            if found != self.source:
                self.source = found
                self.traffic.identified()

    def _mention(self, address: str) -> int:
        """Where the address stands in the first bytes; -1 for nowhere."""
        port = int(address.rpartition(":")[2])
        return max(self._head.find(struct.pack(form, port, _IPV4)) for form in (">ib", "<ib"))

    def _abort(self) -> None:
        for writer in self._writers:
            end: socket.socket | None = writer.get_extra_info("socket")
            if end is not None:
                linger(end, on=True)
            writer.transport.abort()


class Stream:
    """One direction of a connection: a task takes bytes in, another gives them on as the rules allow."""

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
        # When it came, and what: bytes, none for the end, None for a reset.
        self._queue: asyncio.Queue[tuple[float, bytes | None]] = asyncio.Queue(_QUEUED_CHUNKS)
        self._ended = False

    async def take(self) -> None:
        """Read until the sender's end."""
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

    async def give(self) -> None:
        """Write what was taken, each piece as late and as slowly as the rules of its moment say.

        Raises:
            Cut: the connection is to be reset.
        """
        going_on = True
        while going_on:
            came, chunk = await self._queue.get()
            going_on = bool(chunk)
            while True:
                rules = await self._passable(came)
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

    async def _passable(self, came: float) -> list[Rule]:
        """Wait until no rule holds back what came at the time ``came``; returns the rules of that moment."""
        clock = asyncio.get_running_loop().time
        traffic = self._connection.traffic
        while True:
            rules = traffic.rules(self._direction, self._connection.source)
            dropped = any(rule.kind == "drop" for rule in rules)
            wait = came + sum(rule.value for rule in rules if rule.kind == "delay") - clock()
            if any(rule.kind == "hold" for rule in rules) and not dropped:
                await traffic.changed(None)
            elif wait > 0 and not dropped:
                await traffic.changed(wait)
            else:
                return rules

    async def _write_some(self, chunk: bytes, rules: list[Rule]) -> int:
        """Write as much as the rules let through at once; returns how much."""
        rates = [rule.value for rule in rules if rule.kind == "limit"]
        piece = chunk[: self._until_cut(rules)]
        if rates:
            piece = piece[: max(1, int(min(rates) / _PIECES_PER_SECOND))]
        if not self._ended:
            try:
                self._writer.write(piece)
                await self._writer.drain()
            except ConnectionError:
                # The receiver is gone; its own direction tells the sender.
                self._ended = True
        for rule in rules:
            if rule.kind == "cut":
                rule.passed[self] = rule.passed.get(self, 0) + len(piece)
        if self._until_cut(rules) == 0:
            raise Cut
        if rates:
            await self._connection.traffic.changed(len(piece) / min(rates))
        return len(piece)

    def _until_cut(self, rules: list[Rule]) -> int | None:
        left = [int(rule.value) - rule.passed.get(self, 0) for rule in rules if rule.kind == "cut"]
        return max(0, min(left)) if left else None

    def end(self) -> None:
        """Send the receiver an end."""
        if not self._ended:
            self._ended = True
            with contextlib.suppress(OSError):
                self._writer.write_eof()
