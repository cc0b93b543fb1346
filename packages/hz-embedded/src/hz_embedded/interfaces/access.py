"""From Java's side of an object or exception back to Python's."""

from __future__ import annotations

from typing import Any

from hz_embedded._py4j import BaseObject, Py4JJavaError
from hz_embedded.bridge.errors import JavaError
from hz_embedded.interfaces.pool import bridge_of

_LONGEST_CHAIN = 50


def python_object(java: Any) -> Any:
    """The Python object for which a Java proxy stands, such as one that a member's configuration gives back.

    Args:
        java: a Java object, through py4j; anything that is no proxy of a Python object comes back as it is.
    """
    bridge = bridge_of(java._gateway_client) if isinstance(java, BaseObject) else None
    return java if bridge is None else bridge.behind(java)


def python_exception(error: BaseException) -> BaseException | None:
    """The exception of a Python method that made a call to Java fail; None when no such method had a part in it.

    The last few exceptions of each JVM are kept for this.

    Args:
        error: what the call raised: py4j's ``Py4JJavaError``, or :class:`hz_embedded.bridge.JavaError`.
    """
    if isinstance(error, JavaError):
        error = error.__cause__ or error
    if not isinstance(error, Py4JJavaError):
        return None
    throwable: Any = error.java_exception
    bridge = bridge_of(throwable._gateway_client)
    seen = 0
    while bridge is not None and throwable is not None and seen < _LONGEST_CHAIN:
        for one in (throwable, *throwable.getSuppressed()):
            found = bridge.raised(str(one.getMessage() or ""))
            if found is not None:
                return found
        throwable = throwable.getCause()
        seen += 1
    return None
