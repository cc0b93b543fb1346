"""Finding the Python object or exception behind a Java object or exception."""

from typing import Any

from hz_embedded._py4j import BaseObject, Py4JJavaError
from hz_embedded.bridge.throwables import JavaError
from hz_embedded.interfaces.pool import bridge_of

_LONGEST_CHAIN = 50


def python_object(java: Any) -> Any:
    """Return the Python object behind a Java proxy, such as one from a member's configuration.

    Args:
        java: A Java object, through py4j. Anything that is not a proxy of a Python object is returned unchanged.
    """
    bridge = bridge_of(java._gateway_client) if isinstance(java, BaseObject) else None
    return java if bridge is None else bridge.behind(java)


def python_exception(error: BaseException) -> BaseException | None:
    """Return the exception of the Python method that made a call to Java fail, None if there is none.

    The last exceptions of each JVM are kept for this.

    Args:
        error: What the call raised: py4j's ``Py4JJavaError``, or :class:`hz_embedded.bridge.JavaError`.
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
