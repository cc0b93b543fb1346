"""Releases Java objects that Python no longer references, in a dedicated thread and over a dedicated connection.

py4j alone does this wherever Python's garbage collector happens to run, including the thread that accepts calls from
Java. Java may wait for that thread, and the program then hangs.
"""

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
    """Connect as py4j does, but close the socket if that fails."""
    connection = java_gateway.GatewayConnection(parameters, gateway_property)
    try:
        connection.start()
    except BaseException:
        # The stream exists after a successful connect, and keeps the socket open.
        java_gateway.quiet_close(getattr(connection, "stream", None))
        connection.socket.close()
        raise
    return connection


class Releaser:
    """Replaces the ``garbage_collect_object`` of a gateway client."""

    def __init__(self, gateway: Any) -> None:
        self._client = gateway._gateway_client
        # A SimpleQueue, because put() may be interrupted by itself: the garbage collector runs at any place.
        self._queue: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._connection: Any = open_connection(gateway.gateway_parameters, gateway.gateway_property)
        self._thread = threading.Thread(target=self._run, name="hz-embedded-release", daemon=True)
        self._thread.start()

    def __call__(self, target_id: str, enqueue: bool = True) -> None:
        """Schedule the release of an object that Python no longer references."""
        if target_id not in _LASTING and self._client.is_connected:
            self._queue.put(target_id)

    def flush(self) -> None:
        """Wait until Java has released everything that was scheduled before."""
        reached = threading.Event()
        self._queue.put(reached)
        if self._thread.is_alive():
            reached.wait(_FLUSH_SECONDS)

    def close(self) -> None:
        """Stop the thread and close the connection."""
        self._queue.put(None)
        if self._connection is not None:
            # Wakes the thread if it waits for a JVM that no longer responds.
            java_gateway.quiet_shutdown(self._connection.socket)
        self._thread.join()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def abandon(self) -> None:
        """Drop the connection in a forked child, where the thread does not exist."""
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
                    # The server or the JVM has ended, so there is nothing left to release.
                    self._connection.close()
                    self._connection = None
