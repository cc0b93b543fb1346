"""The three surfaces of a map are one API: the documented one of clients since 4.0, and nothing may drift."""

import ast
import inspect
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any, get_origin
from unittest.mock import create_autospec

import pytest

from hz_core.future import Future
from hz_core.op import Op
from hz_core.surfaces import AsyncioSurface, BlockingSurface, FuturesSurface
from hz_proxies.map import BlockingMap, Map
from hz_proxies.map.aio import AsyncMap
from hz_proxies.map.operations import MapOperations

SURFACES: list[type[Any]] = [Map, BlockingMap, AsyncMap]
DICTIONARY = {"items", "keys", "pop", "popitem", "setdefault", "update"}
"""What only the blocking map has, as a Python mapping; `items` also iterates an asyncio map."""

DOCUMENTED = """
add_entry_listener(include_value=False, key=None, predicate=None, added_func=None, removed_func=None, \
updated_func=None, evicted_func=None, evict_all_func=None, clear_all_func=None, merged_func=None, \
expired_func=None, loaded_func=None)
add_index(attributes=None, index_type=0, name=None, bitmap_index_options=None)
add_interceptor(interceptor)
clear()
contains_key(key)
contains_value(value)
delete(key)
entry_set(predicate=None)
evict(key)
evict_all()
execute_on_entries(entry_processor, predicate=None)
execute_on_key(key, entry_processor)
execute_on_keys(keys, entry_processor)
flush()
force_unlock(key)
get(key)
get_all(keys)
get_entry_view(key)
is_empty()
is_locked(key)
key_set(predicate=None)
load_all(keys=None, replace_existing_values=True)
lock(key, lease_time=None)
put(key, value, ttl=None, max_idle=None)
put_all(map)
put_if_absent(key, value, ttl=None, max_idle=None)
put_transient(key, value, ttl=None, max_idle=None)
remove(key)
remove_if_same(key, value)
remove_entry_listener(registration_id)
replace(key, value)
replace_if_same(key, old_value, new_value)
set(key, value, ttl=None, max_idle=None)
set_ttl(key, ttl)
size()
try_lock(key, lease_time=None, timeout=0)
try_put(key, value, timeout=0)
try_remove(key, timeout=0)
unlock(key)
values(predicate=None)
aggregate(aggregator, predicate=None)
project(projection, predicate=None)
remove_all(predicate)
remove_interceptor(registration_id)
destroy()
"""
"""The operations of a map in clients since 4.0, and the four that came with 5.0."""

BEYOND = {
    "add_partition_lost_listener", "from_pandas", "from_parquet", "iter_event_journal", "iter_items", "iter_keys",
    "iter_values", "load_arrow", "remove_partition_lost_listener", "replace_all", "submit_to_key",
    "subscribe_to_event_journal", "to_arrow",
}  # fmt: skip
"""The operations of a map that no other client for Python has."""

ITERATORS = sorted(name for name in BEYOND if name.startswith("iter_"))
"""Those that return an iterator at once, whose pages are operations."""

ROWS = [line for line in DOCUMENTED.strip().splitlines() if line]


def public(cls: type[Any]) -> dict[str, Callable[..., Any]]:
    """Return the public methods of a class, its bases' included."""
    return {name: value for name, value in inspect.getmembers(cls, callable) if not name.startswith("_")}


def parameters(method: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Return name, kind and default of each parameter but `self`."""
    found = list(inspect.signature(method).parameters.values())[1:]
    return [(parameter.name, parameter.kind, parameter.default) for parameter in found]


def drift(surface: type[Any], own: set[str]) -> set[str]:
    """Return the methods that a surface lacks, or has beyond the operations, what all surfaces have, and its `own`."""
    return set(public(surface)) ^ (set(public(MapOperations)) | {"destroy", "with_timeout"} | own)


def test_all_surfaces_have_the_operations_and_nothing_else() -> None:
    assert drift(Map, {"blocking", "pipeline"}) == set()
    assert drift(BlockingMap, DICTIONARY | {"blocking", "lock_context", "pipeline"}) == set()
    assert drift(AsyncMap, {"items", "lock_context", "pipeline"}) == set()
    documented = {row.partition("(")[0] for row in ROWS} - {"destroy"}
    assert set(public(MapOperations)) == documented | BEYOND


def test_a_method_that_is_missing_or_too_much_is_found() -> None:
    methods = {name: method for name, method in vars(Map).items() if name != "put"}
    lacking = type("Lacking", Map.__bases__, {**methods, "more": Map.put})
    assert drift(lacking, {"blocking", "pipeline"}) == {"put", "more"}


class Caller:
    """Returns what it is told to run, and how; awaitable for surfaces of asyncio."""

    def __init__(self, surface: type[Any]) -> None:
        self._is_asyncio = surface is AsyncMap

    def call(self, op: Any) -> Any:
        """Take an operation of one request."""
        return self._result(Op, op)

    def run(self, flow: Any) -> Any:
        """Take an operation of several steps."""
        return self._result(Generator, flow)

    def _result(self, *result: Any) -> Any:
        async def later() -> Any:
            return result

        return later() if self._is_asyncio else result


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: str(surface.__name__))
@pytest.mark.parametrize("name", sorted(set(public(MapOperations)) - set(ITERATORS)))
async def test_calls_the_operation_with_the_arguments(surface: type[Any], name: str) -> None:
    operation = inspect.signature(getattr(MapOperations, name))
    wanted = {parameter: object() for parameter in operation.parameters if parameter != "self"}
    operations = create_autospec(MapOperations, instance=True)
    returned = getattr(surface(Caller(surface), operations), name)(**wanted)
    kind, made = (await returned) if inspect.isawaitable(returned) else returned
    ((called, args, kwargs),) = operations.method_calls
    assert called == name
    assert operation.bind(None, *args, **kwargs).arguments == {"self": None, **wanted}
    assert get_origin(operation.return_annotation) is kind
    assert made is getattr(operations, name).return_value


@pytest.mark.parametrize("name", sorted(set(public(MapOperations)) - set(ITERATORS)))
def test_results_are_the_same_and_wrapped_as_the_surface_says(name: str) -> None:
    returned = [str(inspect.signature(getattr(surface, name)).return_annotation) for surface in SURFACES]
    futures, blocking, asyncio = returned
    assert futures.startswith(f"{Future.__module__}.{Future.__qualname__}[")
    assert blocking == asyncio
    assert not inspect.iscoroutinefunction(getattr(Map, name))
    assert not inspect.iscoroutinefunction(getattr(BlockingMap, name))
    assert inspect.iscoroutinefunction(getattr(AsyncMap, name))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: str(surface.__name__))
@pytest.mark.parametrize("name", ITERATORS)
def test_iterators_are_of_the_surface(surface: type[Any], name: str) -> None:
    bases: dict[Any, tuple[type[Any], ...]] = {
        Map: (Iterator, FuturesSurface),
        BlockingMap: (Iterator, BlockingSurface),
        AsyncMap: (AsyncIterator, AsyncioSurface),
    }
    operation = inspect.signature(getattr(MapOperations, name))
    wanted = {parameter: object() for parameter in operation.parameters if parameter != "self"}
    operations = create_autospec(MapOperations, instance=True)
    made = getattr(surface(Caller(surface), operations), name)(**wanted)
    ((called, args, kwargs),) = operations.method_calls
    assert (called, operation.bind(None, *args, **kwargs).arguments) == (name, {"self": None, **wanted})
    assert [base for base in bases[surface] if not isinstance(made, base)] == []
    assert made._ops is getattr(operations, name).return_value


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: str(surface.__name__))
@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row).partition("(")[0])
def test_documented_rows_have_compatible_parameters(surface: type[Any], row: str) -> None:
    name, _, arguments = row.partition("(")
    (documented,) = ast.parse(f"def f({arguments[:-1]}): pass").body
    assert isinstance(documented, ast.FunctionDef)
    names = [argument.arg for argument in documented.args.args]
    defaults = [ast.literal_eval(default) for default in documented.args.defaults]
    wanted = [inspect.Parameter.empty] * (len(names) - len(defaults)) + defaults
    found = parameters(getattr(surface, name))
    if name != "destroy":  # which is the client's
        assert found.pop() == ("call_timeout", inspect.Parameter.KEYWORD_ONLY, None)
    assert [name for name, _, _ in found[: len(names)]] == names
    assert [default for _, _, default in found[: len(names)]] == wanted
    assert {kind for _, kind, _ in found} <= {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    # What came later must not be asked of programs that know nothing of it.
    assert all(default is not inspect.Parameter.empty for _, _, default in found[len(names) :])


def test_each_surface_stands_on_its_own_base() -> None:
    assert issubclass(Map, FuturesSurface)
    assert issubclass(BlockingMap, BlockingSurface)
    assert issubclass(AsyncMap, AsyncioSurface)
    assert inspect.signature(Map.blocking).return_annotation != inspect.Signature.empty
