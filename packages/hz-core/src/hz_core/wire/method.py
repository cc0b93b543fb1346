"""Descriptions of the requests of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from hz_core.wire.types import ReadData as ReadData

R = TypeVar("R", covariant=True)

EventDecoder = Callable[[bytes, ReadData], object]
_NO_EVENTS: Final[Mapping[int, EventDecoder]] = MappingProxyType({})


class Method(Generic[R]):
    """One request/response pair, for example ``Map.put``. Immutable; generated codecs have a constant for each.

    ``decode(message, read)`` returns the result of a response message; ``read`` deserializes each ``Data`` in it.
    ``events`` maps the event types of the request to their decoders. ``retryable`` is True if the request may be
    sent again after its connection was lost.
    """

    __slots__ = ("decode", "events", "name", "request_type", "response_type", "retryable")

    name: str
    request_type: int
    response_type: int
    retryable: bool
    decode: Callable[[bytes, ReadData], R]
    events: Mapping[int, EventDecoder]

    def __init__(
        self,
        name: str,
        request_type: int,
        response_type: int,
        decode: Callable[[bytes, ReadData], R],
        *,
        retryable: bool = False,
        events: Mapping[int, EventDecoder] = _NO_EVENTS,
    ) -> None:
        fill = object.__setattr__
        fill(self, "name", name)
        fill(self, "request_type", request_type)
        fill(self, "response_type", response_type)
        fill(self, "decode", decode)
        fill(self, "retryable", retryable)
        fill(self, "events", events)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Method {self.name} is immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Method {self.name} is immutable: cannot delete {name!r}")

    def __repr__(self) -> str:
        return f"<Method {self.name} 0x{self.request_type:06x}>"
