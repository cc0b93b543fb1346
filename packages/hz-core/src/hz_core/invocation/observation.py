"""Who observes the operations of a client, and the classes of invocations that tell them.

A client without observers has the plain classes, so nothing is added to any operation.
"""

from collections.abc import Iterable
from typing import Any, Final, Protocol, TypeVar
from weakref import ref

from hz_core.connection import Connection
from hz_core.invocation.invocation import Invocation
from hz_core.io import Mutex
from hz_core.log import get_logger

_logger = get_logger("client")

InvocationT = TypeVar("InvocationT", bound=Invocation)


class InvocationObserver(Protocol):
    """Observes every operation of a client, for tracing and metrics. What it raises is logged.

    It may also define:

    - ``invocation_started(invocation)``, called in the thread or task that submits an operation, before it is sent;
    - ``invocation_stepped(invocation, step)``, called when an attempt is sent (``connection``), when it has failed
      (``last_error``), and when the reply is there, but not all backup acks (``reply``): then that attribute of the
      invocation was set;
    - ``keeps_context = True``: callbacks of futures, and later steps of flows, then run in the context
      (:mod:`contextvars`) of the code that has added or started them.
    """

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        """Handle the end of an operation; called on the thread that completes it, so it must not block.

        ``error`` is None for a result. ``invocation.op.method.name`` and ``invocation.started`` identify the operation
        and the time of its submission.
        """
        ...


STEPS: Final = frozenset({"connection", "last_error", "reply"})
"""The attributes of an invocation whose changes are its steps."""


def observed(kind: type[InvocationT], observer: InvocationObserver | None) -> type[InvocationT]:
    """Return a subclass of ``kind`` that tells ``observer``; ``kind`` itself without observer."""
    if observer is None:
        return kind
    completed = observer.invocation_completed
    started = getattr(observer, "invocation_started", None)
    stepped = getattr(observer, "invocation_stepped", None)

    class Completing(kind):  # type: ignore[valid-type, misc]  # the base class is known at run time only
        @property
        def connection(self) -> Connection | None:
            found: Connection | None = self.__dict__.get("_connection")
            return found

        @connection.setter
        def connection(self, connection: Connection | None) -> None:
            self.__dict__["_connection"] = connection
            if connection is not None:
                self.last_connection = connection

        def complete(self, result: Any, error: BaseException | None) -> None:
            first = not self.finished
            super().complete(result, error)
            if first:
                _tell(completed, self, error)

    made: Any = Completing
    if started is not None:

        class Starting(made):  # type: ignore[misc]  # see above
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments)
                _tell(started, self)

        made = Starting
    if stepped is not None:

        class Stepping(made):  # type: ignore[misc]  # see above
            def __setattr__(self, name: str, value: Any) -> None:
                super().__setattr__(name, value)
                if name in STEPS and value is not None:
                    _tell(stepped, self, name)

        made = Stepping
    made.__name__ = made.__qualname__ = kind.__name__
    found: type[InvocationT] = made
    return found


def _tell(function: Any, *arguments: Any) -> None:
    # The thread may be reading replies of others, who are not to be disturbed.
    try:
        function(*arguments)
    except Exception:
        _logger.exception("an observer of operations failed")


def _any_keeps_context(observers: Iterable[InvocationObserver]) -> bool:
    return any(getattr(observer, "keeps_context", False) for observer in observers)


_FIRST_LOOK: Final = 64
"""With so many followers, those that are gone are looked for the first time."""


class Follower(Protocol):
    """What creates invocations, futures or flows of a client."""

    def observed_by(self, observation: "Observation") -> None:
        """Choose the classes for the observers that there are now."""
        ...


class Observation:
    """The observers of one client, and those that create invocations.

    Args:
        mutex: A lock that suits the driver.
        observers: The first observers.

    Attributes:
        keeps_context: Whether an observer wants callbacks and flows to run in the context of their caller.
    """

    def __init__(self, mutex: Mutex, observers: Iterable[InvocationObserver] = ()) -> None:
        self._mutex = mutex
        self._observers = tuple(observers)
        self._kinds: dict[type[Invocation], type[Invocation]] = {}
        self._followers: list[ref[Follower]] = []
        self._look_at = _FIRST_LOOK
        self.keeps_context: bool = _any_keeps_context(self._observers)

    @property
    def observers(self) -> tuple[InvocationObserver, ...]:
        """The observers."""
        return self._observers

    def kind(self, kind: type[InvocationT]) -> type[InvocationT]:
        """Return the subclass of ``kind`` that tells all observers; ``kind`` itself if there are none."""
        if not self._observers:
            return kind
        found: Any = self._kinds.get(kind)
        if found is None:
            found = kind
            for observer in self._observers:
                found = observed(found, observer)
            self._kinds[kind] = found
        made: type[InvocationT] = found
        return made

    def follow(self, follower: Follower) -> None:
        """Let ``follower`` choose its classes now, and whenever the observers change."""
        with self._mutex:
            self._followers.append(ref(follower))
            # Not WeakSet, which is slow: objects with a time limit of their own are made for single operations.
            if len(self._followers) >= self._look_at:
                self._followers = [known for known in self._followers if known() is not None]
                self._look_at = max(_FIRST_LOOK, 2 * len(self._followers))
        follower.observed_by(self)

    def add(self, observer: InvocationObserver) -> None:
        """Add an observer, for operations that begin from now on."""
        self._change((*self._observers, observer))

    def remove(self, observer: InvocationObserver) -> None:
        """Remove an observer; no effect if it is unknown. It is still told of operations that have begun."""
        self._change(tuple(known for known in self._observers if known is not observer))

    def _change(self, observers: tuple[InvocationObserver, ...]) -> None:
        with self._mutex:
            self._observers = observers
            self._kinds = {}
            self.keeps_context = _any_keeps_context(observers)
            followers = list(self._followers)
        for known in followers:
            follower = known()
            if follower is not None:
                follower.observed_by(self)
