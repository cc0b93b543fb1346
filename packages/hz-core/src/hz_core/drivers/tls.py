"""TLS over a plain stream, for several threads."""

import ssl
from _thread import allocate_lock
from contextlib import suppress
from typing import Final

from hz_core.drivers.poller import READ, WRITE
from hz_core.drivers.streams import DONT_WAIT, Bytes, Stream

_RECORD: Final = 1 << 14
"""Largest plaintext of one TLS record."""

_CHUNK: Final = 1 << 17
"""So many bytes are encrypted at a time, which bounds the ciphertext in memory when the socket is full."""


class TlsStream:
    """A TLS connection as a :class:`hz_core.drivers.streams.Stream`.

    ``ssl.SSLSocket`` does not fit: it takes no flags, and one thread reads while another writes. So the TLS
    state works on memory here, guarded by a lock that nobody holds while waiting, and the ciphertext goes through a
    plain stream.

    Two rules keep the other parts simple. Each receive decrypts all that has arrived, so no plaintext stays behind
    that the descriptor does not show; exceptions are told by ``buffered``. And bytes count as sent only when the
    socket has taken their ciphertext, so a caller that repeats an incomplete send also sends ciphertext that waits.

    Args:
        plain: The stream for the ciphertext; closed together with this one.
        context: The TLS options.
        server_hostname: The name or IP address that the member's certificate must have.
    """

    def __init__(self, plain: Stream, context: ssl.SSLContext, server_hostname: str) -> None:
        self.fd = plain.fd
        self._plain = plain
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        self._lock = allocate_lock()
        self._unsent = memoryview(b"")
        self._encrypted = 0  # bytes that are encrypted, but whose ciphertext is not all sent
        self._early = b""
        self._end: OSError | None = None

    @property
    def buffered(self) -> bool:
        """See :class:`hz_core.drivers.streams.Stream`."""
        return bool(self._early) or self._end is not None

    def handshake(self) -> int:
        """Continue the handshake as far as possible; return what to wait for, ``READ`` or ``WRITE``, or 0 when done.

        Raises:
            OSError: the handshake failed, for example because of the member's certificate.
        """
        while True:
            with self._lock:
                done = True
                try:
                    self._tls.do_handshake()
                except ssl.SSLWantReadError:
                    done = False
                except ssl.SSLEOFError as e:
                    raise ConnectionResetError("closed during the TLS handshake") from e
                except ssl.SSLError:
                    with suppress(OSError):  # tell the member why, if possible
                        self._send_ciphertext()
                    raise
                if not self._send_ciphertext():
                    return WRITE
                if done:
                    # Nothing will tell that these bytes are here already.
                    self._early = self._decrypt()
                    return 0
            try:
                self._take(self._plain.receive(_CHUNK, DONT_WAIT))
            except (BlockingIOError, InterruptedError):
                return READ

    def receive(self, size: int, flags: int = 0, /) -> bytes:
        """See :class:`hz_core.drivers.streams.Stream`."""
        if self._early:
            data, self._early = self._early, b""
            return data
        if self._end is None:
            self._take(self._plain.receive(size, flags))
            with self._lock:
                data = self._decrypt()
                # What the protocol itself answers. What the socket does not take now goes before the next bytes.
                self._send_ciphertext()
            if data:
                return data
            if self._end is None:
                raise BlockingIOError  # the record is incomplete
        raise self._end

    def _take(self, ciphertext: bytes) -> None:
        with self._lock:
            if ciphertext:
                self._incoming.write(ciphertext)
            else:
                self._incoming.write_eof()

    def _decrypt(self) -> bytes:
        """Return all that can be decrypted now, and note the end of the stream. The caller holds the lock."""
        parts = []
        try:
            while part := self._tls.read(_RECORD):
                parts.append(part)
            self._end = ConnectionResetError("closed by the member")
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLEOFError:
            self._end = ConnectionResetError("closed by the member, without the closing message of TLS")
        except ssl.SSLError as e:
            self._end = e
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def send(self, data: Bytes, flags: int = 0, /) -> int:
        """See :class:`hz_core.drivers.streams.Stream`; never waits, whatever the flags."""
        view = memoryview(data)
        size = len(view)
        taken = 0
        while taken < size:
            with self._lock:
                if not self._encrypted:
                    self._encrypted = self._encrypt(view[taken : taken + _CHUNK])
                if not self._send_ciphertext():
                    break
                taken += self._encrypted
                self._encrypted = 0
        if not taken:
            raise BlockingIOError
        return taken

    def _encrypt(self, data: memoryview) -> int:
        size = len(data)
        done = 0
        try:
            while done < size:
                done += self._tls.write(data[done:])
        except ssl.SSLWantReadError as e:
            raise ConnectionAbortedError(
                "the member asked for TLS renegotiation, which is not supported"
            ) from e
        return size

    def _send_ciphertext(self) -> bool:
        """Send what waits as far as the socket takes it; return whether that was all. The caller holds the lock."""
        while True:
            if not self._unsent:
                if not self._outgoing.pending:
                    return True
                self._unsent = memoryview(self._outgoing.read())
            try:
                sent = self._plain.send(self._unsent, DONT_WAIT)
            except (BlockingIOError, InterruptedError):
                return False
            self._unsent = self._unsent[sent:]

    def wait_readable(self, timeout: float) -> bool:
        """See :class:`hz_core.drivers.streams.Stream`."""
        return self.buffered or self._plain.wait_readable(timeout)

    def shutdown(self) -> None:
        """See :class:`hz_core.drivers.streams.Stream`; say so to the member, if the socket takes that now."""
        with self._lock, suppress(OSError, ValueError):  # broken already, or the handshake is not done
            try:
                self._tls.unwrap()
            finally:
                self._send_ciphertext()
        self._plain.shutdown()

    def close(self) -> None:
        """See :class:`hz_core.drivers.streams.Stream`."""
        self._plain.close()
