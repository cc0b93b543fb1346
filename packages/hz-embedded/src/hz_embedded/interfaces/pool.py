"""Installs the adapters between py4j's gateways and the Python objects that Java calls."""

import threading
from typing import Any, Final

from py4j.java_gateway import PythonProxyPool

from hz_embedded.bridge.memory import RELEASED
from hz_embedded.interfaces.dispatch import Adapter, Bridge
from hz_embedded.interfaces.errors import InterfaceError

_lock: Final = threading.Lock()


class InterfacePool(PythonProxyPool):  # type: ignore[misc] # py4j has no type hints
    """py4j's pool of Python objects that Java knows; it returns adapters instead of the objects."""

    bridge: Bridge | None
    """What is known of the JVM; None after :func:`detach`."""

    def put(self, target: Any, force_id: str | None = None) -> str:
        """Keep ``target`` for Java, and return what py4j sends to Java: its id and additional interfaces.

        Raises:
            InterfaceError: ``target`` does not implement its interfaces.
        """
        adapter = Adapter(target, self._bridge())
        adapter._check()
        identity = str(super().put(target, force_id))
        return ";".join([identity, *adapter._more_interfaces()])

    def __getitem__(self, identity: str) -> Any:
        target = super().__getitem__(identity)
        return target if target is RELEASED else Adapter(target, self._bridge())

    def _bridge(self) -> Bridge:
        if self.bridge is None:
            raise InterfaceError(
                "the JVM has been closed; Python objects cannot be passed to it or called by it"
            )
        return self.bridge

    def target(self, identity: str) -> Any:
        """Return the Python object with this id, None if there is none."""
        with self.lock:
            return self.dict.get(identity)


def attach(gateway: Any) -> None:
    """Enable Java interfaces of Python objects on a py4j gateway. Idempotent.

    Args:
        gateway: A ``JavaGateway`` or ``ClientServer`` that accepts calls from Java.
    """
    pool = gateway.gateway_property.pool
    with _lock:
        if isinstance(pool, InterfacePool):
            return
        # vars(), because any unknown attribute of a gateway is a method of its entry point.
        parameters = vars(gateway).get("python_parameters") or gateway.callback_server_parameters
        pool.bridge = Bridge(gateway, propagates=parameters.propagate_java_exceptions)
        # The gateway, its connections and its callback server refer to this pool, so it cannot be replaced.
        pool.__class__ = InterfacePool
        # The adapters decide which Java exceptions they raise.
        parameters.propagate_java_exceptions = True


def detach(gateway: Any) -> None:
    """Let go of what :func:`attach` has added to a gateway that is closed: exceptions keep whole stacks alive."""
    pool = gateway.gateway_property.pool
    pool.clear()
    if isinstance(pool, InterfacePool):
        pool.bridge = None


def bridge_of(gateway_client: Any) -> Bridge | None:
    """Return what is known of the JVM behind a gateway's client, None if :func:`attach` has not been called."""
    pool = gateway_client.gateway_property.pool
    return pool.bridge if isinstance(pool, InterfacePool) else None
