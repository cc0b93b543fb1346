"""Near caches whose invalidations get lost, are late, or come to nobody: what is noticed, and when."""

from typing import Any

import pytest

from hz_core.errors import OperationTimeoutError
from hz_core.testing import MapService
from hz_nearcache import near_cache
from hz_nearcache.repairing import Numbers
from hz_proxies import MAP
from nearcache_harness import NearClient, Setting
from test_near_cache import Requests


def once() -> Any:
    """Return a function that is true once."""
    left = [True]
    return lambda: bool(left) and left.pop()


def same_partition(setting: Setting) -> tuple[int, int]:
    """Return two keys of one partition."""
    place = setting.simulation.client.partition_service.get_partition_id
    first = 0
    return first, next(key for key in range(1, 1000) if place(key) == place(first))


def test_the_next_invalidation_of_the_partition_shows_that_one_was_lost() -> None:
    with Setting() as setting:
        key, neighbour = same_partition(setting)
        setting.other.put(key, "old")
        assert [setting.own.get(key), setting.own.get(key)] == ["old", "old"]
        setting.lost = once()
        setting.other.put(key, "new")
        setting.pass_time(10)
        assert setting.own.get(key) == "old"
        setting.other.put(neighbour, 1)
        setting.pass_time()
        assert setting.own.get(key) == "new"
        assert setting.cache.statistics.lost_invalidations == 1


@pytest.mark.parametrize(("options", "interval"), [({}, 60), ({"reconciliation_interval": 7}, 7)])
def test_members_are_asked_for_what_they_may_have_told(options: dict[str, Any], interval: float) -> None:
    with Setting(**options) as setting:
        setting.other.put_all({"k": "old", "l": "kept"})
        setting.pass_time(interval / 2)
        assert setting.own.get_all(["k", "l"]) == {"k": "old", "l": "kept"}
        setting.lost = once()
        setting.other.put("k", "new")
        setting.pass_time(interval / 4)
        assert setting.own.get("k") == "old"
        setting.pass_time(interval)
        assert setting.own.get("k") == "new"
        assert setting.cache.statistics.lost_invalidations == 1


def test_a_client_that_begins_anew_in_a_forked_child_asks_as_well() -> None:
    with Setting() as setting:
        setting.other.put("k", "old")
        engine = setting.simulation.client._engine
        engine.forked()
        for member in setting.cluster.members:
            member.cut_all()  # the connections of the parent
        engine.renew()
        setting.simulation.begin(engine.connect())
        setting.pass_time()
        assert setting.own.get("k") == "old"
        setting.lost = once()
        setting.other.put("k", "new")
        setting.pass_time(1)
        assert setting.own.get("k") == "old"
        setting.pass_time(60)
        assert setting.own.get("k") == "new"


def test_without_an_interval_nobody_is_asked() -> None:
    requests = Requests()
    with Setting(observer=requests, reconciliation_interval=0) as setting:
        asked = requests.count("Map.fetchNearCacheInvalidationMetadata")
        setting.own.put("k", "v")
        setting.pass_time(1000)
        assert requests.count("Map.fetchNearCacheInvalidationMetadata") == asked == 3


def test_a_member_that_does_not_answer_is_asked_again() -> None:
    with Setting() as setting:
        setting.other.put("k", "old")
        assert setting.own.get("k") == "old"
        held: list[Any] = []
        for member in setting.cluster.members:
            member.rule("Map.fetchNearCacheInvalidationMetadata", held.append, times=1)
        setting.lost = once()
        setting.other.put("k", "new")
        setting.pass_time(80)
        assert len(held) == 3
        assert setting.own.get("k") == "old"
        setting.pass_time(100)
        assert setting.own.get("k") == "new"


def test_entries_of_a_partition_that_began_anew_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    with Setting() as setting:
        setting.other.put("k", "v")
        assert setting.own.get("k") == "v"
        fresh = {n: setting.cluster.new_uuid() for n in range(1000)}
        monkeypatch.setattr(setting.cluster, "partition_uuid", fresh.__getitem__)
        setting.cluster.service(MapService).state("m").discard()
        setting.pass_time(61)
        assert setting.own.get("k") is None


def test_nothing_is_kept_while_a_member_is_not_connected() -> None:
    requests = Requests()
    with Setting(observer=requests) as setting:
        setting.other.put("k", "v")
        assert setting.own.get("k") == "v"
        lost = setting.cluster.members[2]
        for member in setting.cluster.members:
            if member is lost:
                member.rule("Client.authentication", lambda request: None)
        lost.cut_all()
        setting.pass_time(1)
        assert len(setting.cache) == 0
        place = setting.simulation.client.partition_service.get_partition_id
        key = next(k for k in range(1000) if setting.cluster.owner(place(k)) is not lost)
        before = requests.count("Map.get")
        for _ in range(3):
            assert setting.own.get(key) is None
        assert requests.count("Map.get") == before + 3
        setting.cluster.remove(lost)
        setting.pass_time(5)
        for _ in range(3):
            assert setting.own.get("k") in ("v", None)
        assert requests.count("Map.get") == before + 4


def test_a_member_that_joins_tells_before_anything_is_kept() -> None:
    with Setting() as setting:
        setting.other.put("k", "v")
        assert setting.own.get("k") == "v"
        setting.cluster.join()
        setting.pass_time(30)
        assert setting.own.get("k") == "v"
        assert len(setting.cache) == 1
        assert len(setting.cache.connections()) == 4


def test_partitions_move() -> None:
    with Setting() as setting:
        setting.other.put_all({n: n for n in range(20)})
        assert len(setting.own.get_all(range(20))) == 20
        setting.move(range(0, setting.simulation.engine.partition_count(), 2))
        setting.pass_time(1)
        setting.other.put_all({n: -n for n in range(20)})
        setting.pass_time(1)
        assert setting.own.get_all(range(20)) == {n: -n for n in range(20)}
        assert setting.cache.statistics.lost_invalidations == 0


def test_without_invalidations_values_stay_until_their_time_is_over() -> None:
    with Setting(invalidate_on_change=False, time_to_live=30) as setting:
        assert sum(len(s.listeners) for m in setting.cluster.members for s in m.sessions.values()) == 0
        setting.other.put("k", "old")
        assert setting.own.get("k") == "old"
        setting.other.put("k", "new")
        setting.pass_time(29)
        assert setting.own.get("k") == "old"
        setting.own.put("own", 1)
        assert setting.own.get("own") == 1
        setting.pass_time(2)
        assert setting.own.get("k") == "new"


def test_a_write_that_was_given_up_and_is_made_later() -> None:
    with Setting() as setting:
        setting.own.put("k", "old")
        held: list[Any] = []
        for member in setting.cluster.members:
            member.rule("Map.set", held.append, times=1)
        with pytest.raises(OperationTimeoutError):
            setting.own.with_timeout(5).set("k", "late")
        assert [setting.own.get("k"), setting.own.get("k")] == ["old", "old"]
        held[0].member.answer(held[0])
        setting.pass_time()
        assert setting.own.get("k") == "late"


def test_a_cancelled_write_is_seen_when_it_is_made() -> None:
    with Setting() as setting:
        setting.own.put("k", "old")
        held: list[Any] = []
        for member in setting.cluster.members:
            member.rule("Map.set", held.append, times=1)
        setting.m.set("k", "late").cancel()
        setting.pass_time()
        assert [setting.own.get("k"), setting.own.get("k")] == ["old", "old"]
        held[0].member.answer(held[0])
        setting.pass_time()
        assert setting.own.get("k") == "late"


def test_the_clear_of_another_client_empties_the_near_cache() -> None:
    with Setting() as setting:
        setting.other.put_all({n: n for n in range(20)})
        assert len(setting.own.get_all(range(20))) == 20
        setting.other.clear()
        setting.pass_time()
        assert setting.own.get_all(range(20)) == {}


def test_a_listed_map_gets_its_near_cache_with_the_first_read() -> None:
    with Setting() as setting:
        setting.other.put("k", "v")
        second = NearClient(setting.simulation.driver, setting.simulation.client.config)
        second.start()
        (listed,) = [
            operations._surface(kind.futures, second.futures).blocking()
            for kind, operations in second._run(second._objects.listed([MAP]))
        ]
        assert listed.get("k") == "v"
        setting.pass_time(1)
        assert [listed.get("k"), listed.get("k")] == ["v", "v"]
        cache = near_cache(listed)
        assert cache is not None
        assert (len(cache), cache.statistics.hits) == (1, 1)
        second.shutdown()
        assert len(cache) == 0


def test_after_the_end_of_the_client_nothing_is_answered() -> None:
    with Setting() as setting:
        setting.own.put("k", "v")
        assert setting.own.get("k") == "v"
        setting.simulation.client.shutdown()
        assert len(setting.cache) == 0


def test_a_replicated_map() -> None:
    with Setting() as setting:
        r, other = setting.replicated()
        cache = near_cache(r)
        assert cache is not None
        other.put("k", "old")
        assert [r.get("k"), r.get("k"), r.contains_key("k")] == ["old", "old", True]
        assert cache.statistics.hits == 2
        other.put("k", "new")
        setting.pass_time()
        assert r.get("k") == "new"
        other.clear()
        setting.pass_time()
        assert (r.get("k"), r.contains_key("k")) == (None, False)
        r.put_all({"a": 1})
        assert r.get("a") == 1
        setting.pass_time(200)
        assert not cache.repaired


def test_numbers() -> None:
    with Setting(1) as setting:
        new = setting.cluster.new_uuid
        numbers, uuid = Numbers(), new()
        assert numbers.told(uuid, 5)  # nobody knows what came before
        assert not numbers.told(uuid, 6)
        assert not numbers.told(uuid, 4)  # late
        assert numbers.told(uuid, 8)
        assert not numbers.told(uuid, 7)  # late
        assert numbers.reported(0, uuid, 8)  # the first report of the partition
        assert not numbers.reported(0, uuid, 8)
        assert not numbers.reported(0, uuid, 7)
        assert numbers.reported(0, uuid, 9)
        assert not numbers.told(uuid, 9)
        assert numbers.gaps == 2
        assert numbers.reported(0, new(), 0)
        assert numbers.told(uuid, 10)
