"""What the sans-IO core asks of a driver. Drivers own sockets, threads, clocks and randomness; nothing else does."""

from collections.abc import Callable
from typing import Any, Protocol

from hz_core.connection import Connection
from hz_core.model import Address


class Timer(Protocol):
    """A call that was asked for later."""

    def cancel(self) -> None:
        """Drop the call; no effect when it was made already."""
        ...


class Mutex(Protocol):
    """A lock, or nothing where one thread does all."""

    def __enter__(self) -> Any:
        """Take the lock."""
        ...

    def __exit__(self, kind: Any, error: Any, traceback: Any, /) -> None:
        """Give the lock back."""
        ...


class Randomness(Protocol):
    """The few random choices that the core makes (`random.Random` fits)."""

    def random(self) -> float:
        """Return a float in [0, 1)."""
        ...

    def shuffle(self, x: Any) -> None:
        """Shuffle a list in place."""
        ...

    def getrandbits(self, k: int, /) -> int:
        """Return `k` random bits."""
        ...


class IO(Protocol):
    """The effects that the engine has on the world.

    All but `call_soon`, `run_callback` and `now` are called on the I/O side only.
    """

    random: Randomness

    def now(self) -> float:
        """Return a monotonic time in seconds."""
        ...

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Run `callback` on the I/O side soon; callable from any thread."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` on the I/O side after `delay` seconds."""
        ...

    def run_callback(self, callback: Callable[[], None]) -> object:
        """Run a user's callback, in order, where it can't hold up the I/O side; callable from any thread.

        Returns False if it can't be taken, because too many wait or the driver has stopped.
        """
        ...

    def connect(self, connection: Connection, address: Address, timeout: float) -> None:
        """Open a socket for `connection`; tell `connection.on_socket_opened` or `connection.on_socket_closed` how it went."""
        ...

    def mutex(self) -> Mutex:
        """Make a lock that fits the driver's threads."""
        ...
