"""What this package adds to one py4j gateway without changes to the other gateways of the process.

py4j has one set of output converters for the whole process. Ours are called first and check which gateway it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hz_embedded._py4j import BaseObject, is_instance, protocol
from hz_embedded.bridge.java_collections import CLASSES, KINDS

if TYPE_CHECKING:
    from hz_embedded.bridge.java_events import ListenerProxy

T = TypeVar("T")

OutputFunction = Callable[[Any], object]
_STATE = "hz_bridge"
_lock = threading.Lock()
_installed: dict[str, Callable[[str, Any], object]] = {}


@dataclass(slots=True)
class BridgeState:
    """The state of one gateway: output converters, listeners, scopes, and whether Java has an entry point."""

    outputs: tuple[tuple[str, OutputFunction], ...] = ()
    listeners: list[ListenerProxy] = field(default_factory=list)
    scopes: _Scopes = field(default_factory=lambda: _Scopes())
    has_entry_point: bool = False

    def receive(self, kind: str, target_id: str, client: Any) -> object:
        """Return the Python object for a Java object that has been received."""
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
        # Exceptions must not be converted: py4j raises them.
        return is_instance(thing, class_name) and not (
            kind == protocol.REFERENCE_TYPE and is_instance(thing, "java.lang.Throwable")
        )


class OpenScope(Protocol):
    """A ``hz_embedded.bridge.Scope`` whose block is running."""

    def add(self, thing: BaseObject) -> None:
        """Add a Java object that has been received."""

    def keep(self, thing: T) -> T:
        """Remove a Java object, so that it is not released at the end of the block."""


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[OpenScope] = []


def state_of(gateway: Any) -> BridgeState:
    """Return the state of a gateway; the first call creates it and installs our converters."""
    client = gateway._gateway_client
    state = getattr(client, _STATE, None)
    if state is None:
        install()
        state = BridgeState()
        setattr(client, _STATE, state)
    assert isinstance(state, BridgeState)  # only this function sets it
    return state


def install() -> None:
    """Put our converters in front of py4j's converters, once."""
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
