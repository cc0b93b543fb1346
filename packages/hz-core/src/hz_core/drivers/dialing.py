"""Opening sockets without blocking the I/O thread."""

import errno
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from hz_core.model import Address
from hz_core.drivers.poller import WRITE, Poller
from hz_core.io import Timer

_IN_PROGRESS: Final = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR, errno.EALREADY)

Outcome = Callable[[socket.socket | None, Exception | None], None]
AddressInfo = tuple[Any, Any, int, str, Any]


class DialOwner(Protocol):
    """What dialing needs of the driver; see :class:`hz_core.io.IO`."""

    poller: Poller

    def now(self) -> float:
        """Return a monotonic time in seconds."""
        ...

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run on the I/O thread."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Run on the I/O thread, later."""
        ...

    def watch_dial(self, fd: int, dial: "Dial | None") -> None:
        """Tell `dial` when `fd` is ready; None ends it."""
        ...


class Dial:
    """One attempt to connect to a host: each address that its name stands for, IPv6 and IPv4, one after another.

    An address that does not answer gets its share of the time left, so that those after it are tried, too.
    Names are resolved on a thread of their own, since the system offers no other way. All else runs on the I/O
    thread. `done` is called once, with the connected socket or the error that tells about every address.
    """

    def __init__(
        self,
        owner: DialOwner,
        address: Address,
        timeout: float,
        options: Sequence[tuple[int, int, Any]],
        done: Outcome,
    ) -> None:
        self._owner = owner
        self._address = address
        self._options = options
        self._done: Outcome | None = done
        self._candidates: deque[AddressInfo] = deque()
        self._errors: list[str] = []
        self._sock: socket.socket | None = None
        self._where: Any = None
        self._watched = False
        self._timeout = timeout
        self._deadline = owner.now() + timeout
        self._share: Timer | None = None
        self._timer: Timer | None = None
        if timeout > 0:
            self._timer = owner.call_later(timeout, self._overdue)
        self._resolve()

    def _resolve(self) -> None:
        host, port = self._address.host, self._address.port
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, ValueError):
            threading.Thread(target=self._look_up, name="hazelcast-resolve", daemon=True).start()
        else:
            self._resolved(found)

    def _look_up(self) -> None:
        try:
            found = socket.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as e:  # ValueError: no name at all, for example a part of it is too long
            error = OSError(f"the name {self._address.host!r} can't be resolved: {e}")
            self._owner.call_soon(lambda: self._finish(None, error))
        else:
            self._owner.call_soon(lambda: self._resolved(found))

    def _resolved(self, found: Sequence[AddressInfo]) -> None:
        self._candidates.extend(found)
        self._next()

    def _next(self) -> None:
        if self._done is None:
            return
        while self._candidates:
            family, kind, protocol, _, self._where = self._candidates.popleft()
            try:
                sock = socket.socket(family, kind, protocol)
                self._sock = sock
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for level, name, value in self._options:
                    sock.setsockopt(level, name, value)
                code = sock.connect_ex(self._where)
                if code in _IN_PROGRESS:
                    self._watch(sock)
                    return
            except (OSError, OverflowError, TypeError, ValueError) as e:  # also an option that nobody can set
                self._failed(e)
                continue
            if code == 0:
                self._finish(sock, None)
                return
            self._failed(OSError(code, os.strerror(code)))
        self._finish(None, ConnectionRefusedError("; ".join(self._errors) or "the name has no address"))

    def ready(self) -> None:
        """Called by the driver when the socket is connected, or failed to be."""
        sock = self._sock
        if sock is None or self._done is None:
            return
        self._unwatch(sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            self._finish(sock, None)
            return
        self._failed(OSError(code, os.strerror(code)))
        self._next()

    def _failed(self, error: Exception) -> None:
        self._errors.append(f"{Address(*self._where[:2])}: {error}")
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _watch(self, sock: socket.socket) -> None:
        self._owner.poller.add(sock.fileno(), WRITE)
        self._owner.watch_dial(sock.fileno(), self)
        self._watched = True
        if self._timeout > 0 and self._candidates:
            share = max(self._deadline - self._owner.now(), 0.0) / (len(self._candidates) + 1)
            self._share = self._owner.call_later(share, partial(self._too_slow, sock, share))

    def _unwatch(self, sock: socket.socket) -> None:
        if self._share is not None:
            self._share.cancel()
            self._share = None
        if self._watched:
            self._watched = False
            self._owner.poller.forget(sock.fileno())
            self._owner.watch_dial(sock.fileno(), None)

    def _too_slow(self, sock: socket.socket, share: float) -> None:
        if sock is self._sock and self._done is not None:
            self._unwatch(sock)
            self._failed(TimeoutError(f"no answer within {round(share, 3):g} s, its share of the time"))
            self._next()

    def _overdue(self) -> None:
        if self._where is None:
            self._errors.append(f"the name {self._address.host!r} was still looked up")
        elif self._sock is not None:
            self._errors.append(f"{Address(*self._where[:2])}: no answer")
        reasons = "; ".join(self._errors)
        self.cancel(
            TimeoutError(f"no connection within {round(self._timeout, 3):g} s (the time limit): {reasons}")
        )

    def cancel(self, error: Exception) -> None:
        """Give up, with `error`."""
        sock = self._sock
        if sock is not None and self._done is not None:
            self._unwatch(sock)
            sock.close()
        self._finish(None, error)

    def _finish(self, sock: socket.socket | None, error: Exception | None) -> None:
        done, self._done = self._done, None
        if self._timer is not None:
            self._timer.cancel()
        if done is not None:
            self._sock = None
            self._owner.call_soon(partial(done, sock, error))
