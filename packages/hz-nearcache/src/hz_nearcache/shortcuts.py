"""Surfaces of near-cached maps, whose ``get`` looks into the near cache first and makes no operation for a hit."""

from collections.abc import Callable
from typing import Any

from hz_core.surfaces import AsyncioSurface, BlockingSurface, FuturesSurface
from hz_nearcache.compiled import MISSING

LookUp = Callable[[Any], Any]


class _QuickBlocking(BlockingSurface):
    _look_up: LookUp

    def get(self, key: Any, *, call_timeout: float | None = None) -> Any:
        if call_timeout is not None:
            return self.with_timeout(call_timeout).get(key)
        value = self._look_up(key)
        return self._call(self._ops.get(key)) if value is MISSING else value


class _QuickAsyncio(AsyncioSurface):
    _look_up: LookUp

    async def get(self, key: Any, *, call_timeout: float | None = None) -> Any:
        if call_timeout is not None:
            return await self.with_timeout(call_timeout).get(key)
        value = self._look_up(key)
        # The caller refuses other event loops, and returns a future in a pipeline.
        return await self._call(self._ops.get(key)) if value is MISSING else self._caller.answered(value)


class _QuickFutures(FuturesSurface):
    _look_up: LookUp

    def get(self, key: Any, *, call_timeout: float | None = None) -> Any:
        if call_timeout is not None:
            return self.with_timeout(call_timeout).get(key)
        value = self._look_up(key)
        return self._call(self._ops.get(key)) if value is MISSING else self._caller.answered(value)

    def blocking(self) -> Any:
        surface: Any = super()
        return quicken(surface.blocking(), self._look_up)


_QUICK = {BlockingSurface: _QuickBlocking, AsyncioSurface: _QuickAsyncio, FuturesSurface: _QuickFutures}


_made: dict[type, type] = {}


def _quick(kind: type) -> type:
    """Return the class that looks first, of the same name, since users see it."""
    for base, quick in _QUICK.items():
        if kind not in _made and issubclass(kind, base):
            names = {"__module__": kind.__module__, "__doc__": kind.__doc__}
            _made.setdefault(kind, type(kind.__name__, (quick, kind), names))
    return _made[kind]


def quicken(surface: Any, look_up: LookUp) -> Any:
    """Return a surface that is the same but looks for values by itself first."""
    quick: Any = object.__new__(_quick(type(surface)))
    quick.__dict__.update(surface.__dict__, _look_up=look_up)
    return quick
