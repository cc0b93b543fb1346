"""Connects sockets without blocking the I/O thread, as :mod:`hz_core.drivers.dialing` decides."""

import errno
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from hz_core.drivers.dialing import Action, Close, Dialing, GiveUp, Start, Use
from hz_core.drivers.outbound import Outbound
from hz_core.drivers.poller import WRITE, Poller, Watch
from hz_core.drivers.sockets import RESOLVE_ERRORS, AddressInfo, certificate_name, parse_address, resolve
from hz_core.drivers.streams import Stream, plain_stream
from hz_core.io import Timer
from hz_core.model import Address
from hz_core.promise import CallbackPromise

if TYPE_CHECKING:
    import ssl

    from hz_core.drivers.tls import TlsStream

_IN_PROGRESS: Final = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR, errno.EALREADY)

Outcome = Callable[[Stream | None, Exception | None], None]


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

    def on_ready(self, fd: int, callback: Callable[[], None] | None) -> None:
        """Run ``callback`` when ``fd`` is ready for what it is watched for; None ends that."""
        ...

    def dial_begun(self, dial: "Dial") -> None:
        """Remember ``dial``, to cancel it when the driver ends."""
        ...

    def dial_ended(self, dial: "Dial") -> None:
        """Forget ``dial``."""
        ...


class _Attempt:
    """The socket of one attempt: connects, and does the TLS handshake."""

    def __init__(self, owner: DialOwner, sock: socket.socket) -> None:
        self._owner = owner
        self._sock = sock
        self._watch: Watch | None = None
        self._tls: TlsStream | None = None
        self._intercepting = False
        self._intercepted = False

    def connect(self, where: object, ready: Callable[[], None]) -> bool:
        """Begin to connect; return whether that is done. If not, ``ready`` is called when it is, or has failed."""
        code = self._sock.connect_ex(where)  # type: ignore[arg-type]  # what getaddrinfo returned
        if code in _IN_PROGRESS:
            fd = self._sock.fileno()
            self._watch = Watch(self._owner.poller, fd, WRITE)
            self._owner.on_ready(fd, ready)
            return False
        _check(code)
        return True

    def check(self) -> None:
        """Raise the error if connecting has failed."""
        _check(self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    @property
    def to_intercept(self) -> bool:
        """Return whether the user's interceptor was not called so far."""
        return not self._intercepted

    def intercept(
        self, outbound: Outbound, address: Address, seconds: float | None, done: CallbackPromise
    ) -> None:
        """Call the user's interceptor on another thread; ``done`` is completed here."""
        self._unwatch()
        self._intercepted = self._intercepting = True
        outbound.intercept(self._sock, address, seconds, done)

    def end_interception(self) -> None:
        """Note that the interceptor has returned."""
        self._intercepting = False

    @property
    def in_handshake(self) -> bool:
        """Return whether the TLS handshake has begun."""
        return self._tls is not None

    def begin_handshake(self, context: "ssl.SSLContext", server_hostname: str) -> None:
        """Prepare for TLS."""
        from hz_core.drivers.tls import TlsStream  # programs without TLS do not load it

        self._tls = TlsStream(plain_stream(self._sock), context, server_hostname)

    def continue_handshake(self, ready: Callable[[], None]) -> bool:
        """Continue the handshake; return whether it is done. If not, ``ready`` is called when it can continue."""
        assert self._tls is not None
        interest = self._tls.handshake()
        if not interest:
            return True
        if self._watch is None:
            self._watch = Watch(self._owner.poller, self._tls.fd, interest)
            self._owner.on_ready(self._tls.fd, ready)
        else:
            self._watch.replace(interest)
        return False

    def take_stream(self) -> Stream:
        """Return the connected stream; it no longer belongs to this attempt."""
        self._unwatch()
        return self._tls or plain_stream(self._sock)

    def close(self) -> None:
        """Close the socket."""
        self._unwatch()
        if self._intercepting:
            with suppress(OSError):  # not connected any more
                self._sock.shutdown(socket.SHUT_RDWR)  # the interceptor does not wait any longer
        self._sock.close()

    def forked(self) -> None:
        """Close the descriptor, in a forked child."""
        if self._watch is not None:
            self._watch.forked()
        self._sock.close()

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.end()
            self._owner.on_ready(self._watch.fd, None)
            self._watch = None


def _check(code: int) -> None:
    if code:
        raise OSError(code, os.strerror(code))


class Dial:
    """Connects to a host by the first of its addresses that answers.

    Names are resolved on a thread of their own, since the system offers no other way. All else runs on the I/O
    thread.

    Args:
        owner: The driver.
        address: Host and port.
        timeout: Limit in seconds; 0 or less means none.
        outbound: Makes the sockets.
        tls: The TLS options; None for plain TCP.
        done: Called once, with the connected stream, or with None and the error that tells about every address.
    """

    def __init__(
        self,
        owner: DialOwner,
        address: Address,
        timeout: float,
        outbound: Outbound,
        tls: "ssl.SSLContext | None",
        done: Outcome,
    ) -> None:
        self._owner = owner
        self._address = address
        self._outbound = outbound
        self._tls = tls
        self._done = done
        self._dialing = Dialing(address, owner.now(), timeout)
        self._attempts: dict[int, _Attempt] = {}
        self._timer: Timer | None = None
        owner.dial_begun(self)
        infos = parse_address(address)
        if infos is None:
            self._perform([])
            threading.Thread(target=self._resolve, name="hazelcast-resolve", daemon=True).start()
        else:
            self._resolved(infos)

    def cancel(self, error: OSError) -> None:
        """Give up, with ``error``."""
        self._perform(self._dialing.cancel(error))

    def forked(self) -> None:
        """Give up, in a forked child, without telling anybody."""
        for attempt in self._attempts.values():
            attempt.forked()

    def _resolve(self) -> None:
        try:
            infos = resolve(self._address)
        except RESOLVE_ERRORS as e:
            failure = e
            self._owner.call_soon(lambda: self._perform(self._dialing.unresolved(failure)))
        else:
            self._owner.call_soon(lambda: self._resolved(infos))

    def _resolved(self, infos: Sequence[AddressInfo]) -> None:
        self._perform(self._dialing.resolved(self._owner.now(), infos))

    def _perform(self, actions: Iterable[Action]) -> None:
        waiting = deque(actions)
        while waiting:
            action = waiting.popleft()
            if isinstance(action, Start):
                waiting.extend(self._start(action.attempt, action.info))
            elif isinstance(action, Close):
                self._attempts.pop(action.attempt).close()
            elif isinstance(action, Use):
                self._finish(self._attempts.pop(action.attempt).take_stream(), None)
            else:
                assert isinstance(action, GiveUp)
                self._finish(None, action.error)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = self._dialing.wake_at
        if wake_at is not None:
            self._timer = self._owner.call_later(max(wake_at - self._owner.now(), 0.0), self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._perform(self._dialing.time(self._owner.now()))

    def _finish(self, stream: Stream | None, error: Exception | None) -> None:
        self._owner.dial_ended(self)
        self._owner.call_soon(partial(self._done, stream, error))

    # --- attempts ---------------------------------------------------------------------------------------------

    def _start(self, number: int, info: AddressInfo) -> list[Action]:
        try:
            for sock in self._outbound.sockets(info):
                attempt = self._attempts[number] = _Attempt(self._owner, sock)
                try:
                    connected = attempt.connect(info[4], partial(self._ready, number))
                except OSError as e:
                    if not self._outbound.taken(e):
                        raise
                    self._attempts.pop(number).close()
                else:
                    return self._continue(number, attempt) if connected else []
            raise self._outbound.exhausted()
        except (OSError, OverflowError, TypeError, ValueError) as e:  # also an option that no socket takes
            return self._failed(number, e)

    def _ready(self, number: int) -> None:
        attempt = self._attempts.get(number)
        if attempt is None:
            return
        try:
            if not attempt.in_handshake:
                attempt.check()
            actions = self._continue(number, attempt)
        except (OSError, ValueError) as e:
            actions = self._failed(number, e)
        self._perform(actions)

    def _continue(self, number: int, attempt: _Attempt) -> list[Action]:
        """Go on with an attempt whose socket is connected."""
        if self._outbound.intercepts and attempt.to_intercept:
            done = CallbackPromise(partial(self._intercepted, number, attempt))
            attempt.intercept(self._outbound, self._address, self._dialing.left(self._owner.now()), done)
            return []
        if self._tls is not None:
            if not attempt.in_handshake:
                self._dialing.handshake_begun(number)
                attempt.begin_handshake(self._tls, certificate_name(self._address))
            if not attempt.continue_handshake(partial(self._ready, number)):
                return []
        return self._dialing.connected(number)

    def _intercepted(self, number: int, attempt: _Attempt, _: object, error: BaseException | None) -> None:
        if self._attempts.get(number) is not attempt:
            return
        attempt.end_interception()
        if isinstance(error, Exception):
            self._perform(self._failed(number, error))
        else:
            self._ready(number)

    def _failed(self, number: int, error: Exception) -> list[Action]:
        attempt = self._attempts.pop(number, None)
        if attempt is not None:
            attempt.close()
        return self._dialing.failed(self._owner.now(), number, error)
