"""Both ends of the bridge: the gateway in Python, and the server in the JVM that it connects to."""

import secrets
from typing import Any, Final

from hz_embedded import _py4j
from hz_embedded.bridge.errors import GatewayError
from hz_embedded.bridge.gateways import attach, call_only, disconnect, listen
from hz_embedded.bridge.memory import Scope
from hz_embedded.bridge.options import BridgeOptions
from hz_embedded.bridge.tls import ssl_context
from hz_embedded.bridge.wiring import state_of

_CLEANING_SECONDS: Final = 30


def open_gateway(boot_port: int, token: str, options: BridgeOptions, label: str) -> Any:
    """Replace the gateway of py4j's launcher by a gateway that requires the token in both directions.

    The launcher's server sends no token when Java calls Python, so a callback server that requires a token would
    refuse it. Therefore a second server with the token for both directions is started in the same JVM, and the first
    is closed.

    Args:
        boot_port: The port of the launcher's server.
        token: The token of the launcher's server, and of both sides of the new gateway.
        options: The options of the new gateway.
        label: How errors name the JVM.

    Raises:
        GatewayError: The server in the JVM could not be started: its port is taken, or a key store is wrong.
        Py4JNetworkError: Python's side could not be started, or the two sides could not connect.
    """
    boot = call_only(boot_port, token, label)
    try:
        boot.jvm.java.lang.System.setOut(boot.jvm.java.lang.System.err)
        gateway = _open_beside(boot, token, options, label)
        boot.shutdown()
    finally:
        disconnect(boot)
    return gateway


def join_gateway(port: int, token: str | None, options: BridgeOptions, label: str, timeout: float) -> Any:
    """Open a gateway to a JVM in which somebody else has started a server; that server stays as it is.

    A server of our own beside it serves both threading models, whatever the other one is, and has a token in both
    directions, although the other one may have none.

    Args:
        port: The port of the other server.
        token: The token of the other server, None if it has none.
        options: The options of the new gateway.
        label: How errors name the JVM.
        timeout: Seconds that each call of the other server may take.

    Raises:
        GatewayError: Our server could not be started in the JVM.
        Py4JError: The other server cannot be reached, or refuses the token.
    """
    boot = call_only(port, token, label, timeout)
    try:
        # The other server would keep what it has sent for as long as it runs.
        with Scope(boot):
            return _open_beside(boot, secrets.token_urlsafe(32), options, label)
    finally:
        disconnect(boot)


def _open_beside(boot: Any, token: str, options: BridgeOptions, label: str) -> Any:
    """Start a server in the JVM of the gateway ``boot``, and return a gateway to it."""
    gateway = None
    try:
        entry_point = _java_entry_point(boot, options)
        gateway = listen(options, token, label)
        state_of(gateway).has_entry_point = entry_point is not None
        callback_port = gateway.get_callback_server().get_listening_port()
        build = _pinned_server if options.pinned else _threaded_server
        server = build(boot, token, options, callback_port, entry_point)
        attach(gateway, int(server.getListeningPort()))
    except BaseException as error:
        if gateway is not None:
            disconnect(gateway)
        if isinstance(error, _py4j.Py4JJavaError):
            # The message can only be read while there is a connection.
            raise GatewayError(_py4j.java_message(error)) from error
        raise
    return gateway


def point_java_here(gateway: Any, options: BridgeOptions) -> None:
    """Tell the JVM's side the port of Python's side, after that has been started again."""
    server, view = gateway.java_gateway_server, gateway.jvm
    port = gateway.get_callback_server().get_listening_port()
    loopback = view.java.net.InetAddress.getByName(_py4j.LOOPBACK)
    if not options.pinned:
        server.resetCallbackClient(loopback, port)
        return
    # The copy that resetCallbackClient makes has no token in this model.
    java = server.getGateway()
    client = view.py4j.PythonClient(
        java,
        None,
        port,
        loopback,
        _CLEANING_SECONDS,
        view.java.util.concurrent.TimeUnit.SECONDS,
        view.javax.net.SocketFactory.getDefault(),
        server,
        True,
        0,
        gateway.gateway_parameters.auth_token,
    )
    field = java.getClass().getDeclaredField("cbClient")
    field.setAccessible(True)
    # The client before is not shut down, which would close the connections of calls that run now, as this one.
    field.set(java, client)
    # Java looks up which connection belongs to a thread in the client that it had when the connection was made.
    gateway.close(keep_callback_server=True)


def _java_entry_point(boot: Any, options: BridgeOptions) -> Any:
    """Return the Java object that is to be the entry point, None if there is none."""
    wanted = options.java_entry_point
    if callable(wanted):
        return wanted(boot.jvm)
    if wanted is not None:
        return _py4j.JavaClass(wanted, boot._gateway_client)()
    try:
        boot.entry_point.getClass()
    except _py4j.Py4JNetworkError:
        raise
    except _py4j.Py4JError:
        return None
    return boot.entry_point


def _threaded_server(
    boot: Any, token: str, options: BridgeOptions, callback_port: int, entry_point: Any
) -> Any:
    """Start a ``GatewayServer``, which calls Python over separate connections."""
    view = boot.jvm
    loopback = view.java.net.InetAddress.getByName(_py4j.LOOPBACK)
    sockets = view.javax.net.SocketFactory.getDefault()
    builder = view.py4j.GatewayServer.GatewayServerBuilder()
    builder.javaPort(options.port).javaAddress(loopback).authToken(token).entryPoint(entry_point)
    if options.tls is not None:
        context = ssl_context(boot, options.tls)
        builder.serverSocketFactory(context.getServerSocketFactory())
        sockets = context.getSocketFactory()
    seconds = view.java.util.concurrent.TimeUnit.SECONDS
    client = view.py4j.CallbackClient(
        callback_port, loopback, token, _CLEANING_SECONDS, seconds, sockets, True, 0
    )
    server = builder.callbackClient(client).build()
    server.start()
    return server


def _pinned_server(
    boot: Any, token: str, options: BridgeOptions, callback_port: int, entry_point: Any
) -> Any:
    """Start a ``ClientServer``, which calls Python over the connection by which its thread was called."""
    view = boot.jvm
    loopback = view.java.net.InetAddress.getByName(_py4j.LOOPBACK)
    builder = view.py4j.ClientServer.ClientServerBuilder()
    builder.javaPort(options.port).javaAddress(loopback).authToken(token).entryPoint(entry_point)
    builder.pythonPort(callback_port).pythonAddress(loopback)
    return builder.build().getJavaServer()
