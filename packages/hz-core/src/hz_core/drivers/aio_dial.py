"""Connects sockets on an event loop, as :mod:`hz_core.drivers.dialing` decides."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from hz_core.drivers.aio_transport import AsyncioTransport
from hz_core.drivers.dialing import Action, Close, Dialing, Start, Use
from hz_core.drivers.outbound import Outbound
from hz_core.drivers.sockets import RESOLVE_ERRORS, AddressInfo, certificate_name, parse_address, resolve
from hz_core.model import Address

_NO_LIMIT: Final = 1_000_000.0
"""Seconds for the TLS handshake alone: the limit for everything is what counts."""


class AsyncioDial:
    """Connects to a host by the first of its addresses that answers.

    The ``create_connection`` of asyncio's own loop can do that, but not that of uvloop.

    Args:
        loop: The running loop.
        address: Host and port.
        timeout: Limit in seconds; 0 or less means none.
        outbound: Makes the sockets.
        tls: The TLS options; None for plain TCP.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        address: Address,
        timeout: float,
        outbound: Outbound | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._loop = loop
        self._address = address
        self._outbound = outbound or Outbound()
        self._tls = tls
        self._dialing = Dialing(address, loop.time(), timeout)
        self._lookup: asyncio.Task[Sequence[AddressInfo]] | None = None
        self._attempts: dict[int, asyncio.Task[AsyncioTransport]] = {}
        self._closing: set[asyncio.Task[AsyncioTransport]] = set()
        self._used: AsyncioTransport | None = None
        self._error: OSError | None = None

    async def run(self) -> AsyncioTransport:
        """Connect, and return the transport.

        Raises:
            OSError: there is no connection; tells about every address.
        """
        try:
            infos = parse_address(self._address)
            if infos is None:
                self._lookup = self._loop.create_task(self._resolve())
            else:
                self._perform(self._dialing.resolved(self._loop.time(), infos))
            while self._used is None and self._error is None:
                await self._step()
        except BaseException:
            self._perform(self._dialing.cancel(ConnectionAbortedError("the attempt was cancelled")))
            if self._used is not None:
                self._used.close()
            raise
        finally:
            if self._lookup is not None:
                self._lookup.cancel()
            if self._closing:
                await asyncio.wait(self._closing)
        if self._used is None:
            assert self._error is not None
            raise self._error
        return self._used

    async def _resolve(self) -> Sequence[AddressInfo]:
        # Not the loop's own function: that of uvloop does not ask Python's socket module.
        return await self._loop.run_in_executor(None, resolve, self._address)

    async def _step(self) -> None:
        """Wait until something happens, and perform what follows from it."""
        wake_at = self._dialing.wake_at
        tasks: list[asyncio.Task[Any]] = [*self._attempts.values()]
        if self._lookup is not None:
            tasks.append(self._lookup)
        await asyncio.wait(
            tasks,
            timeout=None if wake_at is None else max(wake_at - self._loop.time(), 0.0),
            return_when=asyncio.FIRST_COMPLETED,
        )
        if self._lookup is not None and self._lookup.done():
            self._perform(self._looked_up(self._lookup))
            self._lookup = None
        for number, attempt in list(self._attempts.copy().items()):
            # The one before may have closed it.
            if attempt.done() and number in self._attempts:
                self._perform(self._attempted(number, attempt))
        self._perform(self._dialing.time(self._loop.time()))

    def _looked_up(self, lookup: "asyncio.Task[Sequence[AddressInfo]]") -> list[Action]:
        try:
            infos = lookup.result()
        except RESOLVE_ERRORS as e:
            return self._dialing.unresolved(e)
        return self._dialing.resolved(self._loop.time(), infos)

    def _attempted(self, number: int, attempt: "asyncio.Task[AsyncioTransport]") -> list[Action]:
        try:
            attempt.result()
        except Exception as e:  # also an option that no socket takes
            del self._attempts[number]
            return self._dialing.failed(self._loop.time(), number, e)
        return self._dialing.connected(number)

    def _perform(self, actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Start):
                self._attempts[action.attempt] = self._loop.create_task(self._attempt(action))
            elif isinstance(action, Close):
                attempt = self._attempts.pop(action.attempt)
                self._closing.add(attempt)
                attempt.add_done_callback(_close_transport)
                attempt.cancel()
            elif isinstance(action, Use):
                self._used = self._attempts.pop(action.attempt).result()
            else:
                self._error = action.error

    async def _attempt(self, start: Start) -> AsyncioTransport:
        sock = await self._connected(start.info)
        transport = AsyncioTransport(self._loop)
        try:
            if self._outbound.intercepts:
                await self._intercept(sock)
            tls: dict[str, Any] = {}
            if self._tls is not None:
                self._dialing.handshake_begun(start.attempt)
                tls["ssl"] = self._tls
                tls["server_hostname"] = certificate_name(self._address)
                tls["ssl_handshake_timeout"] = _NO_LIMIT
            await self._loop.create_connection(lambda: transport, sock=sock, **tls)
        except BaseException:
            # At once: when this was cancelled after the handshake, the loop would wait for the member's end of TLS.
            transport.close()
            sock.close()
            raise
        transport.sock = sock
        return transport

    async def _connected(self, info: AddressInfo) -> socket.socket:
        for sock in self._outbound.sockets(info):
            try:
                await self._loop.sock_connect(sock, info[4])
            except OSError as e:
                sock.close()
                if not self._outbound.taken(e):
                    raise
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise self._outbound.exhausted()

    async def _intercept(self, sock: socket.socket) -> None:
        done: asyncio.Future[None] = self._loop.create_future()
        self._outbound.intercept(sock, self._address, self._dialing.left(self._loop.time()), done)
        try:
            await done
        except asyncio.CancelledError:
            with suppress(OSError):  # not connected any more
                sock.shutdown(socket.SHUT_RDWR)  # the interceptor does not wait any longer
            raise


def _close_transport(attempt: "asyncio.Task[AsyncioTransport]") -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
