"""The only module that uses py4j directly, apart from a few base classes; py4j has no type hints."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import ssl
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence, MutableSet, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from py4j import clientserver, java_collections, java_gateway, protocol
from py4j.finalizer import ThreadSafeFinalizer
from py4j.java_gateway import JavaClass, JavaMember, java_import
from py4j.protocol import (
    Py4JAuthenticationError,
    Py4JError,
    Py4JJavaError,
    Py4JNetworkError,
)

from hz_embedded._releasing import Releaser, open_connection

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
    "abandon",
    "attach",
    "connect",
    "detach",
    "disconnect",
    "has_registered_converters",
    "is_instance",
    "is_proxy",
    "jar_path",
    "java_import",
    "java_message",
    "listen",
    "new_view",
    "protocol",
    "registered_converter",
    "releaser",
    "silence",
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


class _LateHandshake:
    """An ``SSLContext`` for py4j's callback server that does the handshake in the connection's own thread.

    py4j does the handshake in the thread that accepts connections: a client without TLS would end the server, and a
    silent client would block it.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def wrap_socket(self, accepted: socket.socket, *, server_side: bool) -> socket.socket:
        try:
            return self._context.wrap_socket(accepted, server_side=server_side, do_handshake_on_connect=False)
        except OSError:
            # The peer has disconnected already: the next read finds the end of the stream.
            with contextlib.suppress(OSError):
                accepted.shutdown(socket.SHUT_RDWR)
            return accepted


def connect(port: int, token: str) -> Any:
    """Return a gateway to the JVM on the loopback port ``port``, for calls from Python only."""
    parameters = java_gateway.GatewayParameters(
        address=LOOPBACK, port=port, auth_token=token, eager_load=True
    )
    return java_gateway.JavaGateway(gateway_parameters=parameters)


def listen(
    token: str,
    *,
    pinned: bool,
    callback_port: int,
    address: str,
    client_tls: ssl.SSLContext | None,
    server_tls: ssl.SSLContext | None,
    entry_point: object | None,
    propagate_java_exceptions: bool,
) -> Any:
    """Return a gateway that accepts calls from Java, and that :func:`attach` connects to a JVM later.

    Both directions require ``token``.
    """
    java: dict[str, Any] = {"address": address, "port": 0, "auth_token": token, "ssl_context": client_tls}
    python: dict[str, Any] = {
        "address": LOOPBACK,
        "port": callback_port,
        "daemonize": True,
        "daemonize_connections": True,
        "eager_load": False,
        "auth_token": token,
        "ssl_context": None if server_tls is None else _LateHandshake(server_tls),
        "propagate_java_exceptions": propagate_java_exceptions,
    }
    if pinned:
        gateway = clientserver.ClientServer(
            clientserver.JavaParameters(**java), clientserver.PythonParameters(**python), entry_point
        )
    else:
        gateway = java_gateway.JavaGateway(
            gateway_parameters=java_gateway.GatewayParameters(**java),
            callback_server_parameters=java_gateway.CallbackServerParameters(**python),
            python_server_entry_point=entry_point,
        )
        gateway._gateway_client._create_connection = functools.partial(
            open_connection, gateway.gateway_parameters, gateway.gateway_property
        )
    server = gateway._create_callback_server(gateway.callback_server_parameters)
    try:
        server.start()
    except BaseException:
        server.server_socket.close()
        disconnect(gateway)
        raise
    gateway._callback_server = server
    return gateway


class Package(java_gateway.JavaPackage):  # type: ignore[misc]  # py4j has no types
    """A name that may be part of a package name; a call of it raises py4j's usual error."""

    def __getattr__(self, name: str) -> Any:
        return _callable(super().__getattr__(name))

    def __call__(self, *arguments: object) -> Any:
        raise Py4JError(
            f"Trying to call a package. There is no class {self._fqn}; "
            "give its full name, or import it into this view"
        )


class View(java_gateway.JVMView):  # type: ignore[misc]  # py4j has no types
    """A py4j view of a JVM's classes whose packages cannot be called."""

    def __getattr__(self, name: str) -> Any:
        return _callable(super().__getattr__(name))


def _callable(found: Any) -> Any:
    if type(found) is java_gateway.JavaPackage:
        found.__class__ = Package
    return found


def new_view(gateway: Any) -> Any:
    """Return a view with its own imports."""
    view = gateway.new_jvm_view()
    view.__class__ = View
    return view


def attach(gateway: Any, port: int) -> None:
    """Connect a gateway made by :func:`listen` to the JVM listening on ``port``."""
    gateway.gateway_parameters.port = port
    gateway._gateway_client.port = port
    gateway.jvm.__class__ = View
    gateway.jvm.System.currentTimeMillis()
    gateway._gateway_client.garbage_collect_object = Releaser(gateway)
    if isinstance(gateway, clientserver.ClientServer):
        _end_finalizer(gateway)  # the releaser replaces it


def releaser(client: Any) -> Releaser | None:
    """Return the releaser of a gateway client, None before :func:`attach`."""
    found = client.garbage_collect_object
    return found if isinstance(found, Releaser) else None


def _end_finalizer(gateway: Any) -> None:
    gateway._gateway_client.finalizer_deque.appendleft(clientserver.SHUTDOWN_FINALIZER_WORKER)


def silence(gateway: Any, *, silent: bool = True) -> None:
    """Stop the gateway from sending, or let it send again: for a JVM that is suspended, has ended or is about to end.

    py4j sends a message for each Java object that Python's garbage collector finds, at any place in any thread. With
    a suspended JVM, the program would hang there. Calls of a silent gateway raise ``Py4JNetworkError`` at once.
    """
    gateway._gateway_client.is_connected = not silent


def abandon(gateway: Any) -> None:
    """Drop the gateway in a forked child, and send nothing on the connections that the parent continues to use.

    py4j shuts a connection down when its object is collected, which would also end it for the parent. A socket
    without its descriptor cannot do that.
    """
    silence(gateway)
    for connection in list(gateway._gateway_client.deque):
        if connection.socket is not None:
            with contextlib.suppress(OSError):
                os.close(connection.socket.detach())
    if (own := releaser(gateway._gateway_client)) is not None:
        own.abandon()


def disconnect(gateway: Any) -> None:
    """Close the gateway's sockets and its callback server."""
    silence(gateway)
    gateway.close(keep_callback_server=True)
    gateway.shutdown_callback_server()
    if (own := releaser(gateway._gateway_client)) is not None:
        own.close()
    elif isinstance(gateway, clientserver.ClientServer):
        _end_finalizer(gateway)


def detach(thing: BaseObject) -> None:
    """Release a Java object immediately."""
    client = thing._gateway_client
    ThreadSafeFinalizer.remove_finalizer(f"{client.address}{client.port}{thing._target_id}")
    java_gateway.GatewayClient.garbage_collect_object(client, thing._target_id)


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
