"""Release of Java objects at a defined time, instead of when Python's garbage collector runs."""

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from hz_embedded._py4j import BaseObject, Py4JError, Py4JJavaError, detach, is_proxy
from hz_embedded.bridge.clients import refuse_foreign
from hz_embedded.bridge.throwables import JavaError
from hz_embedded.bridge.wiring import state_of

T = TypeVar("T")


class _Released:
    """Replaces a released Python object that Java may still call; py4j cannot handle calls of missing objects."""

    def __getattr__(self, name: str) -> Any:
        raise ReferenceError(f"Java called {name}() on a Python object that has been released by release()")


RELEASED: Final = _Released()


class Scope:
    """The Java objects that a thread receives in a ``with`` block; they are released at its end.

    Using them afterwards raises ``Py4JError``. Scopes can be nested: an object belongs to the innermost scope. The Java
    exceptions of an error that leaves the block are not released, so that the error can be read.
    """

    def __init__(self, gateway: Any) -> None:
        self._client = gateway._gateway_client
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
        for thrown in _java_exceptions(error):
            self.keep(thrown)
        things, self._things = list(self._things.values()), {}
        try:
            while things:
                with contextlib.suppress(
                    Py4JError
                ):  # the JVM has ended, or is suspended and releases it later
                    detach(things[-1])
                things.pop()
        finally:
            # An exception of a signal handler ends the loop, but not Java's memory of these.
            for thing in things:
                self._client.garbage_collect_object(thing._target_id)

    def add(self, thing: BaseObject) -> None:
        """Add a Java object to the scope."""
        self._things[thing._target_id] = thing

    def keep(self, thing: T) -> T:
        """Remove a Java object from the scope, so that it is not released at the end of the block.

        Args:
            thing: An object that was received in this scope.

        Returns:
            The object.

        Raises:
            ConversionError: It belongs to another JVM.
        """
        if isinstance(thing, BaseObject):
            refuse_foreign(thing, self._client)
            self._things.pop(thing._target_id, None)
        return thing


def _java_exceptions(error: BaseException | None) -> Iterator[Any]:
    """Yield the Java exceptions that an error refers to."""
    found, seen = [error], set()
    while found:
        each = found.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        found += [each.__cause__, each.__context__]
        if isinstance(each, BaseExceptionGroup):
            found += each.exceptions
        if isinstance(each, Py4JJavaError):
            yield each.java_exception
        if isinstance(each, JavaError):
            throwables = [each.throwable]
            while throwables:
                link = throwables.pop()
                yield link.throwable
                throwables += [*link.suppressed, *([link.cause] if link.cause else [])]


def release(gateway: Any, thing: object) -> None:
    """Release one Java object, or one Python object that was passed to Java.

    Raises:
        ConversionError: The Java object belongs to another JVM.
    """
    if isinstance(thing, BaseObject):
        refuse_foreign(thing, gateway._gateway_client)
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
