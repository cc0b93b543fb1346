"""Events of the Java side of a gateway, brought to a Python listener in a thread of their own."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Any, ClassVar

_log = logging.getLogger("hz_embedded.bridge")


class JavaServerListener:
    """Events of the Java side of a gateway; override what is of interest, and give it to ``add_server_listener``.

    The methods are called one after the other, in a thread for this listener alone, and may call Java.
    """

    def connectionError(self, error: Any) -> None:
        """Accepting a connection from Python failed.

        Args:
            error: the Java exception.
        """

    def connectionStarted(self, connection: Any) -> None:
        """Python, or a stranger, has connected.

        Args:
            connection: the Java object for it.
        """

    def connectionStopped(self, connection: Any) -> None:
        """A connection from Python has ended.

        Args:
            connection: the Java object for it.
        """

    def serverError(self, error: Any) -> None:
        """The server failed.

        Args:
            error: the Java exception.
        """

    def serverPostShutdown(self) -> None:
        """The server has been shut down."""

    def serverPreShutdown(self) -> None:
        """The server is about to be shut down."""

    def serverStarted(self) -> None:
        """The server accepts connections."""

    def serverStopped(self) -> None:
        """The server accepts no more connections."""


class ListenerProxy:
    """What Java calls in a listener's place.

    Java's accepting thread waits for each call. Even to let go of an argument Python may need a new connection, which
    that thread would have to accept: so nothing is done here but to pass the event on.
    """

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = ["py4j.GatewayServerListener"]

    def __init__(self, listener: JavaServerListener) -> None:
        self.listener = listener
        self._events: queue.SimpleQueue[tuple[str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="hz-embedded-java-events", daemon=True)
        self._thread.start()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(JavaServerListener, name):
            raise AttributeError(name)
        return lambda *arguments: self._events.put((name, arguments))

    def toString(self) -> str:
        """Name the listener; Java has nothing else to tell it from others by."""
        return f"Python's {type(self.listener).__qualname__} at {id(self):#x}"

    def equals(self, other: Any) -> bool:
        """Whether ``other`` is Java's view of this very object."""
        return other is not None and str(other.toString()) == self.toString()

    def hashCode(self) -> int:
        """Return a number that goes with :meth:`equals`."""
        return id(self) & 0x7FFFFFFF

    def close(self) -> None:
        """End the thread, after the events that came before."""
        self._events.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _deliver(self) -> None:
        while (event := self._events.get()) is not None:
            name, arguments = event
            try:
                getattr(self.listener, name)(*arguments)
            except Exception:
                _log.exception("a listener of the Java side failed in %s", name)
            event = arguments = None  # type: ignore[assignment]  # lets go of the objects before it waits
