"""Both ends of the bridge: the gateway in Python, and the server in the JVM that it connects to."""

from typing import Any, Final

from hz_embedded import _py4j
from hz_embedded.bridge.errors import GatewayError
from hz_embedded.bridge.options import BridgeOptions
from hz_embedded.bridge.tls import ssl_context
from hz_embedded.bridge.wiring import state_of

_CLEANING_SECONDS: Final = 30


def open_gateway(boot_port: int, token: str, options: BridgeOptions) -> Any:
    """Replace the gateway of py4j's launcher by a gateway that requires the token in both directions.

    The launcher's server sends no token when Java calls Python, so a callback server that requires a token would
    refuse it. Therefore a second server with the token for both directions is started in the same JVM, and the first
    is closed.

    Args:
        boot_port: The port of the launcher's server.
        token: The token of the launcher's server, and of both sides of the new gateway.
        options: The options of the new gateway.

    Raises:
        GatewayError: The server in the JVM could not be started: its port is taken, or a key store is wrong.
        Py4JNetworkError: Python's side could not be started, or the two sides could not connect.
    """
    boot = _py4j.connect(boot_port, token)
    gateway = None
    try:
        view = boot.jvm
        view.java.lang.System.setOut(view.java.lang.System.err)
        gateway = _py4j.listen(
            token,
            pinned=options.pinned,
            callback_port=options.callback_port,
            address=options.tls.address if options.tls else _py4j.LOOPBACK,
            client_tls=options.tls.client if options.tls else None,
            server_tls=options.tls.server if options.tls else None,
            entry_point=options.entry_point,
            propagate_java_exceptions=options.propagate_java_exceptions,
        )
        state_of(gateway)
        callback_port = gateway.get_callback_server().get_listening_port()
        build = _pinned_server if options.pinned else _threaded_server
        server = build(boot, token, options, callback_port)
        _py4j.attach(gateway, int(server.getListeningPort()))
        boot.shutdown()
    except BaseException as error:
        if gateway is not None:
            _py4j.disconnect(gateway)
        if isinstance(error, _py4j.Py4JJavaError):
            # The message can only be read while there is a connection.
            raise GatewayError(_py4j.java_message(error)) from error
        raise
    finally:
        _py4j.disconnect(boot)
    return gateway


def _threaded_server(boot: Any, token: str, options: BridgeOptions, callback_port: int) -> Any:
    """Start a ``GatewayServer``, which calls Python over separate connections."""
    view = boot.jvm
    loopback = view.java.net.InetAddress.getByName(_py4j.LOOPBACK)
    sockets = view.javax.net.SocketFactory.getDefault()
    builder = view.py4j.GatewayServer.GatewayServerBuilder()
    builder.javaPort(options.port).javaAddress(loopback).authToken(token)
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


def _pinned_server(boot: Any, token: str, options: BridgeOptions, callback_port: int) -> Any:
    """Start a ``ClientServer``, which calls Python over the connection by which its thread was called."""
    view = boot.jvm
    loopback = view.java.net.InetAddress.getByName(_py4j.LOOPBACK)
    builder = view.py4j.ClientServer.ClientServerBuilder()
    builder.javaPort(options.port).javaAddress(loopback).authToken(token)
    builder.pythonPort(callback_port).pythonAddress(loopback)
    return builder.build().getJavaServer()
