"""Events of the Java side of a gateway, reported to a Python listener in a dedicated thread."""

import logging
import queue
import threading
from typing import Any, ClassVar

_log = logging.getLogger("hz_embedded.bridge")


class JavaServerListener:
    """Listener for events of the Java side of a gateway; override methods and pass it to ``add_server_listener``.

    The methods are called one after the other in a dedicated thread, and may call Java.
    """

    def connectionError(self, error: Any) -> None:
        """Handle an error while a connection from Python was accepted.

        Args:
            error: The Java exception.
        """

    def connectionStarted(self, connection: Any) -> None:
        """Handle a new connection.

        Args:
            connection: The Java object for it.
        """

    def connectionStopped(self, connection: Any) -> None:
        """Handle the end of a connection.

        Args:
            connection: The Java object for it.
        """

    def serverError(self, error: Any) -> None:
        """Handle an error of the server.

        Args:
            error: The Java exception.
        """

    def serverPostShutdown(self) -> None:
        """Handle the end of the server's shutdown."""

    def serverPreShutdown(self) -> None:
        """Handle the beginning of the server's shutdown."""

    def serverStarted(self) -> None:
        """Handle the start of the server, which accepts connections from now on."""

    def serverStopped(self) -> None:
        """Handle the end of the server, which no longer accepts connections."""


class ListenerProxy:
    """The object that Java calls instead of a listener.

    The Java thread that accepts connections waits for each call. Even the release of an argument may need a new
    connection, which that thread would have to accept. So these calls only put the event into a queue.
    """

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar[list[str]] = ["py4j.GatewayServerListener"]

    def __init__(self, listener: JavaServerListener) -> None:
        self.listener = listener
        self._events: queue.SimpleQueue[tuple[str, tuple[Any, ...]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="hz-embedded-java-events", daemon=True)
        self._thread.start()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(JavaServerListener, name):
            raise AttributeError(f"listeners of Java's server events have no attribute {name!r}")
        return lambda *arguments: self._events.put((name, arguments))

    def toString(self) -> str:
        """Return a unique text, by which Java distinguishes listeners."""
        return f"Python's {type(self.listener).__qualname__} at {id(self):#x}"

    def equals(self, other: Any) -> bool:
        """Return whether ``other`` is the Java object for this object."""
        return other is not None and str(other.toString()) == self.toString()

    def hashCode(self) -> int:
        """Return a hash code that is consistent with :meth:`equals`."""
        return id(self) & 0x7FFFFFFF

    def close(self) -> None:
        """Stop the thread after the queued events."""
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
            event = arguments = None  # type: ignore[assignment]  # releases the objects before it waits
