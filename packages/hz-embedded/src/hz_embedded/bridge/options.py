"""How the bridge to a JVM is built: threading, ports, TLS, conversion."""

from __future__ import annotations

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

    The JVM gets its keys and their password before TLS is in force: over a loopback connection that lasts for the
    start alone, and wants a token that only this process was told.

    Attributes:
        client: Python's side of calls to Java. With ``check_hostname``, ``address`` must be in the JVM's
            certificate.
        server: Python's side of calls from Java; holds Python's certificate.
        key_store: PKCS #12 file with the JVM's key and certificate.
        key_store_password: its password.
        trust_store: PKCS #12 file with the certificates that the JVM trusts when it calls Python; None means the
            JVM's own list.
        trust_store_password: its password.
        address: the name under which Python reaches the JVM; only names of loopback work.
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
    """How Python and a JVM talk.

    Attributes:
        threading: ``"multi"`` runs each call from Java in a thread of Python's callback server; ``"pinned"``
            runs it in the thread that is waiting for Java's answer.
        auto_convert: turn Python collections and other values into Java objects when they are passed to Java.
        port: port of the JVM's side; 0 takes a free one.
        callback_port: port of Python's side; 0 takes a free one.
        entry_point: the Python object that Java gets when it starts the conversation.
        propagate_java_exceptions: a Java exception that leaves a Python callback goes on in Java as the same
            exception, without Python's traceback; otherwise as a ``Py4JException`` with the traceback.
        tls: certificates for both directions, with ``"multi"`` alone; None talks in clear, which loopback keeps on
            this machine.

    Raises:
        hz_embedded.ConfigurationError: an option cannot be used.
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
                'tls cannot be had with threading="pinned": py4j\'s ClientServer takes no server socket factory; '
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
