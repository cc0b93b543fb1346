"""Listeners for entry events, the same for all structures that have entries."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from hz_core.listener import ListenerSpec
from hz_core.op import Op
from hz_proxies.events import EntryCallback, EntryEvent, EntryEventType


def wanted_callbacks(name: str, **callbacks: EntryCallback | None) -> dict[int, EntryCallback]:
    """Return the functions that are given, by event type.

    Args:
        name: Name of the structure, for the error.
        **callbacks: Each function under the name of its event type, in lower case.

    Raises:
        ValueError: no function is given.
    """
    wanted = {event: func for event, func in callbacks.items() if func is not None}
    if not wanted:
        raise ValueError(f"a listener of {name!r} needs at least one function to call")
    return {int(getattr(EntryEventType, event.upper())): func for event, func in wanted.items()}


def entry_listener(
    callbacks: Mapping[int, EntryCallback],
    add: Callable[[bool], Op[UUID]],
    remove: Callable[[UUID], Op[bool]],
) -> ListenerSpec:
    """Return a registration that calls the function of each event's type.

    Args:
        callbacks: A function for each event type.
        add: Makes the registration request; see :class:`hz_core.listener.ListenerSpec`.
        remove: Makes the request that removes it.
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
