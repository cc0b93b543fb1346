"""Puts the adapters between py4j's gateways and the Python objects that Java calls."""

from __future__ import annotations

import threading
from typing import Any, Final

from py4j.java_gateway import PythonProxyPool

from hz_embedded.interfaces.dispatch import Adapter, Bridge

_lock: Final = threading.Lock()


class InterfacePool(PythonProxyPool):  # type: ignore[misc] # py4j has no type hints
    """py4j's pool of Python objects that Java knows; for each call it puts an adapter before the object."""

    bridge: Bridge

    def put(self, target: Any, force_id: str | None = None) -> str:
        """Keep ``target`` for Java; the answer is what py4j sends: its id, and interfaces beside its own.

        Raises:
            InterfaceError: ``target`` cannot stand for its interfaces.
        """
        adapter = Adapter(target, self.bridge)
        adapter._check()
        identity = str(super().put(target, force_id))
        return ";".join([identity, *adapter._more_interfaces()])

    def __getitem__(self, identity: str) -> Adapter:
        return Adapter(super().__getitem__(identity), self.bridge)

    def target(self, identity: str) -> Any:
        """The Python object with this id, None when there is none."""
        with self.lock:
            return self.dict.get(identity)


def attach(gateway: Any) -> None:
    """Serve the Java interfaces of Python objects on a py4j gateway. Does nothing to one that already does.

    Args:
        gateway: a ``JavaGateway`` or ``ClientServer`` that takes calls from Java.
    """
    pool = gateway.gateway_property.pool
    with _lock:
        if isinstance(pool, InterfacePool):
            return
        # Any other attribute of a gateway would be a method of its entry point.
        parameters = vars(gateway).get("python_parameters") or gateway.callback_server_parameters
        pool.bridge = Bridge(gateway, propagates=parameters.propagate_java_exceptions)
        # The gateway, its connections and its callback server all hold this very pool.
        pool.__class__ = InterfacePool
        # The adapters always raise Java exceptions of their own choice.
        parameters.propagate_java_exceptions = True


def bridge_of(gateway_client: Any) -> Bridge | None:
    """What is known of the JVM behind a gateway's client, None where :func:`attach` was not called."""
    pool = gateway_client.gateway_property.pool
    return pool.bridge if isinstance(pool, InterfacePool) else None
