"""No read of a near cache is staler than documented, whatever happens; a cache without its precautions is caught."""

from typing import Any

import pytest

from hz_nearcache.near_cache import NearCache
from hz_nearcache.repairing import Numbers
from hz_nearcache.store import Store
from nearcache_model import Run


@pytest.mark.parametrize("dropped", [0.0, 0.01, 0.2])
@pytest.mark.parametrize("seed", range(4))
def test_no_read_is_too_stale(seed: int, dropped: float) -> None:
    options: dict[str, Any] = {"in_memory_format": "OBJECT" if seed % 2 else "BINARY"}
    if seed > 1:
        options |= {"eviction_max_size": 4, "eviction_policy": "LFU", "max_idle": 30}
    run = Run(seed, dropped, **options).run(250)
    assert run.wrong == []
    assert run.statistics.hits > 50


def caught(dropped: float) -> bool:
    """Return whether one of some runs has seen a stale value."""
    return any(Run(seed, dropped).run(250).wrong for seed in range(6))


def test_the_model_catches_a_cache_without_reservations(monkeypatch: pytest.MonkeyPatch) -> None:
    put, keeping = Store.put, Store.keeping

    def put_anyway(self: Store, key: Any, value: Any, cost: int, group: int, _: int, shortcut: Any) -> bool:
        return put(self, key, value, cost, group, None, shortcut)

    def keeping_anyway(
        self: Store, decode: Any, key: Any, group: int, _: int, shortcut: Any, **how: bool
    ) -> Any:
        nothing: Any = None
        return keeping(self, decode, key, group, nothing, shortcut, **how)

    monkeypatch.setattr(Store, "put", put_anyway)
    monkeypatch.setattr(Store, "keeping", keeping_anyway)
    assert caught(0.0)


def test_the_model_catches_a_cache_without_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Numbers, "told", lambda self, uuid, number: False)
    monkeypatch.setattr(Numbers, "reported", lambda self, partition, uuid, number: False)
    assert caught(0.2)


def test_the_model_catches_a_cache_that_ignores_its_own_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NearCache, "changed", lambda self, keys, certain: None)
    assert caught(0.0)
