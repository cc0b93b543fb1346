"""The mark for integers that Java is to get as a ``Long``."""

from __future__ import annotations


class Long(int):
    """An ``int`` that Java is to get as a ``java.lang.Long``; others become an ``Integer`` where they fit."""
