"""What the event journal of a map holds."""

from typing import Generic, NamedTuple

from hz_proxies.types import K, V


class EventJournalState(NamedTuple):
    """Which events the journal of a partition holds."""

    oldest_sequence: int
    """Sequence of the oldest event that is still there."""

    newest_sequence: int
    """Sequence of the newest event; one less than that of the oldest if there is none."""


class EventJournalMapEvent(NamedTuple, Generic[K, V]):
    """A change of an entry, from the journal."""

    sequence: int
    """Its position in the journal of its partition."""

    event_type: int
    """One of :class:`~hz_proxies.events.EntryEventType`: ADDED, REMOVED, UPDATED, LOADED, or EVICTED, which members
    report for what expired, too."""

    key: K
    """The key."""

    new_value: V | None
    """The new value; None for an entry that is gone."""

    old_value: V | None
    """The value before; None for a new entry."""
