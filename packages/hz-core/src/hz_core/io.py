"""The interface of a driver for the sans-IO core. Only drivers use sockets, threads, clocks and random numbers."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from hz_core.connection import Connection
from hz_core.discovery import Discovery
from hz_core.model import Address
from hz_core.promise import Promise


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Cancel the call; no effect if it was made already."""
        ...


class Mutex(Protocol):
    """A lock, or a no-op where only one thread is used."""

    def __enter__(self) -> Any:
        """Acquire the lock."""
        ...

    def __exit__(self, kind: Any, error: Any, traceback: Any, /) -> None:
        """Release the lock."""
        ...


class Randomness(Protocol):
    """The source of random numbers; ``random.Random`` is one."""

    def random(self) -> float:
        """Return a float in [0, 1)."""
        ...

    def shuffle(self, x: Any) -> None:
        """Shuffle a list in place."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """Return ``k`` random bits."""
        ...


class Machine(Protocol):
    """The process and its computer, for statistics. Both methods are called on the I/O side."""

    def wall_time(self) -> float:
        """Return the time in seconds since the epoch."""
        ...

    def gauges(self) -> Mapping[str, int | float]:
        """Return the values of the runtime and the operating system, by their names in client statistics."""
        ...


class IO(Protocol):
    """The driver, as the engine uses it.

    All but ``call_soon``, ``run_callback`` and ``now`` are called on the I/O side only.
    """

    random: Randomness

    @property
    def reads_for_others(self) -> bool:
        """Whether a caller's thread may read replies for others, so that an interrupt for that caller hits theirs."""
        ...

    def now(self) -> float:
        """Return a monotonic time in seconds."""
        ...

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run ``callback`` on the I/O side soon; callable from any thread."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Run ``callback`` on the I/O side after ``delay`` seconds."""
        ...

    def run_callback(self, callback: Callable[[], None]) -> object:
        """Run a user's callback, in order, where it cannot block the I/O side; callable from any thread.

        Returns:
            False if the callback is rejected, because too many wait or the driver has stopped.
        """
        ...

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Open a socket for ``connection``; call its ``on_socket_opened`` or ``on_socket_closed``."""
        ...

    def run_blocking(self, function: Callable[[], Any], promise: Promise) -> None:
        """Call a function that may wait, such as one of the user, where nothing waits for it.

        ``promise`` is completed on the I/O side, with what the function returns or raises.
        """
        ...

    def cloud_discovery(self, token: str, timeout: float) -> Discovery:
        """Return what asks Hazelcast Cloud for the addresses of the cluster with this token.

        Args:
            token: The discovery token of the cluster.
            timeout: Seconds for a request; 0 for the default.
        """
        ...

    def mutex(self) -> Mutex:
        """Return a new lock that suits the driver's threads."""
        ...
