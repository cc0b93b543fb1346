"""Options of the bridge to a JVM: threading, ports, TLS and conversion."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hz_embedded._py4j import LOOPBACK, is_proxy
from hz_embedded.errors import ConfigurationError

Threading = Literal["multi", "pinned"]
_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True)
class BridgeTls:
    """TLS for both directions of the bridge.

    The JVM gets its keys and their password before TLS is active: over a loopback connection that exists only during
    the start and requires a token that only this process knows.

    Attributes:
        client: Python's side of calls to Java. With ``check_hostname``, ``address`` must be in the JVM's
            certificate.
        server: Python's side of calls from Java; holds Python's certificate.
        key_store: PKCS #12 file with the JVM's key and certificate.
        key_store_password: Its password.
        trust_store: PKCS #12 file with the certificates that the JVM trusts when it calls Python; None means the
            JVM's default.
        trust_store_password: Its password.
        address: The name under which Python connects to the JVM; it must be a name of loopback.
    """

    client: ssl.SSLContext
    server: ssl.SSLContext
    key_store: Path
    key_store_password: str = field(repr=False)
    trust_store: Path | None = None
    trust_store_password: str = field(default="", repr=False)
    address: str = LOOPBACK


@dataclass(frozen=True, slots=True)
class BridgeOptions:
    """Options for the communication between Python and a JVM.

    Attributes:
        threading: ``"multi"`` runs each call from Java in a thread of Python's callback server; ``"pinned"``
            runs it in the thread that waits for Java's answer.
        auto_convert: Convert Python collections and other values into Java objects when they are passed to Java.
        port: Port of the JVM's side; 0 takes a free one.
        callback_port: Port of Python's side; 0 takes a free one.
        entry_point: The Python object for calls that start in Java.
        propagate_java_exceptions: True passes a Java exception that leaves a Python callback on to Java as the same
            exception, without Python's traceback; False passes a ``Py4JException`` with the traceback.
        tls: Certificates for both directions, only with ``"multi"``. None means no encryption; the traffic does not
            leave this machine.

    Raises:
        hz_embedded.ConfigurationError: An option cannot be used.
    """

    threading: Threading = "multi"
    auto_convert: bool = False
    port: int = 0
    callback_port: int = 0
    entry_point: object | None = None
    propagate_java_exceptions: bool = False
    tls: BridgeTls | None = None

    def __post_init__(self) -> None:
        if self.threading not in ("multi", "pinned"):
            raise ConfigurationError(f'threading must be "multi" or "pinned", not {self.threading!r}')
        for name, port in (("port", self.port), ("callback_port", self.callback_port)):
            if type(port) is not int or not 0 <= port <= _HIGHEST_PORT:
                raise ConfigurationError(f"{name} must be a port number, 0 for a free one, not {port!r}")
        if self.tls is not None and self.pinned:
            raise ConfigurationError(
                'tls cannot be used with threading="pinned": py4j\'s ClientServer takes no server socket factory; '
                'use threading="multi"'
            )
        if self.entry_point is not None and not is_proxy(self.entry_point):
            raise ConfigurationError(
                f"entry_point {self.entry_point!r} names no Java interface: give its class an inner class Java "
                "with the list implements"
            )

    @property
    def pinned(self) -> bool:
        """Whether calls from Java run in the thread that waits for Java."""
        return self.threading == "pinned"
