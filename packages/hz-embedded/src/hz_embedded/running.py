"""The bridge to a Java program that already runs, with a py4j server that somebody else has started."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Final, Self

from hz_embedded._py4j import LOOPBACK, Py4JError
from hz_embedded._waiting import call_within
from hz_embedded.bridge.api import JvmBridge
from hz_embedded.bridge.errors import GatewayError
from hz_embedded.bridge.gateways import disconnect
from hz_embedded.bridge.options import BridgeOptions
from hz_embedded.bridge.servers import join_gateway
from hz_embedded.interfaces.pool import attach, detach

_PY4J_PORT: Final = 25333


class JvmConnection(JvmBridge):
    """A Java program of this machine, with all functions of the bridge.

    The program has started ``py4j.GatewayServer`` or ``py4j.ClientServer``. A server of our own is started beside it,
    with a token in both directions, so the threading model and the ports are chosen here. Its entry point is that of
    the program. The program and its own server continue when the connection is closed.

    Args:
        port: The port of the program's server on 127.0.0.1.
        token: The token of the program's server, None if it has none.
        bridge: Threading, ports, TLS and conversion.
        timeout: Seconds in which the connection must be open.

    Raises:
        GatewayError: The server cannot be reached or refuses the token, or ours cannot be started beside it.
        ConfigurationError: A key store for TLS cannot be read.
    """

    def __init__(
        self,
        port: int = _PY4J_PORT,
        token: str | None = None,
        *,
        bridge: BridgeOptions | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._bridge = options = bridge or BridgeOptions()
        self._owner_pid = os.getpid()
        self._label = f"the Java program with a py4j server at {LOOPBACK}:{port}"
        self._gateway: Any = None
        try:
            self._gateway = call_within(
                timeout, lambda: join_gateway(port, token, options, self._label, timeout)
            )
        except TimeoutError as error:
            raise GatewayError(f"{self._label} did not answer within {timeout:g} s") from error
        except (Py4JError, OSError) as error:
            raise GatewayError(f"{self._label} cannot be used: {error}") from error
        self._attach_bridge(self._gateway)
        attach(self._gateway)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<JvmConnection to {self._label}{' closed' if self._gateway is None else ''}>"

    @property
    def gateway(self) -> Any:
        """The py4j ``JavaGateway``.

        Raises:
            GatewayError: The connection has been closed.
        """
        if self._gateway is None:
            raise GatewayError(f"the connection to {self._label} has been closed")
        return self._gateway

    def close(self) -> None:
        """End our server in the program, and everything that Python keeps for it. Idempotent."""
        gateway = self._gateway
        if gateway is None or os.getpid() != self._owner_pid:
            return
        self._gateway = None
        gateway.shutdown()
        disconnect(gateway)
        self._detach_bridge(gateway)
        detach(gateway)
