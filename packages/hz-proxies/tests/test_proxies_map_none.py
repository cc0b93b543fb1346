"""A map holds no nulls: every argument that may not be None is refused by name, before anything is sent."""

from typing import Any

import pytest

import simulated_harness
from map_harness import Caller

caller = simulated_harness.caller

REFUSED: dict[str, tuple[str, ...]] = {
    "contains_key": ("key",),
    "contains_value": ("value",),
    "delete": ("key",),
    "evict": ("key",),
    "execute_on_key": ("key",),
    "force_unlock": ("key",),
    "get": ("key",),
    "get_all": ("keys",),
    "get_entry_view": ("key",),
    "is_locked": ("key",),
    "lock": ("key",),
    "put": ("key", "value"),
    "put_all": ("map",),
    "put_if_absent": ("key", "value"),
    "put_transient": ("key", "value"),
    "remove": ("key",),
    "remove_if_same": ("key", "value"),
    "replace": ("key", "value"),
    "replace_if_same": ("key", "old_value", "new_value"),
    "set": ("key", "value"),
    "set_ttl": ("key", "ttl"),
    "try_lock": ("key",),
    "try_put": ("key", "value"),
    "try_remove": ("key",),
    "unlock": ("key",),
}
"""Operations and the arguments that clients since 4.0 refuse when None."""

BEYOND: dict[str, tuple[str, ...]] = {
    "add_interceptor": ("interceptor",),
    "aggregate": ("aggregator",),
    "execute_on_entries": ("entry_processor",),
    "execute_on_key": ("entry_processor",),
    "execute_on_keys": ("keys", "entry_processor"),
    "project": ("projection",),
    "remove_all": ("predicate",),
    "remove_interceptor": ("registration_id",),
    "remove_entry_listener": ("registration_id",),
}
"""Further ones, where a None can only be a mistake."""

VALID: dict[str, Any] = {
    "key": "k",
    "value": "v",
    "old_value": "v",
    "new_value": "v",
    "ttl": 1,
    "keys": ["k"],
    "entry_processor": "no processor",
}


@pytest.mark.parametrize(
    ("operation", "argument"),
    [(name, argument) for table in (REFUSED, BEYOND) for name in table for argument in table[name]],
)
async def test_none_is_refused(caller: Caller, operation: str, argument: str) -> None:
    m = await caller.map()
    method = getattr(m.proxy, operation)
    names = [name for name in VALID if name in method.__annotations__ and name != argument]
    arguments: dict[str, Any] = {name: VALID[name] for name in names}
    with pytest.raises(AssertionError, match=rf"{argument}.* must not be None|None.*{argument}"):
        await caller.call(method, **arguments, **{argument: None})
    assert await m.is_empty() is True
