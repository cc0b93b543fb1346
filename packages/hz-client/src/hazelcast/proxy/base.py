"""The base class of distributed objects, and the events for their listeners."""

from hz_core.surfaces import FuturesObject as Proxy
from hz_proxies.events import EntryEvent, EntryEventType, ItemEvent, ItemEventType, TopicMessage

__all__ = ["EntryEvent", "EntryEventType", "ItemEvent", "ItemEventType", "Proxy", "TopicMessage"]
