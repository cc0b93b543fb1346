"""What the other modules use of py4j, which has no type hints; connections and gateways derive from its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, MutableSequence, MutableSet, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from py4j import java_collections, java_gateway, protocol
from py4j.finalizer import ThreadSafeFinalizer
from py4j.java_gateway import JavaClass, JavaMember, java_import
from py4j.protocol import (
    Py4JAuthenticationError,
    Py4JError,
    Py4JJavaError,
    Py4JNetworkError,
)

from hz_embedded._releasing import LASTING, release_request

__all__ = [
    "LOOPBACK",
    "SIGNALS",
    "BaseArray",
    "BaseIterator",
    "BaseList",
    "BaseMap",
    "BaseObject",
    "BaseSet",
    "JavaClass",
    "JavaMember",
    "Py4JAuthenticationError",
    "Py4JError",
    "Py4JJavaError",
    "Py4JNetworkError",
    "detach",
    "has_registered_converters",
    "is_instance",
    "is_proxy",
    "jar_path",
    "java_import",
    "java_message",
    "protocol",
    "registered_converter",
    "static_method",
]

LOOPBACK = "127.0.0.1"

SIGNALS: dict[str, Any] = {
    "started": java_gateway.server_started,
    "stopped": java_gateway.server_stopped,
    "connection_started": java_gateway.server_connection_started,
    "connection_stopped": java_gateway.server_connection_stopped,
    "connection_error": java_gateway.server_connection_error,
    "pre_shutdown": java_gateway.pre_server_shutdown,
    "post_shutdown": java_gateway.post_server_shutdown,
}

if TYPE_CHECKING:
    _T = TypeVar("_T")
    _K = TypeVar("_K")
    _V = TypeVar("_V")

    class BaseObject:
        _target_id: str
        _gateway_client: Any

        def __init__(self, target_id: str, gateway_client: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    class BaseMap(BaseObject, MutableMapping[_K, _V]): ...

    class BaseSet(BaseObject, MutableSet[_T]): ...

    class BaseList(BaseObject, MutableSequence[_T]): ...

    class BaseArray(BaseObject, Sequence[_T]):
        def __setitem__(self, index: int, value: _T) -> None: ...

    class BaseIterator(BaseObject, Iterator[_T]): ...

else:
    BaseObject = java_gateway.JavaObject

    BaseMap = java_collections.JavaMap
    BaseSet = java_collections.JavaSet
    BaseList = java_collections.JavaList
    BaseArray = java_collections.JavaArray

    class BaseIterator(java_collections.JavaIterator):
        def __class_getitem__(cls, _: object) -> type:
            return cls


def jar_path() -> str:
    """Return the path of py4j's own jar, empty if its installation lacks it."""
    return str(java_gateway.find_jar_path())


def detach(thing: BaseObject) -> None:
    """Release a Java object immediately, or as soon as its JVM can be called again."""
    if thing._target_id in LASTING:
        return
    client = thing._gateway_client
    ThreadSafeFinalizer.remove_finalizer(f"{client.address}{client.port}{thing._target_id}")
    try:
        client.send_command(release_request(thing._target_id))
    except Py4JNetworkError:
        client.garbage_collect_object(thing._target_id)
        raise


def static_method(class_name: str, method: str, client: Any) -> Callable[..., Any]:
    """Return a static Java method, without the requests to the JVM by which py4j looks it up."""
    member: Callable[..., Any] = JavaMember(method, None, protocol.STATIC_PREFIX + class_name, client)
    return member


def is_instance(thing: BaseObject, class_name: str) -> bool:
    """Return whether a Java object is an instance of the named class or interface; it takes one call to the JVM."""
    check = static_method("py4j.reflection.TypeUtil", "isInstanceOf", thing._gateway_client)
    return bool(check(class_name, thing))


def is_proxy(thing: object) -> bool:
    """Return whether py4j passes ``thing`` to Java as an implementation of Java interfaces."""
    return bool(protocol.is_python_proxy(thing))


def java_message(error: BaseException) -> str:
    """Return one line per Java exception in the chain of causes, without stacks."""
    if not isinstance(error, Py4JJavaError):
        return f"{type(error).__name__}: {error}"
    lines: list[str] = []
    throwable = error.java_exception
    while throwable is not None and len(lines) < 10:
        lines.append(str(throwable.toString()))
        throwable = throwable.getCause()
    return "\n  caused by ".join(lines)


# What py4j registers itself: this package has conversions of its own for collections.
_COLLECTION_CONVERTERS = (
    java_collections.SetConverter,
    java_collections.MapConverter,
    java_collections.ListConverter,
)


def has_registered_converters() -> bool:
    """Return whether the user has registered any converter by py4j's ``register_input_converter``."""
    return any(type(each) not in _COLLECTION_CONVERTERS for each in protocol.INPUT_CONVERTER)


def registered_converter(value: object) -> Any:
    """Return the user's converter that py4j would choose for ``value``; None if it would choose none, or its own."""
    if not has_registered_converters():
        return None
    chosen = next((each for each in protocol.INPUT_CONVERTER if each.can_convert(value)), None)
    return None if type(chosen) in _COLLECTION_CONVERTERS else chosen
