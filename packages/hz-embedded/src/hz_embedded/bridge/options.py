"""Options of the bridge to a JVM: threading, ports, TLS and conversion."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hz_embedded._py4j import LOOPBACK, is_proxy
from hz_embedded.errors import ConfigurationError

Threading = Literal["multi", "pinned"]
_HIGHEST_PORT = 65535
_LONGEST_TIMEOUT = 1e9


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
        java_entry_point: What ``entry_point`` of the JVM is: the full name of a Java class, of which one object is
            made without arguments; or a function that gets a view of the JVM's classes and returns a Java object.
        propagate_java_exceptions: True passes a Java exception that leaves a Python callback on to Java as the same
            exception, without Python's traceback; False passes a ``Py4JException`` with the traceback.
        read_timeout: Seconds that a call waits for Java's answer (in the pinned model also for Java's next call);
            then it raises ``Py4JNetworkError``. Java may continue. None means that it waits without a limit.
        auto_field: Read the public fields of Java objects as attributes. Each first use of a name then costs a call,
            and a field hides a method of the same name.
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
    java_entry_point: str | Callable[[Any], Any] | None = None
    propagate_java_exceptions: bool = False
    read_timeout: float | None = None
    auto_field: bool = False
    tls: BridgeTls | None = None

    def __post_init__(self) -> None:
        if self.threading not in ("multi", "pinned"):
            raise ConfigurationError(f'threading must be "multi" or "pinned", not {self.threading!r}')
        for name, port in (("port", self.port), ("callback_port", self.callback_port)):
            if type(port) is not int or not 0 <= port <= _HIGHEST_PORT:
                raise ConfigurationError(f"{name} must be a port number, 0 for a free one, not {port!r}")
        limit: object = self.read_timeout
        if limit is not None and not (isinstance(limit, int | float) and 0 < limit <= _LONGEST_TIMEOUT):
            raise ConfigurationError(
                f"read_timeout must be a positive number of seconds, or None, not {limit!r}"
            )
        wanted: object = self.java_entry_point
        if not (wanted is None or callable(wanted) or (isinstance(wanted, str) and wanted)):
            raise ConfigurationError(
                f"java_entry_point must be the name of a Java class, a function or None, not {wanted!r}"
            )
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
