"""Our connections between Python and a JVM: the protocol of py4j, but what ends a wait comes out as what it is.

py4j hides the exceptions of signal handlers, repeats calls that Java may have executed, waits for JVMs that cannot
answer, and lets a callback end the thread that Java waits for.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from typing import Any, Final

from py4j import protocol
from py4j.java_gateway import do_client_auth, server_connection_stopped, set_linger
from py4j.protocol import Py4JAuthenticationError, Py4JError, Py4JNetworkError, is_error

from hz_embedded.bridge.calls import Calls

_log = logging.getLogger("hz_embedded.bridge")
_FAREWELL_SECONDS: Final = 5.0
_HANDSHAKE_SECONDS: Final = 30.0
_TRANSPORT: Final = frozenset({"socket", "ssl", __name__})


def _of_transport(error: BaseException) -> bool:
    """Return whether an ``OSError`` is from the socket, and not from a signal handler that ran meanwhile."""
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") not in _TRANSPORT:
            return False
        step = step.tb_next
    return True


class Connection:
    """A socket to the JVM's server. One thread at a time uses it; :meth:`cut` is for all threads."""

    _of_callers = True
    """Whether the thread has called Java itself, and so gets what ends threads, such as Ctrl-C in a callback."""

    def __init__(self, client: Any, calls: Calls | None = None) -> None:
        self.client = client
        self.socket: Any = None
        self.stream: Any = None
        self._calls = calls
        self._cut: str | None = None
        self._poll: Any = None
        self.waiting: bool = False
        self.users: int = 0
        self._serving = 0

    def open(self) -> None:
        """Connect.

        Raises:
            Py4JAuthenticationError: The server refuses the token.
            Py4JNetworkError: There is no connection.
        """
        client, parameters = self.client, self.client.gateway_parameters
        self.waiting = True
        try:
            self._check()
            # A server that is about to end may accept a connection and forget it.
            limit = min(parameters.read_timeout or _HANDSHAKE_SECONDS, _HANDSHAKE_SECONDS)
            plain = socket.create_connection((parameters.address, parameters.port), limit)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._use(plain)
            if client.ssl_context is not None:
                secured = client.ssl_context.wrap_socket(
                    plain, server_hostname=parameters.address, do_handshake_on_connect=False
                )
                self._use(secured)
                self._check()
                secured.do_handshake()
        except OSError as error:
            if not _of_transport(error):
                raise
            where = f"{client.label} at {parameters.address}:{parameters.port}"
            raise Py4JNetworkError(
                self._cut or f"{where} cannot be reached: {error}", error, protocol.ERROR_ON_SEND
            ) from error
        finally:
            self.waiting = False
        if parameters.auth_token:
            answer = self.request(f"{protocol.AUTH_COMMAND_NAME}\n{parameters.auth_token}\n".encode())
            if is_error(answer)[0]:
                raise Py4JAuthenticationError("Failed to authenticate with gateway server.")
        self.socket.settimeout(parameters.read_timeout or None)

    def _use(self, connected: Any) -> None:
        self.socket = connected
        self.stream = connected.makefile("rb")
        if hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(connected, select.POLLIN)

    @property
    def usable(self) -> bool:
        """Whether an idle connection can still be used: Java sends nothing unasked, except the end."""
        if self._cut is not None or self.socket is None:
            return False
        try:
            found = self._poll.poll(0) if self._poll else select.select([self.socket], [], [], 0)[0]
        except (OSError, ValueError):
            return False
        return not found

    @property
    def busy(self) -> bool:
        """Whether its thread is within a request, and not in a callback, where it may make another one."""
        return self.users > self._serving

    def request(self, data: bytes) -> str:
        """Send a request, and return Java's answer; in the pinned model, run what Java calls before it.

        Raises:
            Py4JNetworkError: The connection is lost; ``when`` is ``ERROR_ON_SEND`` if nothing has been sent.
        """
        self.users += 1
        try:
            self.waiting = True
            try:
                self._check(protocol.ERROR_ON_SEND)
                self.socket.sendall(data)
            finally:
                self.waiting = False
            while True:
                line = self._await_line()
                if line.startswith(protocol.RETURN_MESSAGE):
                    return line[len(protocol.RETURN_MESSAGE) :]
                self.serve(line)
        except OSError as error:
            if not _of_transport(error):
                raise
            raise self._lost(error) from error
        finally:
            self.users -= 1

    def farewell(self, data: bytes) -> None:
        """Send a request whose answer is the end of the connection, and wait a moment for that."""
        self.waiting = True
        try:
            self._check()
            self.socket.settimeout(_FAREWELL_SECONDS)
            self.socket.sendall(data)
            self.read_line()
        except OSError as error:
            if not _of_transport(error):
                raise
        finally:
            self.waiting = False

    def _check(self, when: str = protocol.ERROR_ON_RECEIVE) -> None:
        if self._cut is not None or not self.client.is_connected:
            raise Py4JNetworkError(self._cut or self.client.refusal, when=when)

    def _await_line(self) -> str:
        # In this order: whoever stops the client first forbids requests, and then cuts who waits.
        self.waiting = True
        try:
            self._check()
            return self._next_line()
        finally:
            self.waiting = False

    def _next_line(self) -> str:
        line = self.read_line()
        if not line:
            raise self._lost(None)
        return line

    def read_line(self) -> str:
        """Return the next line, empty at the end of the stream."""
        line: bytes = self.stream.readline()
        return line[:-1].decode("utf-8") if line.endswith(b"\n") else ""

    def _lost(self, error: OSError | None) -> Py4JNetworkError:
        client = self.client
        if self._cut is not None:
            text = self._cut
        elif isinstance(error, TimeoutError):
            limit = client.gateway_parameters.read_timeout
            text = f"{client.label} gave no answer within " + (
                f"{limit:g} s (read_timeout)" if limit else f"{_HANDSHAKE_SECONDS:g} s to a new connection"
            )
        else:
            text = f"the connection to {client.label} was lost before its answer came: {error or 'end of stream'}"
        return Py4JNetworkError(text, error, protocol.ERROR_ON_RECEIVE)

    def serve(self, command: str) -> None:
        """Do what Java asks.

        Args:
            command: The first line of the request.
        """
        raised: BaseException | None = None
        if self._calls is None or command not in _REQUESTS:
            raise Py4JNetworkError(f"{self.client.label} sent {command!r:.80}, which is no answer")
        identity = self._next_line()
        if command == protocol.CALL_PROXY_COMMAND_NAME:
            self._serving += 1
            try:
                answer, raised = self._calls.call(identity, self._next_line)
            finally:
                self._serving -= 1
        else:
            self._next_line()
            self._calls.forget(identity)
            answer = protocol.SUCCESS_RETURN_MESSAGE
        if self._of_callers and raised is not None and not isinstance(raised, Exception):
            with contextlib.suppress(OSError, Py4JNetworkError):
                self._send(answer)
            raise raised
        self._send(answer)

    def _send(self, answer: str) -> None:
        if self.socket is None:
            # A request of the callback has failed.
            raise Py4JNetworkError(self._cut, when=protocol.ERROR_ON_RECEIVE)
        # A thread of ours may wait here for a JVM that does not read; a thread of Java's waits for that JVM anyway.
        self.waiting = self._of_callers
        try:
            self.socket.sendall(answer.encode())
        finally:
            self.waiting = False

    def cut(self, why: str) -> None:
        """End the connection from any thread: who waits on it gets ``Py4JNetworkError``."""
        self._cut = self._cut or why
        used = self.socket
        if used is not None:
            with contextlib.suppress(OSError):
                # The plain method: that of TLS would take the state away from the thread that reads.
                socket.socket.shutdown(used, socket.SHUT_RDWR)

    def close(self, reset: bool = False) -> None:
        """Close the socket; for the thread that uses the connection."""
        used, stream, self.socket, self.stream = self.socket, self.stream, None, None
        self._cut = self._cut or "the connection has been closed"
        if used is None:
            return
        with contextlib.suppress(OSError):
            if reset:
                set_linger(used)
            else:
                socket.socket.shutdown(used, socket.SHUT_RDWR)
        for each in (stream, used):
            with contextlib.suppress(OSError, ValueError):
                each.close()

    def abandon(self) -> None:
        """Take the descriptor away in a forked child, so that the parent's connection stays open."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                os.close(self.socket.detach())
            self._cut = "the connection belongs to the parent process"

    def __del__(self) -> None:
        Connection.close(self)


_REQUESTS: Final = (protocol.CALL_PROXY_COMMAND_NAME, protocol.GARBAGE_COLLECT_PROXY_COMMAND_NAME)


class IncomingConnection(Connection):
    """A connection that a Java thread has opened in the pinned model. Its thread runs that thread's calls."""

    _of_callers = False

    def __init__(self, client: Any, calls: Calls, server: Any, accepted: Any, stream: Any) -> None:
        super().__init__(client, calls)
        self._server = server
        self.users = 1  # the Java thread that has opened it
        self._use(accepted)
        self.stream = stream
        self._stopped = threading.Lock()

    def start(self) -> None:
        """Start the thread."""
        _IncomingThread(target=self._run, name="hz-embedded-callback", daemon=True).start()

    def _run(self) -> None:
        self.client.adopt(self)
        reset = False
        try:
            token = self._server.python_parameters.auth_token
            if token is not None:
                do_client_auth(self.read_line(), self.stream, self.socket, token)
            while command := self.read_line():
                self.serve(command)
        except Py4JAuthenticationError as error:
            reset = True
            _log.warning("a connection without the token was refused: %s", error)
        except (OSError, ValueError, Py4JError):
            _log.debug("a connection from Java ended", exc_info=True)
        super().close(reset)
        self._report()

    def _await_line(self) -> str:
        # Only requests of callbacks have the limit, not the wait for the next call from Java.
        limit, used = self.client.gateway_parameters.read_timeout, self.socket
        if not limit or used is None:
            return super()._await_line()
        used.settimeout(limit)
        try:
            return super()._await_line()
        finally:
            used.settimeout(None)

    def close(self, reset: bool = False) -> None:
        """End the connection from any thread; its thread closes the socket."""
        self.cut("the connection has been closed")
        self._report()

    def _report(self) -> None:
        if self._stopped.acquire(blocking=False):
            server_connection_stopped.send(self._server, connection=self)


class _IncomingThread(threading.Thread):
    """The thread of an incoming connection, which Java ends."""
