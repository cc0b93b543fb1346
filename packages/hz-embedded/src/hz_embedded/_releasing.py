"""Releases Java objects that Python no longer references, in a dedicated thread and over a dedicated connection.

py4j alone does this wherever Python's garbage collector happens to run, including the thread that accepts calls from
Java. Java may wait for that thread, and the program then hangs.
"""

import queue
import threading
from typing import Any, Final

from py4j import protocol
from py4j.protocol import Py4JError

_FLUSH_SECONDS: Final = 10.0
_ATTEMPTS: Final = 2
LASTING: Final = (protocol.ENTRY_POINT_OBJECT_ID, protocol.GATEWAY_SERVER_OBJECT_ID)
"""The objects that every server has; they are not released."""


def release_request(target_id: str) -> str:
    """Return the request to release a Java object."""
    return (
        f"{protocol.MEMORY_COMMAND_NAME}{protocol.MEMORY_DEL_SUBCOMMAND_NAME}{target_id}\n"
        f"{protocol.END_COMMAND_PART}"
    )


class Releaser:
    """Releases the Java objects of one client."""

    def __init__(self, client: Any) -> None:
        self._client = client
        # A SimpleQueue, because put() may be interrupted by itself: the garbage collector runs at any place.
        self._queue: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._awake = threading.Event()
        self.connection: Any = client.connect()
        self._thread = threading.Thread(target=self._run, name="hz-embedded-release", daemon=True)
        self._thread.start()

    def __call__(self, target_id: str) -> None:
        """Schedule the release of an object that Python no longer references."""
        if target_id not in LASTING:
            self._queue.put(target_id)

    def flush(self) -> None:
        """Wait until Java has released everything that was scheduled before."""
        reached = threading.Event()
        self._queue.put(reached)
        if self._thread.is_alive():
            reached.wait(_FLUSH_SECONDS)

    def wake(self) -> None:
        """Continue, because the client accepts requests again, or never will."""
        self._awake.set()

    def close(self) -> None:
        """Stop the thread, after the client has refused requests for ever."""
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
            else:
                self._release(item)
        self._drop()

    def _release(self, target_id: str) -> None:
        attempts = _ATTEMPTS
        while attempts and not self._client.ended:
            self._awake.clear()
            if not self._client.is_connected and not self._client.ended:
                # The JVM is suspended; it must not keep the object when it continues.
                self._awake.wait()
                continue
            attempts -= 1
            try:
                if self.connection is None or not self.connection.usable:
                    self._drop()
                    self.connection = self._client.connect()
                self.connection.request(release_request(target_id).encode())
            except Py4JError:
                # The connection was lost. If a new one cannot be made, the server has ended.
                self._drop()
                attempts += not self._client.is_connected
            else:
                return

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None
