"""What this package adds to one gateway of py4j, leaving all other gateways of the process as they are.

py4j keeps its output converters for the whole process. Ours stand in front of them and look at whose answer it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hz_embedded._py4j import BaseObject, is_instance, protocol
from hz_embedded.bridge.java_collections import CLASSES, KINDS

if TYPE_CHECKING:
    from hz_embedded.bridge.java_events import ListenerProxy
    from hz_embedded.bridge.memory import Scope

OutputFunction = Callable[[Any], object]
_STATE = "hz_bridge"
_lock = threading.Lock()
_installed: dict[str, Callable[[str, Any], object]] = {}


@dataclass(slots=True)
class BridgeState:
    """What belongs to one gateway: output converters, listeners, and the scopes that are open in each thread."""

    outputs: tuple[tuple[str, OutputFunction], ...] = ()
    listeners: list[ListenerProxy] = field(default_factory=list)
    scopes: _Scopes = field(default_factory=lambda: _Scopes())

    def receive(self, kind: str, target_id: str, client: Any) -> object:
        """Make the Python object for a Java object that has just arrived."""
        thing = CLASSES[kind](target_id, client)
        if self.scopes.stack:
            self.scopes.stack[-1].add(thing)
        for class_name, function in self.outputs:
            if self._fits(kind, thing, class_name):
                return function(thing)
        return thing

    def _fits(self, kind: str, thing: BaseObject, class_name: str) -> bool:
        if class_name in KINDS:
            return KINDS[class_name] == kind
        # Exceptions must arrive as they are: py4j raises them.
        return is_instance(thing, class_name) and not (
            kind == protocol.REFERENCE_TYPE and is_instance(thing, "java.lang.Throwable")
        )


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[Scope] = []


def state_of(gateway: Any) -> BridgeState:
    """Return what this package keeps for a gateway; the first call takes the gateway over."""
    client = gateway._gateway_client
    state = getattr(client, _STATE, None)
    if state is None:
        install()
        state = BridgeState()
        setattr(client, _STATE, state)
    assert isinstance(state, BridgeState)  # nobody else sets it
    return state


def install() -> None:
    """Put our converters in front of py4j's, once."""
    with _lock:
        for kind in CLASSES:
            current = protocol.OUTPUT_CONVERTER[kind]
            if _installed.get(kind) is not current:
                _installed[kind] = protocol.OUTPUT_CONVERTER[kind] = _dispatch(kind, current)


def _dispatch(kind: str, previous: Callable[[str, Any], object]) -> Callable[[str, Any], object]:
    def convert(target_id: str, client: Any) -> object:
        state: BridgeState | None = getattr(client, _STATE, None)
        return previous(target_id, client) if state is None else state.receive(kind, target_id, client)

    return convert
