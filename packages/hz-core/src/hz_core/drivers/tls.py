"""TLS over a plain stream, for several threads."""

import errno
import ssl
from _thread import RLock
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from operator import call
from typing import Any, Final

from hz_core.connection import SocketFacts
from hz_core.drivers.poller import READ, WRITE
from hz_core.drivers.streams import (
    DONT_WAIT,
    NO_SIGNAL,
    Bytes,
    NothingNow,
    Stream,
    StreamClosedError,
    raised_by_stream,
)
from hz_core.drivers.tls_advice import advised

_RECORD: Final = 1 << 14
"""Largest plaintext of one TLS record."""

_SEND_FLAGS: Final = DONT_WAIT | NO_SIGNAL

_CHUNK: Final = 1 << 17
"""So many bytes are encrypted at a time, which bounds the ciphertext in memory when the socket is full."""


class TlsStream:
    """A TLS connection as a :class:`hz_core.drivers.streams.Stream`.

    ``ssl.SSLSocket`` does not fit: it takes no flags, and one thread reads while another writes. So the TLS
    state works on memory here, and the ciphertext goes through a plain stream.

    The thread that receives and the one that sends share the TLS state only, guarded by a lock. It is held for a single
    call of ``ssl``, in steps between which nothing can interrupt the thread: code that interrupts it may wait for the
    other thread, which must not wait for the lock.

    Two rules keep the other parts simple. Each receive decrypts all that has arrived, so no plaintext stays behind
    that the descriptor does not show; exceptions are told by ``buffered``. And bytes count as sent only when the
    socket has taken their ciphertext, so a caller that repeats an incomplete send also sends ciphertext that waits.

    Args:
        plain: The stream for the ciphertext; closed together with this one.
        context: The TLS options.
        server_hostname: The name or IP address that the member's certificate must have.
    """

    def __init__(self, plain: Stream, context: ssl.SSLContext, server_hostname: str) -> None:
        self.fd: int = plain.fd
        self._plain = plain
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        # The object that is written in C: an interrupt in the methods around it would lose what they return.
        inner: Any = self._tls._sslobj  # type: ignore[attr-defined]  # private to the standard library
        self._read_record = partial(inner.read, _RECORD)
        self._write: Callable[[memoryview], int] = inner.write
        self._unwrap: Callable[[], object] = inner.shutdown
        self._lock = RLock()  # a finalizer may interrupt even a call of `ssl`, and use the same stream
        self._ciphertext: bytes | None = None  # received, but not given to TLS yet
        self._undecrypted = (
            False  # whether TLS was given ciphertext since the last time that all was decrypted
        )
        self._parts: list[bytes] = []  # decrypted, but not returned yet
        self._unsent = (b"", 0)  # ciphertext, and where its unsent rest begins
        self._sends = 0  # number of calls of `send`
        self._encrypted = 0  # bytes that are encrypted, but whose ciphertext is not all sent
        self._end: OSError | None = None

    @property
    def buffered(self) -> bool:
        """See :class:`hz_core.drivers.streams.Stream`."""
        return bool(self._parts or self._undecrypted) or self._end is not None

    def handshake(self) -> int:
        """Continue the handshake as far as possible; return what to wait for, ``READ`` or ``WRITE``, or 0 when done.

        Raises:
            OSError: the handshake failed, for example because of the member's certificate.
        """
        while True:
            done = True
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                done = False
            except ssl.SSLError as e:
                if _is_end(e):
                    raise ConnectionResetError(
                        "the member closed the connection during the TLS handshake"
                    ) from e
                with suppress(OSError):  # tell the member why, if possible
                    self._send_ciphertext()
                raise
            if not self._send_ciphertext():
                return WRITE
            if done:
                # Nothing will tell that these bytes are here already.
                self._decrypt()
                return 0
            try:
                self._take(_CHUNK, DONT_WAIT)
            except (BlockingIOError, InterruptedError):
                return READ

    def receive(self, size: int, flags: int = 0, /) -> bytes:
        """See :class:`hz_core.drivers.streams.Stream`."""
        if self._end is None and not self._parts:
            if not self._undecrypted:
                self._take(size, flags)
            # What the protocol itself answers to it goes before the bytes that are sent next (RFC 8446, 4.6.3).
            self._decrypt()
        parts = self._parts
        if parts:
            data = b"".join(parts)
            if self._parts is parts:
                # An exception comes before these lines, and leaves everything to the next receive, or after them.
                self._parts = []
                return data
            raise NothingNow  # code that interrupted this thread has received it
        if self._end is None:
            raise NothingNow  # the record is incomplete
        raise self._end

    def _take(self, size: int, flags: int) -> None:
        """Receive ciphertext and give it to TLS."""
        if self._ciphertext is None:
            receiving = map(self._plain.receive, (size,), (flags,))
            for self._ciphertext in receiving:
                pass
        ciphertext = self._ciphertext
        if ciphertext is None:
            return
        incoming = self._incoming
        giving = map(call, (partial(incoming.write, ciphertext) if ciphertext else incoming.write_eof,))
        with self._lock:
            if self._ciphertext is ciphertext:
                for _ in giving:
                    self._undecrypted = True
                    self._ciphertext = None
                    break

    def _decrypt(self) -> None:
        """Decrypt all that can be decrypted now, and note the end of the stream."""
        parts = self._parts
        # In one step, so that nothing of it is lost if this thread is interrupted.
        decrypting = map(parts.extend, (iter(self._read_record, b""),))
        try:
            with self._lock:
                if self._parts is not parts:
                    return  # code that interrupted this thread has decrypted it
                for _ in decrypting:
                    break
            self._end = StreamClosedError("the member closed the connection")
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as e:
            self._end = (
                StreamClosedError("the member closed the connection without the closing message of TLS")
                if _is_end(e)
                else advised(e)
            )
        self._undecrypted = False

    def send(self, data: Bytes, flags: int = 0, /) -> int:
        """See :class:`hz_core.drivers.streams.Stream`; never waits, whatever the flags."""
        number = self._sends + 1
        self._sends = number
        if not self._encrypted:
            self._encrypt(memoryview(data)[:_CHUNK], number)
        if not self._send_ciphertext():
            raise NothingNow
        # Nothing can interrupt the thread here. A call that is interrupted before is repeated, and then knows what is
        # encrypted already.
        taken = self._encrypted
        self._encrypted = 0
        return taken

    def _encrypt(self, data: memoryview, number: int) -> None:
        try:
            while self._encrypted < len(data):
                writing = map(self._write, (data[self._encrypted :],))
                with self._lock:
                    if self._sends != number:
                        raise NothingNow  # code that interrupted this thread has sent the data
                    for written in writing:
                        self._encrypted += written
                        break
        except ssl.SSLWantReadError as e:
            raise ConnectionAbortedError(
                errno.ECONNABORTED, "the member asked for TLS renegotiation, which is not supported"
            ) from e

    def _send_ciphertext(self) -> bool:
        """Send what waits as far as the socket takes it; return whether that was all. On the thread that sends."""
        while True:
            unsent = self._unsent
            if unsent[1] >= len(unsent[0]):
                if not self._outgoing.pending:
                    return True
                reading = map(call, (self._outgoing.read,))
                with self._lock:
                    if self._unsent is unsent:
                        for ciphertext in reading:
                            self._unsent = (ciphertext, 0)
                            break
                continue
            sending = map(self._plain.send, (memoryview(unsent[0])[unsent[1] :],), (_SEND_FLAGS,))
            try:
                if self._unsent is unsent:
                    for sent in sending:
                        self._unsent = (unsent[0], unsent[1] + sent)
            except BlockingIOError as e:
                if not raised_by_stream(e):
                    raise
                return False

    def wait_readable(self, timeout: float) -> bool:
        """See :class:`hz_core.drivers.streams.Stream`."""
        return self.buffered or self._plain.wait_readable(timeout)

    def facts(self) -> SocketFacts:
        """See :class:`hz_core.drivers.streams.Stream`; bytes are those of the ciphertext."""
        return self._plain.facts()

    def shutdown(self) -> None:
        """See :class:`hz_core.drivers.streams.Stream`; say so to the member, if the socket takes that now."""
        closing = map(call, (self._unwrap,))
        with suppress(OSError, ValueError):  # broken already, or the handshake is not done
            try:
                with self._lock:
                    for _ in closing:
                        break
            finally:
                if not self._encrypted:  # otherwise another thread sends, or the socket is full
                    self._send_ciphertext()
        self._plain.shutdown()

    def close(self) -> None:
        """See :class:`hz_core.drivers.streams.Stream`."""
        self._plain.close()


def _is_end(error: ssl.SSLError) -> bool:
    """Return whether the member has closed its socket; Python before 3.11.4 has other classes for that."""
    return (
        isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
        or error.reason == "UNEXPECTED_EOF_WHILE_READING"
    )
