"""Tells Java of the objects that Python has dropped, in a thread and over a connection for that alone.

py4j by itself tells it wherever Python's garbage collector happens to run: in the middle of anything, in the thread
that accepts Java's calls too, which Java may be waiting for; the program then stands still.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from typing import Any, Final

from py4j import java_gateway, protocol
from py4j.protocol import Py4JError

_FLUSH_SECONDS: Final = 10.0
_LASTING: Final = (protocol.ENTRY_POINT_OBJECT_ID, protocol.GATEWAY_SERVER_OBJECT_ID)


def open_connection(parameters: Any, gateway_property: Any) -> Any:
    """Connect as py4j does, but close the socket when that fails."""
    connection = java_gateway.GatewayConnection(parameters, gateway_property)
    try:
        connection.start()
    except BaseException:
        # The stream is there once connecting itself has succeeded, and keeps the socket open.
        java_gateway.quiet_close(getattr(connection, "stream", None))
        connection.socket.close()
        raise
    return connection


class Releaser:
    """Takes the place of a gateway client's ``garbage_collect_object``."""

    def __init__(self, gateway: Any) -> None:
        self._client = gateway._gateway_client
        # Its put() may interrupt itself: the collector runs anywhere.
        self._queue: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._connection: Any = open_connection(gateway.gateway_parameters, gateway.gateway_property)
        self._thread = threading.Thread(target=self._run, name="hz-embedded-release", daemon=True)
        self._thread.start()

    def __call__(self, target_id: str, enqueue: bool = True) -> None:
        """Note that Python no longer knows an object."""
        if target_id not in _LASTING and self._client.is_connected:
            self._queue.put(target_id)

    def flush(self) -> None:
        """Wait until Java knows of all that was dropped before."""
        reached = threading.Event()
        self._queue.put(reached)
        if self._thread.is_alive():
            reached.wait(_FLUSH_SECONDS)

    def close(self) -> None:
        """End the thread and the connection."""
        self._queue.put(None)
        if self._connection is not None:
            # Wakes the thread if it waits for a JVM that answers no more.
            java_gateway.quiet_shutdown(self._connection.socket)
        self._thread.join()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def abandon(self) -> None:
        """Let go of the connection in a forked child, where the thread doesn't exist."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                os.close(self._connection.socket.detach())

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            elif self._client.is_connected and self._connection is not None:
                try:
                    self._connection.send_command(
                        f"{protocol.MEMORY_COMMAND_NAME}{protocol.MEMORY_DEL_SUBCOMMAND_NAME}{item}\n"
                        f"{protocol.END_COMMAND_PART}"
                    )
                except Py4JError:
                    # The server or the JVM is gone, and with it all that it held.
                    self._connection.close()
                    self._connection = None
