"""Items that a request has removed, and that nobody gets because the caller has given up."""

# The annotations of inner functions would be evaluated in each call.
from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hz_core.context import ClientContext, acquires
from hz_core.log import get_logger
from hz_core.op import Flow, Op, Step
from hz_core.wire.method import ReadData
from hz_serialization import Data

_logger = get_logger("queue")

T = TypeVar("T")


def put_back_if_lost(context: ClientContext, op: Op[T], name: str, put_back: Callable[[Data], Step]) -> Op[T]:
    """Return ``op``, which removes items from a queue, so that those that nobody gets are put back.

    Args:
        context: The client.
        op: The operation. Its result is an item, None, or a list of items.
        name: Name of the queue, for the log.
        put_back: Returns the step that puts an item back.
    """
    taken: list[bytes] = []
    decode = op.decode
    decode_again = op.method.decode

    def decode_and_keep(message: bytes, read: ReadData) -> T:
        taken[:] = [message]
        return decode(message, read)

    def undo(_: T) -> Flow[None]:
        # As they were: what was deserialized may have another form when it is serialized again.
        found = decode_again(taken[0], serialized)
        return _put_back(
            found if isinstance(found, list) else [] if found is None else [found], name, put_back
        )

    op.decode = decode_and_keep
    return acquires(context, op, undo)


def serialized(message: bytes, start: int, end: int) -> Data:
    """Read an item as its ``Data``, without deserializing it."""
    return message[start:end]


def _put_back(items: list[Data], name: str, put_back: Callable[[Data], Step]) -> Flow[None]:
    for left in range(len(items), 0, -1):
        _logger.warning(
            "an item of queue %r arrived for a caller that had given up; it is put back at the end", name
        )
        try:
            yield put_back(items[-left])
        except BaseException as e:
            _logger.error("%d items of queue %r are lost: they could not be put back: %r", left, name, e)
            raise
