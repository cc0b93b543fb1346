"""Our gateways: py4j's, with our connections, callback servers and views."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any

from py4j import clientserver, java_gateway, protocol
from py4j.finalizer import ThreadSafeFinalizer
from py4j.protocol import Py4JError, Py4JNetworkError

from hz_embedded._py4j import LOOPBACK, BaseObject
from hz_embedded._releasing import Releaser
from hz_embedded.bridge.calls import Calls
from hz_embedded.bridge.clients import PinnedClient, ThreadedClient
from hz_embedded.bridge.connections import IncomingConnection
from hz_embedded.bridge.java_collections import CLASSES
from hz_embedded.bridge.options import BridgeOptions


class Package(java_gateway.JavaPackage):  # type: ignore[misc]  # py4j has no types
    """A name that may be part of a package name; a call of it raises py4j's usual error."""

    def __getattr__(self, name: str) -> Any:
        return _callable(super().__getattr__(name))

    def __call__(self, *arguments: object) -> Any:
        """Refuse the call."""
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


class _CallbackConnection(java_gateway.CallbackConnection):  # type: ignore[misc]  # py4j has no types
    """A connection that Java opens for its calls, and the thread that runs them."""

    def _call_proxy(self, identity: str, stream: Any) -> str:
        def read_line() -> str:
            line: bytes = stream.readline()
            if not line.endswith(b"\n"):
                raise Py4JNetworkError("Java closed the connection within a request")
            return line[:-1].decode("utf-8")

        return Calls(self.gateway_client, self.pool, self.callback_server_parameters).call(
            identity, read_line
        )[0]


class _ThreadedServer(java_gateway.CallbackServer):  # type: ignore[misc]  # py4j has no types
    def _create_connection(self, accepted: Any, stream: Any) -> _CallbackConnection:
        return _CallbackConnection(
            self.pool, stream, accepted, self.gateway_client, self.callback_server_parameters, self
        )


class _PinnedServer(clientserver.PythonServer):  # type: ignore[misc]  # py4j has no types
    def _create_connection(self, accepted: Any, stream: Any) -> IncomingConnection:
        return IncomingConnection(self.gateway_client, self.gateway_client.calls, self, accepted, stream)


class _Views:
    """The part that both gateways share; it comes before py4j's class in their order."""

    _gateway_client: Any
    gateway_property: Any

    def set_gateway_client(self, client: Any) -> None:
        super().set_gateway_client(client)  # type: ignore[misc]  # py4j's method
        self.jvm: View = View(client, protocol.DEFAULT_JVM_NAME, id=protocol.DEFAULT_JVM_ID)

    def new_jvm_view(self, name: str = "custom jvm") -> Any:
        """Create a view with its own imports."""
        view = super().new_jvm_view(name)  # type: ignore[misc]  # py4j's method
        view.__class__ = View
        return view

    def restart_callback_server(self) -> None:
        """Start Python's side again, where Java then has to be pointed: see ``JvmBridge.restart_callback_server``."""
        pool = self.gateway_property.pool
        with pool.lock:
            kept = dict(pool.dict)
        super().restart_callback_server()  # type: ignore[misc]  # py4j's method
        # Java still knows these objects.
        with pool.lock:
            pool.dict.update(kept)

    def name_objects(self) -> None:
        """Give the two objects that every server has the classes of the bridge."""
        made = CLASSES[protocol.REFERENCE_TYPE]
        self.entry_point: BaseObject = made(protocol.ENTRY_POINT_OBJECT_ID, self._gateway_client)
        self.java_gateway_server: BaseObject = made(protocol.GATEWAY_SERVER_OBJECT_ID, self._gateway_client)


class ThreadedGateway(_Views, java_gateway.JavaGateway):  # type: ignore[misc]  # py4j has no types
    """A gateway in the multi-threaded model."""

    def _create_gateway_client(self) -> ThreadedClient:
        return ThreadedClient(self.gateway_parameters)

    def _create_callback_server(self, parameters: Any) -> _ThreadedServer:
        return _ThreadedServer(
            self.gateway_property.pool, self._gateway_client, callback_server_parameters=parameters
        )


class PinnedGateway(_Views, clientserver.ClientServer):  # type: ignore[misc]  # py4j has no types
    """A gateway in the pinned model."""

    def _create_gateway_client(self) -> PinnedClient:
        return PinnedClient(self.java_parameters)

    def _create_callback_server(self, parameters: Any) -> _PinnedServer:
        client, pool = self._gateway_client, self.gateway_property.pool
        client.calls = Calls(client, pool, self.python_parameters)
        return _PinnedServer(client, self.java_parameters, self.python_parameters, self.gateway_property)


def listen(options: BridgeOptions, token: str, label: str) -> Any:
    """Return a gateway that accepts calls from Java, and that :func:`attach` connects to a JVM later.

    Args:
        options: The options of the gateway.
        token: What both directions require.
        label: How errors name the JVM.

    Raises:
        Py4JNetworkError: The port for calls from Java is taken.
    """
    tls = options.tls
    java: dict[str, Any] = {
        "address": tls.address if tls else LOOPBACK,
        "port": 0,
        "auth_token": token,
        "ssl_context": tls.client if tls else None,
        "read_timeout": options.read_timeout,
        "auto_field": options.auto_field,
    }
    python: dict[str, Any] = {
        "address": LOOPBACK,
        "port": options.callback_port,
        "daemonize": True,
        "daemonize_connections": True,
        "eager_load": False,
        "auth_token": token,
        "ssl_context": _LateHandshake(tls.server) if tls else None,
        "propagate_java_exceptions": options.propagate_java_exceptions,
    }
    gateway: Any
    if options.pinned:
        gateway = PinnedGateway(
            clientserver.JavaParameters(**java), clientserver.PythonParameters(**python), options.entry_point
        )
    else:
        gateway = ThreadedGateway(
            gateway_parameters=java_gateway.GatewayParameters(**java),
            callback_server_parameters=java_gateway.CallbackServerParameters(**python),
            python_server_entry_point=options.entry_point,
        )
    gateway._gateway_client.label = label
    server = gateway._create_callback_server(gateway.callback_server_parameters)
    try:
        server.start()
    except BaseException:
        server.server_socket.close()
        disconnect(gateway)
        raise
    gateway._callback_server = server
    return gateway


def call_only(port: int, token: str | None, label: str, read_timeout: float | None = None) -> Any:
    """Return a gateway for calls from Python only.

    Args:
        port: The port of the server on loopback.
        token: What the server requires.
        label: How errors name the JVM.
        read_timeout: Seconds that each call may take.

    Raises:
        Py4JError: The server cannot be reached, or refuses the token.
    """
    parameters = java_gateway.GatewayParameters(
        address=LOOPBACK, port=port, auth_token=token, read_timeout=read_timeout
    )
    gateway = ThreadedGateway(gateway_parameters=parameters)
    gateway._gateway_client.label = label
    gateway.name_objects()
    try:
        gateway.jvm.System.currentTimeMillis()
    except BaseException:
        disconnect(gateway)
        raise
    return gateway


def attach(gateway: Any, port: int) -> None:
    """Connect a gateway made by :func:`listen` to the JVM listening on ``port``."""
    client = gateway._gateway_client
    gateway.gateway_parameters.port = client.port = port
    gateway.name_objects()
    gateway.jvm.System.currentTimeMillis()
    client.releaser = Releaser(client)


def disconnect(gateway: Any) -> None:
    """Close a gateway's sockets and its callback server, and let go of all that it keeps."""
    client = gateway._gateway_client
    client.end(f"the gateway to {client.label} has been closed")
    server = gateway.get_callback_server()
    if server is not None and not server.is_shutdown:
        gateway.shutdown_callback_server()
    # py4j keeps an entry for each Java object for the whole process, and each entry keeps the client.
    entries: dict[str, Any] = ThreadSafeFinalizer.finalizers
    with ThreadSafeFinalizer.lock:
        # The garbage collector may remove entries at any step of the loop, but not while list() copies the keys.
        for key in list(entries):
            watch = getattr(entries.get(key), "__callback__", None)
            if client in (getattr(watch, "__defaults__", None) or ()):
                entries.pop(key, None)
