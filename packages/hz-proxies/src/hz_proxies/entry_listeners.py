"""Listeners for entry events, for all data structures with entries."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from hz_core.listener import ListenerSpec
from hz_core.op import Op
from hz_proxies.events import EntryEvent, EntryEventType


def wanted_callbacks(
    name: str, **callbacks: Callable[[Any], object] | None
) -> dict[int, Callable[[Any], object]]:
    """Return the functions that are not None, by event type.

    Args:
        name: Name of the data structure, for the error.
        **callbacks: The functions, by the lower-case names of their event types.

    Raises:
        ValueError: All functions are None.
    """
    wanted = {event: func for event, func in callbacks.items() if func is not None}
    if not wanted:
        raise ValueError(f"a listener of {name!r} needs at least one function to call")
    return {int(getattr(EntryEventType, event.upper())): func for event, func in wanted.items()}


def entry_listener(
    callbacks: Mapping[int, Callable[[Any], object]],
    add: Callable[[bool], Op[UUID]],
    remove: Callable[[UUID], Op[bool]],
) -> ListenerSpec:
    """Return a registration that calls the function for the type of each event.

    Args:
        callbacks: The functions by event type.
        add: Builds the registration request; see :class:`hz_core.listener.ListenerSpec`.
        remove: Builds the request that removes the registration.
    """

    def on_event(record: Any) -> None:
        callback = callbacks.get(record.event_type)
        if callback is not None:
            callback(
                EntryEvent(
                    key=record.key,
                    value=record.value,
                    old_value=record.old_value,
                    merging_value=record.merging_value,
                    event_type=record.event_type,
                    uuid=record.uuid,
                    number_of_affected_entries=record.number_of_affected_entries,
                )
            )

    return ListenerSpec(add, remove, on_event)
