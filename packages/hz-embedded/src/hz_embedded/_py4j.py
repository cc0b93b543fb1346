"""The one door to py4j, which ships no type hints: everything behind it is ``Any``."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from py4j import java_gateway
from py4j.protocol import (
    Py4JError,
    Py4JJavaError,
    Py4JNetworkError,
)

__all__ = [
    "LOOPBACK",
    "Py4JError",
    "Py4JJavaError",
    "Py4JNetworkError",
    "abandon",
    "connect",
    "disconnect",
    "jar_path",
    "java_message",
    "silence",
]

LOOPBACK = "127.0.0.1"


def jar_path() -> str:
    """Path of py4j's own jar, empty when its installation lacks it."""
    return str(java_gateway.find_jar_path())


def connect(port: int, token: str, *, callbacks: bool) -> Any:
    """A gateway to the JVM listening on loopback ``port``; with ``callbacks`` it also serves calls from Java.

    Both directions demand ``token``.
    """
    parameters = java_gateway.GatewayParameters(
        address=LOOPBACK, port=port, auth_token=token, eager_load=True
    )
    callback_parameters = (
        java_gateway.CallbackServerParameters(
            address=LOOPBACK, port=0, daemonize=True, daemonize_connections=True, auth_token=token
        )
        if callbacks
        else None
    )
    return java_gateway.JavaGateway(
        gateway_parameters=parameters, callback_server_parameters=callback_parameters
    )


def silence(gateway: Any, *, silent: bool = True) -> None:
    """Let the gateway send nothing, or send again: for a JVM that is suspended, gone, or about to go.

    py4j tells the JVM of each Java object that Python's garbage collector finds, at any place in any thread: with
    a suspended JVM that would hang there. Calls made while it is silent raise ``Py4JNetworkError`` at once.
    """
    gateway._gateway_client.is_connected = not silent


def abandon(gateway: Any) -> None:
    """Let go of the gateway in a forked child, without a word on the connections that the parent goes on using.

    py4j shuts a connection down when its object is collected, which would end it for the parent too; a socket
    whose descriptor was taken away cannot do that.
    """
    silence(gateway)
    for connection in list(gateway._gateway_client.deque):
        with contextlib.suppress(OSError):
            os.close(connection.socket.detach())


def disconnect(gateway: Any) -> None:
    """Close the gateway's sockets and its callback server."""
    silence(gateway)
    gateway.close(keep_callback_server=True)
    gateway.shutdown_callback_server()


def java_message(error: BaseException) -> str:
    """One line per Java exception in the chain of causes, without stacks."""
    if not isinstance(error, Py4JJavaError):
        return f"{type(error).__name__}: {error}"
    lines: list[str] = []
    throwable = error.java_exception
    while throwable is not None and len(lines) < 10:
        lines.append(str(throwable.toString()))
        throwable = throwable.getCause()
    return "\n  caused by ".join(lines)
