"""Entry processors and interceptors, on all three surfaces."""

import pytest

from hz_core.errors import HazelcastError
from hz_proxies import predicate
from hz_serialization import HazelcastSerializationError
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput
from map_harness import Caller
from member_side import Adder, Joiner, Shouter


class Unknown(IdentifiedDataSerializable):
    """No member knows its class."""

    def get_factory_id(self) -> int:
        return 4711

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """No fields."""

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        """No fields."""


async def test_execute_on_key(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", 1)
    assert await m.execute_on_key("k", Adder(10)) == 1
    assert await m.get("k") == 11
    assert await m.execute_on_key("new", Adder(5)) is None
    assert await m.get("new") == 5


async def test_submit_to_key(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", 1)
    assert await m.submit_to_key("k", Adder(10)) == 1
    assert await m.get("k") == 11
    for arguments in ((None, Adder(1)), ("k", None)):
        with pytest.raises(AssertionError, match="must not be None"):
            await m.submit_to_key(*arguments)


async def test_replace_all(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({key: key * key for key in range(20)})
    assert await m.replace_all(Joiner()) is None
    assert dict(await m.entry_set()) == {key: f"{key}: {key * key}" for key in range(20)}
    with pytest.raises(AssertionError, match=r"function of .* must not be None"):
        await m.replace_all(None)


async def test_execute_on_keys(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({key: key for key in range(10)})
    assert await m.execute_on_keys([], Adder(1)) == []
    found = await m.execute_on_keys([2, 3, 4], Adder(100))
    assert isinstance(found, list)
    assert dict(found) == {2: 2, 3: 3, 4: 4}
    assert await m.get_all([1, 2, 3, 4, 5]) == {1: 1, 2: 102, 3: 103, 4: 104, 5: 5}


async def test_execute_on_keys_of_the_caller(caller: Caller) -> None:
    m = await caller.map()
    keys = [("k", 1), ("k", 2)]
    for number, key in enumerate(keys):
        await m.put(key, number)
    found = await m.execute_on_keys((key for key in keys), Adder(1))
    assert dict(found) == {keys[0]: 0, keys[1]: 1}


async def test_execute_on_entries(caller: Caller) -> None:
    m = await caller.map()
    await m.put_all({key: key for key in range(10)})
    assert dict(await m.execute_on_entries(Adder(100))) == {key: key for key in range(10)}
    found = await m.execute_on_entries(Adder(1000), predicate.less("__key", 2))
    assert dict(found) == {0: 100, 1: 101}
    assert dict(await m.entry_set(predicate.less("__key", 3))) == {0: 1100, 1: 1101, 2: 102}


async def test_an_error_of_the_processor_reaches_the_caller(caller: Caller) -> None:
    m = await caller.map()
    await m.put("k", 1)
    with pytest.raises(HazelcastError, match="refused in the entry processor"):
        await m.execute_on_key("k", Adder(0))
    assert await m.get("k") == 1


async def test_a_processor_that_the_member_does_not_know(caller: Caller) -> None:
    m = await caller.map()
    with pytest.raises(HazelcastSerializationError, match="4711"):
        await m.execute_on_key("k", Unknown())


async def test_interceptor(caller: Caller) -> None:
    m = await caller.map()
    await m.put("before", "x")
    registration = await m.add_interceptor(Shouter())
    assert isinstance(registration, str)
    assert registration
    await m.put("k", "word")
    assert await m.get("k") == "WORD!"
    assert await m.get("before") == "x!"
    assert await m.remove("k") == "WORD?"
    assert await m.remove_interceptor(registration) is True
    assert await m.remove_interceptor(registration) is False
    await m.put("k", "word")
    assert await m.get("k") == "word"
