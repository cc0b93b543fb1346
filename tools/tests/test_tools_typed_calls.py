"""The tables of typed calls are read right, and have each operation of each structure."""

from pathlib import Path

import pytest

from generate_surfaces import Structure
from repository import ROOT
from typed_calls import SURFACES, Call, Table, of_surface, tables

SAMPLE = """\
# About lists.
from hz_proxies.list.@ import *List
surfaces: blocking asyncio
given: tx: *Transaction
members: cluster

*List[int] = client.get_list(name, item=int)
    add(1) -> bool
    = iter_items() -> *Pages[int]
    found = get(0) -> int
    add("a") !! arg-type
    blocking: it[0] -> int
    asyncio: await it.clear()

*Sql == client.sql
*Job
    join() -> None
"""


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Return the sample."""
    path = tmp_path / "sample.txt"
    path.write_text(SAMPLE)
    return Table.read(path)


def test_a_table(table: Table) -> None:
    assert (table.surfaces, table.given, table.members) == (
        ("blocking", "asyncio"),
        {"tx": "*Transaction"},
        "cluster",
    )
    assert [(section.line, section.name, section.at_once) for section in table.sections] == [
        (7, "List", False),
        (15, "Sql", True),
        (16, "Job", False),
    ]
    assert table.sections[0].calls == [
        Call(8, "add(1)", "bool", None, None, False, None),
        Call(9, "iter_items()", "*Pages[int]", None, None, True, None),
        Call(10, "get(0)", "int", None, None, False, "found"),
        Call(11, 'add("a")', None, "arg-type", None, False, None),
        Call(12, "it[0]", "int", None, "blocking", False, None),
        Call(13, "await it.clear()", None, None, "asyncio", False, None),
    ]


def test_programs(table: Table) -> None:
    programs = {surface: table.program(surface) for surface in SURFACES}
    assert "from hz_proxies.list.futures import List\n" in programs["futures"]
    assert "from hz_proxies.list.blocking import BlockingList\n" in programs["blocking"]
    assert "from hz_proxies.list.aio import AsyncList\n" in programs["asyncio"]
    for surface, lines in {
        "futures": (
            "def line_7(client: hazelcast.HazelcastClient, name: str, tx: Transaction) -> None:",
            "    it = assert_type(client.get_list(name, item=int), List[int])",
            "    assert_type(it.add(1), Future[bool])  # line 8",
            "    assert_type(it.iter_items(), Pages[int])  # line 9",
            "    found = assert_type(it.get(0), Future[int]).result()",
            '    it.add("a")  # type: ignore[arg-type]  # line 11',
            "    it = assert_type(client.sql, Sql)",
            "    assert_type(it.join(), Future[None])  # line 17",
        ),
        "blocking": (
            "    it = assert_type(client.get_list(name, item=int).blocking(), BlockingList[int])",
            "    assert_type(it.add(1), bool)  # line 8",
            "    found = assert_type(it.get(0), int)",
            "    assert_type(it[0], int)  # line 12",
            "    it = assert_type(client.sql.blocking(), BlockingSql)",
        ),
        "asyncio": (
            "async def line_7(client: hazelcast.asyncio.HazelcastClient, name: str, tx: AsyncTransaction) -> None:",
            "    it = assert_type(await client.get_list(name, item=int), AsyncList[int])",
            "    assert_type(await it.add(1), bool)  # line 8",
            "    assert_type(it.iter_items(), AsyncPages[int])  # line 9",
            "    found = assert_type(await it.get(0), int)",
            "    await it.clear()  # line 13",
            "    it = assert_type(client.sql, AsyncSql)",
        ),
    }.items():
        written = programs[surface].splitlines()
        assert [line for line in lines if line not in written] == []
    assert "it[0]" not in programs["futures"]
    assert "it.clear()" not in programs["blocking"]


def test_only_names_of_surfaces_are_replaced() -> None:
    assert of_surface("list[*Job] | *Pages[str]", "asyncio") == "list[AsyncJob] | AsyncPages[str]"


def test_a_line_that_is_no_heading(tmp_path: Path) -> None:
    path = tmp_path / "bad.txt"
    path.write_text("\nnothing here\n")
    with pytest.raises(ValueError, match=r"bad\.txt:2: neither an import nor a heading: nothing here"):
        Table.read(path)


def test_every_operation_is_there() -> None:
    stated: dict[str, set[str | None]] = {}
    for table in tables():
        for section in table.sections:
            calls = {call.operation for call in section.calls if call.result is not None}
            stated.setdefault(section.name, set()).update(calls)
    structures = [Structure(path) for path in ROOT.glob("packages/*/src/*/*/**/operations.py")]
    missing = {
        structure.name: left
        for structure in structures
        if (left := structure.methods.keys() - stated.get(structure.name, set()))
    }
    assert missing == {}
    assert len(structures) > 30
