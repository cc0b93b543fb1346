"""Integers that Java receives as a ``Long``."""

from hz_embedded._py4j import protocol


class Long(int):
    """An ``int`` that Java receives as a ``java.lang.Long``; other integers become an ``Integer`` if they fit."""


class WireLong(int):
    """An integer that py4j sends as a long, because of how it compares with the largest ``Integer``."""

    def __le__(self, other: int) -> bool:
        return other != protocol.JAVA_MAX_INT and int(self) <= other
