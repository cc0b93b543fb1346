"""Policies and limits of ringbuffers."""

from typing import Final

OVERFLOW_POLICY_OVERWRITE: Final = 0
"""Adding to a full ringbuffer overwrites the oldest item."""

OVERFLOW_POLICY_FAIL: Final = 1
"""Adding to a full ringbuffer fails, until its oldest item has expired."""

MAX_BATCH_SIZE: Final = 1000
"""The most items that are added, or read, at a time."""

PAGE_SIZE: Final = 100
"""How many items an iteration reads at a time."""
