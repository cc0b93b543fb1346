"""Operations of a map on one key, on all three surfaces."""

import pytest

from hz_serialization import HazelcastSerializationError
from map_harness import AnyMap, Caller, fresh_name


async def filled(caller: Caller) -> AnyMap:
    m = await caller.map()
    await m.set("k", "old")
    return m


async def test_put_returns_the_value_before(caller: Caller) -> None:
    m = await caller.map()
    assert await m.put("k", "one") is None
    assert await m.put("k", "two") == "one"
    assert await m.get("k") == "two"


async def test_get_of_a_missing_key_is_none(caller: Caller) -> None:
    assert await (await caller.map()).get("missing") is None


async def test_set_returns_nothing(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.set("k", "new") is None
    assert await m.get("k") == "new"


async def test_contains_key(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.contains_key("k") is True
    assert await m.contains_key("missing") is False


async def test_put_if_absent(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.put_if_absent("k", "new") == "old"
    assert await m.put_if_absent("k", "new", ttl=100, max_idle=100) == "old"
    assert await m.put_if_absent("other", "new") is None
    assert await m.get_all(["k", "other"]) == {"k": "old", "other": "new"}


async def test_put_transient(caller: Caller) -> None:
    m = await caller.map()
    assert await m.put_transient("k", "v") is None
    assert await m.get("k") == "v"


async def test_replace(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.replace("k", "new") == "old"
    assert await m.replace("missing", "new") is None
    assert await m.get("k") == "new"
    assert await m.contains_key("missing") is False


async def test_replace_if_same(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.replace_if_same("k", "wrong", "new") is False
    assert await m.get("k") == "old"
    assert await m.replace_if_same("k", "old", "new") is True
    assert await m.get("k") == "new"
    assert await m.replace_if_same("missing", "old", "new") is False


async def test_remove(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.remove("k") == "old"
    assert await m.remove("k") is None


async def test_remove_if_same(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.remove_if_same("k", "wrong") is False
    assert await m.contains_key("k") is True
    assert await m.remove_if_same("k", "old") is True
    assert await m.contains_key("k") is False


async def test_delete(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.delete("k") is None
    assert await m.delete("k") is None
    assert await m.get("k") is None


async def test_try_put_and_try_remove_of_a_free_key(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.try_put("k", "new") is True
    assert await m.try_put("k2", "new", timeout=1) is True
    assert await m.try_remove("k") is True
    assert await m.try_remove("k", timeout=1) is False
    assert await m.entry_set() == [("k2", "new")]


async def test_evict(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.evict("k") is True
    assert await m.evict("k") is False
    assert await m.get("k") is None


WRITES = ("put", "set", "put_if_absent", "put_transient")


async def test_time_to_live_and_idle_time_of_every_write(caller: Caller) -> None:
    m = await caller.map()
    for write in WRITES:
        operation = getattr(m, write)
        await operation(f"{write} ttl", "v", ttl=100)
        await operation(f"{write} idle", "v", max_idle=200)
        await operation(f"{write} both", "v", ttl=7.5, max_idle=100)
        await operation(f"{write} forever", "v", ttl=0, max_idle=0)
        await operation(f"{write} default", "v")
        assert (await m.get_entry_view(f"{write} ttl")).ttl == 100_000
        assert (await m.get_entry_view(f"{write} idle")).max_idle == 200_000
        both = await m.get_entry_view(f"{write} both")
        assert 7000 <= both.ttl <= 8000  # members count in full seconds
        assert both.max_idle == 100_000
        for lasting in ("forever", "default"):
            view = await m.get_entry_view(f"{write} {lasting}")
            assert min(view.ttl, view.max_idle) > 10**12  # the greatest number stands for "never"


@pytest.mark.parametrize("caller", ["futures"], indirect=True)
async def test_entries_expire(caller: Caller) -> None:
    m = await caller.map()
    began = caller.now()
    for write in WRITES:
        operation = getattr(m, write)
        await operation(f"{write} ttl", "v", ttl=1)
        await operation(f"{write} idle", "v", max_idle=1)
        await operation(f"{write} both", "v", ttl=1, max_idle=100)
        await operation(f"{write} short", "v", ttl=0.01)
        await operation(f"{write} forever", "v", ttl=0, max_idle=0)
        await operation(f"{write} default", "v")
        assert await m.contains_key(f"{write} idle") is True

    async def only_the_lasting_are_left() -> bool:
        # Reading would make an idle entry young again; counting does not.
        return bool(await m.size() == 8)

    await caller.until(only_the_lasting_are_left)
    assert caller.now() - began > 0.5
    assert {key.split()[1] for key in await m.key_set()} == {"forever", "default"}


async def test_set_ttl(caller: Caller) -> None:
    m = await filled(caller)
    assert await m.set_ttl("k", 100) is None
    view = await m.get_entry_view("k")
    assert view.ttl == 100_000
    assert 90_000 <= view.expiration_time - caller.now() * 1000 <= 110_000
    await m.set_ttl("k", 0)
    assert (await m.get_entry_view("k")).ttl > 10**12
    assert await m.set_ttl("missing", 1) is None


@pytest.mark.parametrize("caller", ["blocking"], indirect=True)
async def test_an_entry_with_a_new_time_to_live_expires(caller: Caller) -> None:
    m = await filled(caller)
    await m.set_ttl("k", 1)

    async def is_gone() -> bool:
        return await m.get("k") is None

    await caller.until(is_gone)


async def test_entry_view(caller: Caller) -> None:
    m = await caller.map(fresh_name("stats"))
    assert await m.get_entry_view("missing") is None
    before = caller.now() * 1000
    await m.put("k", "v", ttl=1000, max_idle=500)
    await m.put("k", "v2", ttl=1000, max_idle=500)
    await m.get("k")
    await m.get("k")
    view = await m.get_entry_view("k")
    assert (view.key, view.value) == ("k", "v2")
    assert view.hits == 3
    assert view.version == 1
    assert view.cost > 0
    assert view.ttl == 1_000_000
    assert view.max_idle == 500_000
    # Members keep times in full seconds.
    for moment in (view.creation_time, view.last_access_time, view.last_update_time):
        assert before - 2000 <= moment <= before + 60_000
    assert view.expiration_time > before


async def test_entry_view_without_statistics(caller: Caller) -> None:
    m = await filled(caller)
    view = await m.get_entry_view("k")
    assert (view.key, view.value, view.hits, view.creation_time) == ("k", "old", -1, -1)


async def test_values_of_every_built_in_kind(caller: Caller) -> None:
    m = await caller.map()
    for value in (1, -(2**31), 1.5, True, "", "ü𝄞", b"\x00\xff", [1, "a", None], {"a": [1]}, (1, 2)):
        await m.set("k", value)
        found = await m.get("k")
        assert found == (list(value) if isinstance(value, tuple) else value)


async def test_an_int_that_does_not_fit_is_refused(caller: Caller) -> None:
    m = await caller.map()
    for key, value in ((1, 2**31), (-(2**31) - 1, 1)):
        with pytest.raises(HazelcastSerializationError, match="default_int_type"):
            await m.put(key, value)
    assert await m.is_empty() is True


async def test_a_value_that_nothing_can_serialize_names_type_and_path(caller: Caller) -> None:
    m = await caller.map()
    with pytest.raises(HazelcastSerializationError, match="generator") as caught:
        await m.put("k", {"rows": [1, (i for i in range(3))]})
    assert "rows" in str(caught.value)
    assert await m.is_empty() is True
