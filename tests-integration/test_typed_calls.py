"""The results that typed/*.txt states for type checkers are those that the calls have on real members."""

import ast
import inspect
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import pytest

import hazelcast
import hazelcast.asyncio
from cp_harness import CPCluster
from hz_core.future import Future
from hz_embedded import Cluster
from map_harness import LIMIT, fresh_name
from typed_calls import Call, Section, Table, of_surface, tables

TABLES = tables()


def sections(members: str) -> pytest.MarkDecorator:
    """Return the parameters of a test: each section for members of a fixture, on each surface."""
    cases = [
        pytest.param(table, section, surface, id=f"{table.path.stem}:{section.line}-{surface}")
        for table in TABLES
        if table.members == members
        for section in table.sections
        if section.getter
        for surface in table.surfaces
    ]
    return pytest.mark.parametrize(("table", "section", "surface"), cases)


def conforms(value: Any, hint: Any) -> bool:
    """Return whether a value has a type, its items included."""
    arguments, kind = get_args(hint), get_origin(hint) or hint
    if kind in (Union, UnionType):
        return any(conforms(value, argument) for argument in arguments)
    if kind is Any:
        return True
    if kind in (int, float) and isinstance(value, bool):
        return False
    is_one = isinstance(value, NoneType if kind is None else (int, float) if kind is float else kind)
    if not is_one:
        return False
    if kind is tuple and arguments[-1] is not ...:
        return len(value) == len(arguments) and all(map(conforms, value, arguments))
    if kind is dict:
        return all(conforms(k, arguments[0]) and conforms(v, arguments[1]) for k, v in value.items())
    if kind in (list, set, tuple):
        return all(conforms(item, arguments[0]) for item in value)
    return True


class Program:
    """Runs the lines of a section on one surface.

    Args:
        table: The file.
        surface: The surface.
        variables: The variables that the lines use.
    """

    def __init__(self, table: Table, surface: str, variables: Mapping[str, object]) -> None:
        self._table = table
        self._surface = surface
        self._variables: dict[str, Any] = {"Any": Any, "Future": Future, "hazelcast": hazelcast}
        exec("from typing import assert_type", self._variables)
        for line in table.imports:
            exec(of_surface(line, surface), self._variables)
        self._variables |= variables

    async def evaluate(self, code: str, mode: str = "eval") -> Any:
        """Run an expression or a statement, which may await something."""
        compiled = compile(of_surface(code, self._surface), code, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        found = eval(compiled, self._variables)
        return await found if compiled.co_flags & inspect.CO_COROUTINE else found

    async def begin(self, section: Section) -> None:
        """Get the object."""
        self._variables["it"] = await self.evaluate(section.getter_of(self._surface))
        self._check(section.line, section.getter, self._variables["it"], section.type)

    async def run(self, call: Call) -> None:
        """Make a call and check its result, unless it is for another surface or an error."""
        if call.error is not None or call.surface not in (None, self._surface):
            return
        if call.result is None:
            await self.evaluate(call.expression(), "exec")
            return
        result = await self.evaluate(call.expression())
        if not call.at_once and call.surface is None:
            if self._surface == "futures":
                assert isinstance(result, Future)
                result = result.result(LIMIT)
            elif self._surface == "asyncio":
                result = await result
        self._check(call.line, call.code, result, call.result)
        if call.bound:
            self._variables[call.bound] = result

    async def end(self) -> None:
        """Destroy the object, if it can be."""
        destroy = getattr(self._variables["it"], "destroy", None)
        if destroy is not None:
            destroyed = destroy()
            assert isinstance(await destroyed if self._surface == "asyncio" else destroyed, bool)

    def _check(self, line: int, code: str, result: object, kind: str) -> None:
        hint = eval(of_surface(kind, self._surface), self._variables)
        assert conforms(result, hint), f"{self._table.path.name}:{line}: {code} is {result!r}, not {kind}"


@asynccontextmanager
async def client_of(
    surface: str, threads: hazelcast.HazelcastClient, addresses: list[str]
) -> AsyncIterator[Any]:
    """Yield a client of the surface; of threads it is the one that is there."""
    if surface != "asyncio":
        yield threads
        return
    async with hazelcast.asyncio.HazelcastClient(cluster_members=addresses) as client:
        yield client


async def make_calls(table: Table, section: Section, surface: str, client: Any, **given: object) -> None:
    """Make the calls of a section and check their results."""
    program = Program(table, surface, {"client": client, "name": fresh_name("typed"), **given})
    await program.begin(section)
    for call in section.calls:
        await program.run(call)
    await program.end()


@sections("cluster")
async def test_structures(
    table: Table, section: Section, surface: str, cluster: Cluster, client: hazelcast.HazelcastClient
) -> None:
    async with client_of(surface, client, cluster.addresses) as caller:
        if "tx" not in section.getter:
            await make_calls(table, section, surface, caller)
        elif surface == "asyncio":
            async with caller.new_transaction() as tx:
                await make_calls(table, section, surface, caller, tx=tx)
        else:
            with caller.new_transaction() as tx:
                await make_calls(table, section, surface, caller, tx=tx)


@sections("cp")
async def test_cp_objects(table: Table, section: Section, surface: str, cp: CPCluster) -> None:
    async with client_of(surface, cp.client, cp.members.addresses) as caller:
        await make_calls(table, section, surface, caller)


@pytest.fixture(scope="module")
def sql_client(sql_cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of the member that knows SQL."""
    with hazelcast.HazelcastClient(cluster_members=sql_cluster.addresses) as connected:
        yield connected


@sections("sql_cluster")
async def test_sql(
    table: Table,
    section: Section,
    surface: str,
    sql_cluster: Cluster,
    sql_client: hazelcast.HazelcastClient,
) -> None:
    async with client_of(surface, sql_client, sql_cluster.addresses) as caller:
        sql = caller.sql.blocking() if surface == "blocking" else caller.sql
        executed = sql.execute("SELECT v FROM TABLE(GENERATE_SERIES(1, 3)) AS t(v)")
        result = await executed if surface != "blocking" else executed
        await make_calls(table, section, surface, caller, result=result)


@pytest.mark.parametrize(
    ("value", "hint", "right"),
    [
        (1, int, True),
        (True, int, False),
        (True, bool, True),
        (1, float, True),
        ("a", float, False),
        (None, None, True),
        (None, int | None, True),
        (1, str | None, False),
        ([1, 2], list[int], True),
        ([1, "a"], list[int], False),
        ({"a": 1}, dict[str, int], True),
        ({"a": None}, dict[str, int], False),
        ([("a", 1)], list[tuple[str, int]], True),
        ([("a",)], list[tuple[str, int]], False),
        ((1, "a"), tuple[Any, ...], True),
        ({1}, set[str], False),
        pytest.param(iter("a"), Iterator[str], True, id="an iterator"),
        (5, Iterator[str], False),
    ],
    ids=repr,
)
def test_types_of_values(value: object, hint: Any, right: bool) -> None:
    assert conforms(value, hint) is right
