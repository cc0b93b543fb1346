"""Letting Java forget objects at a known moment, instead of when Python's garbage collector comes by."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from hz_embedded._py4j import BaseObject, Py4JError, detach, is_proxy
from hz_embedded.bridge.wiring import state_of

T = TypeVar("T")


class _Released:
    """Stands where a Python object was that Java may still call; py4j cannot answer calls to nothing."""

    def __getattr__(self, name: str) -> Any:
        raise ReferenceError(f"Java called {name}() on a Python object that was let go by release()")


RELEASED: Final = _Released()


class Scope:
    """Java objects that arrive in a thread while its ``with`` block runs; at the end Java forgets them.

    A use of one afterwards raises ``Py4JError``. Scopes nest: an object belongs to the innermost one.
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
            with contextlib.suppress(Py4JError):  # the JVM is gone, and with it what it held
                detach(thing)

    def add(self, thing: BaseObject) -> None:
        """Make a Java object one of the scope's."""
        self._things[thing._target_id] = thing

    def keep(self, thing: T) -> T:
        """Take a Java object out of the scope, so that it outlives the block.

        Args:
            thing: an object that arrived in this scope.
        """
        if isinstance(thing, BaseObject):
            self._things.pop(thing._target_id, None)
        return thing


def release(gateway: Any, thing: object) -> None:
    """Let the other side forget one object: Java a Java object, py4j a Python object that was passed to Java."""
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
    """Count the Python objects that are kept for Java."""
    pool = gateway.gateway_property.pool
    with pool.lock:
        return sum(passed is not RELEASED for passed in pool.dict.values())
