"""Our connections between Python and a JVM: the protocol of py4j, but what ends a wait comes out as what it is.

py4j hides the exceptions of signal handlers, repeats calls that Java may have executed, waits for JVMs that cannot
answer, and lets a callback end the thread that Java waits for.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import re
import select
import socket
import threading
import traceback
import uuid
import weakref
from collections.abc import Callable
from typing import Any, Final

from py4j import protocol
from py4j.java_gateway import GatewayClient, do_client_auth, server_connection_stopped, set_linger
from py4j.protocol import (
    Py4JAuthenticationError,
    Py4JError,
    Py4JJavaError,
    Py4JNetworkError,
    get_command_part,
    get_return_value,
    is_error,
    is_fatal_error,
)

from hz_embedded._releasing import Releaser
from hz_embedded.bridge.errors import ConversionError

_log = logging.getLogger("hz_embedded.bridge")
_FAREWELL_SECONDS: Final = 5.0
_TRANSPORT: Final = frozenset({"socket", "ssl", __name__})
_MARK: Final = f"\0{uuid.uuid4().hex}."
_MARKED: Final = re.compile(re.escape(_MARK) + r"(\d+)\.")
_numbers: Final = itertools.count(1)
_clients: Final[weakref.WeakValueDictionary[str, Client]] = weakref.WeakValueDictionary()


def marked(target_id: str, client: Any) -> str:
    """Return the id of a Java object as an argument, with the mark of its JVM, which :meth:`Client.own` removes.

    The ids of all JVMs look alike, so another JVM would take the id for an object of its own.
    """
    return target_id + client.mark if isinstance(client, Client) else target_id


def refuse_foreign(thing: Any, client: Any) -> None:
    """Refuse a Java object of another JVM.

    Raises:
        ConversionError: ``thing`` does not belong to the JVM of ``client``.
    """
    other = getattr(thing, "_gateway_client", client)
    if other is not client:
        raise _foreign(other, client)


def _foreign(other: Any, client: Any) -> ConversionError:
    owner = getattr(other, "label", "another gateway")
    return ConversionError(
        f"a Java object of {owner} cannot be used in {client.label}: copy it with to_python() of the one and "
        "to_java() of the other"
    )


def _of_transport(error: BaseException) -> bool:
    """Return whether an ``OSError`` is from the socket, and not from a signal handler that ran meanwhile."""
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") not in _TRANSPORT:
            return False
        step = step.tb_next
    return True


class Calls:
    """What Java asks of Python: calls of Python objects, and the end of its references to them."""

    def __init__(self, client: Client, pool: Any, parameters: Any) -> None:
        self._client = client
        self._pool = pool
        self._parameters = parameters

    def forget(self, identity: str) -> None:
        """Drop a Python object that Java no longer refers to."""
        if identity != protocol.ENTRY_POINT_OBJECT_ID:
            with contextlib.suppress(KeyError):
                del self._pool[identity]

    def call(self, identity: str, read_line: Callable[[], str]) -> tuple[str, BaseException | None]:
        """Call the Python object ``identity``.

        Args:
            identity: The number of the object for Java.
            read_line: Reads the next line of the request.

        Returns:
            The answer for Java, and what the method raised.
        """
        method = read_line()
        # All is read before the conversion, which may call Java over the same connection.
        lines = list(iter(read_line, protocol.END))
        try:
            arguments = [get_return_value("y" + line, self._client) for line in lines]
            if identity not in self._pool:
                raise ReferenceError(f"Java called {method}() on a Python object that has been released")
            result = getattr(self._pool[identity], method)(*arguments)
            return f"{protocol.RETURN_MESSAGE}{protocol.SUCCESS}{self._part(result)}", None
        except BaseException as error:
            # Whatever it is, Java waits for an answer.
            _log.debug("a Python object failed in %s(), which Java called", method, exc_info=True)
            return f"{protocol.RETURN_MESSAGE}{protocol.ERROR}{self._failure(error)}", error

    def _failure(self, error: BaseException) -> str:
        if self._parameters.propagate_java_exceptions and isinstance(error, Py4JJavaError):
            with contextlib.suppress(ConversionError):
                return self._part(error.java_exception)
        lines = "".join(traceback.format_exception(error))
        return self._part(lines.encode("utf-8", "backslashreplace").decode("utf-8"))

    def _part(self, value: object) -> str:
        part = self._client.own(str(get_command_part(value, self._pool)))
        _encoded(part)
        return part


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConversionError(
            f"a string with the lone surrogate {error.object[error.start]!r} cannot be passed to Java: it has no UTF-8"
        ) from error


class Connection:
    """A socket to the JVM's server. One thread at a time uses it; :meth:`cut` is for all threads."""

    _of_callers = True
    """Whether the thread has called Java itself, and so gets what ends threads, such as Ctrl-C in a callback."""

    def __init__(self, client: Client, calls: Calls | None = None) -> None:
        self.client = client
        self.socket: Any = None
        self.stream: Any = None
        self._calls = calls
        self._cut: str | None = None
        self._poll: Any = None
        self.waiting = False
        self.users = 0

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
            plain = socket.create_connection(
                (parameters.address, parameters.port), parameters.read_timeout or None
            )
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

    def request(self, data: bytes) -> str:
        """Send a request, and return Java's answer; in the pinned model, run what Java calls before it.

        Raises:
            Py4JNetworkError: The connection is lost; ``when`` is ``ERROR_ON_SEND`` if nothing has been sent.
        """
        self.users += 1
        try:
            self._check(protocol.ERROR_ON_SEND)
            self.socket.sendall(data)
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
            text = f"{client.label} gave no answer within {client.gateway_parameters.read_timeout:g} s (read_timeout)"
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
            answer, raised = self._calls.call(identity, self._next_line)
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
        self.socket.sendall(answer.encode())

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

    def __init__(self, client: Client, calls: Calls, server: Any, accepted: Any, stream: Any) -> None:
        super().__init__(client, calls)
        self._server = server
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

    def close(self, reset: bool = False) -> None:
        """End the connection from any thread; its thread closes the socket."""
        self.cut("the connection has been closed")
        self._report()

    def _report(self) -> None:
        if self._stopped.acquire(blocking=False):
            server_connection_stopped.send(self._server, connection=self)


class _IncomingThread(threading.Thread):
    """The thread of an incoming connection, which Java ends."""


class Client(GatewayClient):  # type: ignore[misc]  # py4j has no types
    """Sends requests to one JVM. :class:`ThreadedClient` and :class:`PinnedClient` choose the connections."""

    calls: Calls | None = None

    def __init__(self, parameters: Any) -> None:
        super().__init__(gateway_parameters=parameters)
        self.label = "the JVM"
        self.number = str(next(_numbers))
        self.mark = f"{_MARK}{self.number}."
        self.refusal: str | None = None
        self.ended = False
        self.releaser: Releaser | None = None
        self._lock = threading.RLock()
        self._open: weakref.WeakSet[Connection] = weakref.WeakSet()
        _clients[self.number] = self

    # The state

    def refuse(self, why: str, *, ended: bool) -> None:
        """Refuse requests from now on, and end those that wait for an answer.

        Args:
            why: The message of the errors.
            ended: Whether that is final. Otherwise :meth:`accept` allows requests again.
        """
        if self.ended:
            return
        self.ended, self.refusal, self.is_connected = ended, why, False
        for connection in self.connections():
            if connection.waiting:
                connection.cut(why)
        if self.releaser is not None and ended:
            self.releaser.wake()

    def accept(self) -> None:
        """Allow requests again after :meth:`refuse`, unless that was final."""
        if not self.ended:
            self.refusal, self.is_connected = None, True
            if self.releaser is not None:
                self.releaser.wake()

    def connections(self) -> list[Connection]:
        """Return all connections that have not been closed."""
        with self._lock:
            return [each for each in self._open if each.socket is not None or each.waiting]

    def end(self, why: str) -> None:
        """Refuse requests for ever and close all connections."""
        self.refuse(why, ended=True)
        for connection in self.connections():
            if connection.users or connection.waiting:
                connection.cut(why)
            else:
                connection.close()
        self.deque.clear()
        if self.releaser is not None:
            self.releaser.close()

    def abandon(self) -> None:
        """Drop everything in a forked child, where other threads do not exist and may have held the lock."""
        self.ended, self.is_connected = True, False
        self.refusal = f"{self.label} belongs to the parent process"
        for connection in list(self._open):
            connection.abandon()

    # Requests

    def connect(self) -> Connection:
        """Return a new connection.

        Raises:
            Py4JNetworkError: There is none, or requests are refused.
        """
        connection = Connection(self, self.calls)
        with self._lock:
            self._open.add(connection)
        try:
            connection.open()
        except BaseException:
            connection.close()
            raise
        return connection

    def own(self, text: str) -> str:
        """Return a request or an answer without the marks of Java objects.

        Raises:
            ConversionError: An object belongs to another JVM.
        """
        if _MARK in text:
            text = text.replace(self.mark, "")
            foreign = _MARKED.search(text)
            if foreign is not None:
                raise _foreign(_clients.get(foreign[1]), self)
        return text

    def send_command(self, command: str, retry: bool = True, binary: bool = False) -> Any:
        """Send a request and return the answer, for the objects of py4j.

        Args:
            command: The request.
            retry: Not used: a request whose answer is lost may have been executed.
            binary: Return the connection, too, which the caller gives back.

        Raises:
            ConversionError: Something in the request belongs to another JVM, or is a lone surrogate.
            Py4JNetworkError: The connection is lost or refused.
        """
        data = _encoded(self.own(command))
        connection, answer = self._exchange(data)
        if binary:
            return answer, self._create_connection_guard(connection)
        if is_fatal_error(answer):
            connection.close()
        else:
            self._give_back_connection(connection)
        return answer

    def _exchange(self, data: bytes) -> tuple[Connection, str]:
        while True:
            connection: Connection = self._get_connection()
            try:
                return connection, connection.request(data)
            except Py4JNetworkError as error:
                connection.close()
                if error.when != protocol.ERROR_ON_SEND or not self.is_connected:
                    raise
                # Another thread's close() was faster; nothing has been sent.
            except BaseException:
                # The answer may still come, so nobody else can use the connection.
                connection.close()
                raise

    def shutdown_gateway(self) -> None:
        """End the server in the JVM."""
        connection = self._get_connection()
        try:
            connection.farewell(protocol.SHUTDOWN_GATEWAY_COMMAND_NAME.encode())
        finally:
            connection.close()
        self.refuse(f"the gateway to {self.label} has been shut down", ended=True)

    def close(self) -> None:
        """Close the idle connections; the next request opens a new one."""
        kept = None if self.releaser is None else self.releaser.connection
        for connection in self.connections():
            idle = not connection.users and not connection.waiting and connection is not kept
            if idle and not isinstance(connection, IncomingConnection):
                connection.cut("the connection has been closed by close()")

    def adopt(self, connection: Connection) -> None:
        """Use a connection from Java for this thread's requests."""

    def garbage_collect_object(self, target_id: str, enqueue: bool = True) -> None:
        """Release a Java object that Python no longer references, in the releaser's thread."""
        if self.releaser is not None and not self.ended:
            self.releaser(target_id)


class ThreadedClient(Client):
    """Takes any idle connection; what Java calls meanwhile comes over others."""

    def _get_connection(self) -> Connection:
        while self.deque:
            with contextlib.suppress(IndexError):
                connection: Connection = self.deque.pop()
                if connection.usable:
                    return connection
                connection.close()
        return self.connect()

    def _give_back_connection(self, connection: Connection) -> None:
        self.deque.append(connection)


class PinnedClient(Client):
    """Has one connection for each thread; what Java calls meanwhile comes over the same."""

    def __init__(self, parameters: Any) -> None:
        super().__init__(parameters)
        self._of_thread = threading.local()

    def _get_connection(self) -> Connection:
        connection: Connection | None = getattr(self._of_thread, "connection", None)
        if connection is None or not connection.usable:
            if connection is not None and not connection.users:
                connection.close()
            connection = self._of_thread.connection = self.connect()
        return connection

    def _give_back_connection(self, connection: Connection) -> None:
        """Do nothing: the connection stays with its thread."""

    def adopt(self, connection: Connection) -> None:
        """Use a connection from Java for this thread's requests."""
        with self._lock:
            self._open.add(connection)
        self._of_thread.connection = connection


def _abandon_all() -> None:
    for client in list(_clients.values()):
        client.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
