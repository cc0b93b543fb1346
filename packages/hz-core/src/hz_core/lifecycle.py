"""Lifecycle listeners, which receive the state changes of a client."""

from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from hz_core.io import IO
from hz_core.log import get_logger
from hz_core.uncopied import Uncopied

_logger = get_logger("lifecycle")

LifecycleListener = Callable[[str], object]


class LifecycleState:
    """The states that lifecycle listeners are called with."""

    STARTING: Final = "STARTING"
    """The client is starting."""

    STARTED: Final = "STARTED"
    """The client has started."""

    CONNECTED: Final = "CONNECTED"
    """The client is connected to a cluster."""

    SHUTTING_DOWN: Final = "SHUTTING_DOWN"
    """The client is shutting down."""

    DISCONNECTED: Final = "DISCONNECTED"
    """The client has lost its last connection to the cluster."""

    CHANGED_CLUSTER: Final = "CHANGED_CLUSTER"
    """The client continues on another one of its clusters (``failover_configs``); CONNECTED follows."""

    SHUTDOWN: Final = "SHUTDOWN"
    """The client is shut down."""


class LifecycleService(Uncopied):
    """The state of the client, with listeners for its changes; ``client.lifecycle_service``.

    Listeners are called in order, outside of the I/O thread, and may use the client.

    Attributes:
        state: The last :class:`LifecycleState` that listeners were called with, empty before the first.
    """

    def __init__(self, io: IO, client_name: str, new_uuid: Callable[[], UUID]) -> None:
        self._io = io
        self._client_name = client_name
        self._new_uuid = new_uuid
        self._listeners: dict[str, LifecycleListener] = {}
        self._running = False
        self.state: str = ""

    def is_running(self) -> bool:
        """Return True from the start of the client until its shutdown begins."""
        return self._running

    def add_listener(self, on_state_change: LifecycleListener) -> str:
        """Call ``on_state_change`` with each new :class:`LifecycleState`.

        Returns:
            The registration id, to remove the listener.
        """
        registration_id = str(self._new_uuid())
        self._listeners[registration_id] = on_state_change
        return registration_id

    def remove_listener(self, registration_id: str) -> bool:
        """Remove a listener; return whether it was registered."""
        return self._listeners.pop(registration_id, None) is not None

    def add_all(self, listeners: Iterable[LifecycleListener]) -> None:
        """Add the listeners of the configuration."""
        for listener in listeners:
            self.add_listener(listener)

    def end_silently(self) -> None:
        """Note that the client does not run any more, without telling the listeners."""
        self._running = False
        self.state = LifecycleState.SHUTDOWN

    def fire(self, state: str) -> None:
        """Store ``state`` and call the listeners with it."""
        self.state = state
        if state == LifecycleState.STARTED:
            self._running = True
        elif state == LifecycleState.SHUTTING_DOWN:
            self._running = False
        _logger.info("%s is %s", self._client_name, state)
        for registration_id, listener in list(self._listeners.copy().items()):
            self._io.run_callback(_Notification(registration_id, listener, state))


class _Notification:
    __slots__ = ("_listener", "_registration_id", "_state")

    def __init__(self, registration_id: str, listener: LifecycleListener, state: str) -> None:
        self._registration_id = registration_id
        self._listener = listener
        self._state = state

    def __call__(self) -> None:
        try:
            self._listener(self._state)
        except Exception:
            _logger.exception("lifecycle listener %s failed on %s", self._registration_id, self._state)
