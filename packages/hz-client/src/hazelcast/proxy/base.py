"""What distributed objects have in common, and the events that their listeners are given."""

from hz_core.surfaces import FuturesSurface as Proxy
from hz_proxies.events import EntryEvent, EntryEventType

__all__ = ["EntryEvent", "EntryEventType", "Proxy"]
