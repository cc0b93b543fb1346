"""The clients of JVMs: which connection a request takes, when requests are refused, and whose objects they name."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import threading
import uuid
import weakref
from typing import Any, Final

from py4j import protocol
from py4j.finalizer import ThreadSafeFinalizer
from py4j.java_gateway import GatewayClient
from py4j.protocol import Py4JNetworkError, is_fatal_error

from hz_embedded._releasing import Releaser
from hz_embedded.bridge.calls import Calls, encoded
from hz_embedded.bridge.connections import Connection, IncomingConnection
from hz_embedded.bridge.errors import ConversionError

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


class Client(GatewayClient):  # type: ignore[misc]  # py4j has no types
    """Sends requests to one JVM. :class:`ThreadedClient` and :class:`PinnedClient` choose the connections."""

    calls: Calls | None = None
    is_connected: bool

    def __init__(self, parameters: Any) -> None:
        super().__init__(gateway_parameters=parameters)
        self.label = "the JVM"
        self.number: str = str(next(_numbers))
        self.mark: str = f"{_MARK}{self.number}."
        self.refusal: str | None = None
        self.ended: bool = False
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
        self._lock = threading.RLock()
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
        data = encoded(self.own(command))
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
        if connection is not None and connection.busy:
            # A signal handler, or a finalizer, within a request of this thread: the next answer is not for it.
            return self.connect()
        if connection is None or not connection.usable:
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
    ThreadSafeFinalizer.lock = threading.RLock()  # taken whenever a Java object is forgotten
    for client in list(_clients.values()):
        client.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)
