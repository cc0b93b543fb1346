"""Release of Java objects at a defined time, instead of when Python's garbage collector runs."""

import contextlib
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from hz_embedded._py4j import BaseObject, Py4JError, detach, is_proxy
from hz_embedded.bridge.wiring import state_of

T = TypeVar("T")


class _Released:
    """Replaces a released Python object that Java may still call; py4j cannot handle calls of missing objects."""

    def __getattr__(self, name: str) -> Any:
        raise ReferenceError(f"Java called {name}() on a Python object that has been released by release()")


RELEASED: Final = _Released()


class Scope:
    """The Java objects that a thread receives in a ``with`` block; they are released at its end.

    Using them afterwards raises ``Py4JError``. Scopes can be nested: an object belongs to the innermost scope.
    """

    def __init__(self, gateway: Any) -> None:
        self._stack = state_of(gateway).scopes
        self._things: dict[str, BaseObject] = {}

    def __len__(self) -> int:
        return len(self._things)

    def __enter__(self) -> Self:
        self._stack.stack.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.stack.remove(self)
        things, self._things = self._things, {}
        for thing in things.values():
            with contextlib.suppress(Py4JError):  # the JVM has ended, so its objects are released
                detach(thing)

    def add(self, thing: BaseObject) -> None:
        """Add a Java object to the scope."""
        self._things[thing._target_id] = thing

    def keep(self, thing: T) -> T:
        """Remove a Java object from the scope, so that it is not released at the end of the block.

        Args:
            thing: An object that was received in this scope.

        Returns:
            The object.
        """
        if isinstance(thing, BaseObject):
            self._things.pop(thing._target_id, None)
        return thing


def release(gateway: Any, thing: object) -> None:
    """Release one Java object, or one Python object that was passed to Java."""
    if isinstance(thing, BaseObject):
        for scope in state_of(gateway).scopes.stack:
            scope.keep(thing)
        detach(thing)
    elif is_proxy(thing):
        pool = gateway.gateway_property.pool
        with pool.lock:
            for key, passed in pool.dict.items():
                if passed is thing:
                    pool.dict[key] = RELEASED
    else:
        raise TypeError(
            f"{type(thing).__name__} is neither a Java object nor one that implements Java interfaces; "
            "there is nothing to release"
        )


def held_callbacks(gateway: Any) -> int:
    """Count the Python objects that are kept alive for Java."""
    pool = gateway.gateway_property.pool
    with pool.lock:
        return sum(passed is not RELEASED for passed in pool.dict.values())
