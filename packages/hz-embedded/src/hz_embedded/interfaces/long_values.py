"""Integers that Java receives as a ``Long``."""


class Long(int):
    """An ``int`` that Java receives as a ``java.lang.Long``; other integers become an ``Integer`` if they fit."""
