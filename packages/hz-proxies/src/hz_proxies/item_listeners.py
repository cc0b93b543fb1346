"""Listeners for item events, for all data structures with items: queues, lists and sets."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hz_core.listener import ListenerSpec
from hz_core.op import Op
from hz_proxies.events import ItemCallback, ItemEvent, ItemEventType


def item_listener(
    name: str,
    added: ItemCallback[Any] | None,
    removed: ItemCallback[Any] | None,
    add: Callable[[bool], Op[UUID]],
    remove: Callable[[UUID], Op[bool]],
) -> ListenerSpec:
    """Return a registration that calls ``added`` or ``removed`` with each event.

    Args:
        name: Name of the data structure.
        added: Called for each added item.
        removed: Called for each removed item.
        add: Builds the registration request; see :class:`hz_core.listener.ListenerSpec`.
        remove: Builds the request that removes the registration.

    Raises:
        ValueError: Both functions are None.
    """
    if added is None and removed is None:
        raise ValueError(f"a listener of {name!r} needs at least one function to call")
    callbacks = {ItemEventType.ADDED: added, ItemEventType.REMOVED: removed}

    def on_event(record: Any) -> None:
        callback = callbacks.get(record.event_type)
        if callback is not None:
            callback(ItemEvent(name, record.item, record.event_type, record.uuid))

    return ListenerSpec(add, remove, on_event)
