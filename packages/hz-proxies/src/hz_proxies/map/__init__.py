"""Distributed map (``hz:impl:mapService``)."""

from hz_proxies.arrow.loading import LoadProgress
from hz_proxies.map.blocking import BlockingMap
from hz_proxies.map.futures import Map
from hz_proxies.map.journal_events import EventJournalMapEvent, EventJournalState
from hz_proxies.map.kind import MAP
from hz_serialization.public_names import publish

__all__ = ["MAP", "BlockingMap", "EventJournalMapEvent", "EventJournalState", "LoadProgress", "Map"]

publish(__name__, (globals()[name] for name in __all__))
