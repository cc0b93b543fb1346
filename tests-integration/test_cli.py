"""The command `hz` with a real member, in this process: entries, files, statements, members, top, bench, doctor."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

import hazelcast
from hazelcast.core import HazelcastJsonValue
from hz_cli.main import main
from hz_cli.records.writers import Writer
from hz_cli.transfer import dumping
from hz_cli.transfer.entries import EntryMaker
from hz_serialization import Long

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def client(started_member: str) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of the member that the command works with."""
    with hazelcast.HazelcastClient(cluster_members=[started_member]) as connected:
        yield connected


@pytest.fixture
def hz(
    started_member: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """Return a function that runs the command in an empty folder, and returns its exit code, output and errors."""
    monkeypatch.setenv("HZ_URL", f"hazelcast://{started_member}")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


def test_entries(hz: Run, client: hazelcast.HazelcastClient) -> None:
    assert hz("map", "put", "cli-entries", "1", "one") == (0, "", "")
    assert hz("map", "put", "cli-entries", "1", '{"a": 5}', "--ttl", "500") == (0, "one\n", "")
    assert hz("map", "get", "cli-entries", "1") == (0, '{"a": 5}\n', "")
    entries = client.get_map("cli-entries").blocking()
    assert entries.get(1) == HazelcastJsonValue('{"a": 5}')
    view = entries.get_entry_view(1)
    assert view is not None
    assert view.ttl == 500_000
    hz("map", "put", "cli-entries", "1", "text", "--key-type", "long", "--value-type", "str")
    assert entries.get(Long(1)) == "text"
    assert hz("map", "get", "cli-entries", "1", "--key-type", "long", "--json") == (0, '"text"\n', "")
    code, output, errors = hz("map", "get", "cli-entries", "2")
    assert (code, output) == (1, "")
    assert errors.startswith("hz: map cli-entries has no key 2 of type auto; ")
    code, _, errors = hz("map", "put", "cli-entries", "x", "5000000000")
    assert code == 1
    assert "bits" in errors
    assert "--value-type" in errors


@pytest.mark.parametrize("end", ["csv", "jsonl", "parquet"])
def test_a_map_survives_a_file(end: str, hz: Run, client: hazelcast.HazelcastClient) -> None:
    source = client.get_map(f"cli-source-{end}").blocking()
    source.put_all({n: HazelcastJsonValue({"name": f"n {n}", "half": n / 2}) for n in range(2500)})
    code, output, errors = hz("map", "dump", f"cli-source-{end}", f"m.{end}")
    assert (code, output, errors) == (0, "", f"2500 entries written to m.{end}\n")
    assert [path.name for path in Path().iterdir()] == [f"m.{end}"]
    code, output, errors = hz("map", "load", f"cli-target-{end}", f"m.{end}", "--batch", "300")
    assert (code, output, errors) == (0, "", f"2500 rows of m.{end} are in map cli-target-{end}\n")
    target = client.get_map(f"cli-target-{end}").blocking()
    loaded = {key: value.loads() for key, value in target.iter_items()}
    assert loaded == {n: {"name": f"n {n}", "half": n / 2} for n in range(2500)}
    assert [path.name for path in Path().iterdir()] == [f"m.{end}"]


def test_dumps_have_columns_for_fields(hz: Run, client: hazelcast.HazelcastClient) -> None:
    numbers = client.get_map("cli-numbers").blocking()
    numbers.put_all({n: n * n for n in range(10)})
    hz("map", "dump", "cli-numbers", "n.csv", "--key-column", "id")
    with open("n.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted((int(row["id"]), int(row["value"])) for row in rows) == [(n, n * n) for n in range(10)]
    hz("map", "dump", "cli-numbers", "n.parquet")
    assert sorted(pyarrow.parquet.read_table("n.parquet")["value"].to_pylist()) == [n * n for n in range(10)]
    assert hz("map", "dump", "cli-nobody", "x.csv")[0::2] == (
        1,
        f"hz: the cluster has no map cli-nobody; it has {', '.join(map_names(client))}\n",
    )


def map_names(client: hazelcast.HazelcastClient) -> list[str]:
    """Return the first 20 maps of users."""
    found = client.get_distributed_objects()
    names = sorted(o.name for o in found if o.service_name == "hz:impl:mapService" and o.name[:2] != "__")
    return names[:20]


def test_loads_with_types(hz: Run, client: hazelcast.HazelcastClient) -> None:
    Path("goods.csv").write_text("sku,name,price,zip\n00017,apple,1.20,01234\n00018,pear,2,\n")
    code, _, _ = hz("map", "load", "cli-goods", "goods.csv", "--key-column", "sku", "--type", "price=double")
    assert code == 0
    goods = client.get_map("cli-goods").blocking()
    assert goods.get("00017") == HazelcastJsonValue({"name": "apple", "price": 1.2, "zip": "01234"})
    assert goods.get("00018") == HazelcastJsonValue({"name": "pear", "price": 2.0, "zip": None})
    Path("pairs.jsonl").write_text('{"key": 7, "value": "9"}\n')
    hz(
        "map",
        "load",
        "cli-pairs",
        "pairs.jsonl",
        "--key-type",
        "long",
        "--value-type",
        "long",
        "--ttl",
        "600",
    )
    pairs = client.get_map("cli-pairs").blocking()
    assert pairs.get(Long(7)) == 9
    view = pairs.get_entry_view(Long(7))
    assert view is not None
    assert view.ttl == 600_000


def test_an_interrupted_load_goes_on(
    hz: Run, client: hazelcast.HazelcastClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{n},{n * 3}" for n in range(1000)]
    lines[655] = "655"
    Path("m.csv").write_text("\n".join(["key,value", *lines]))
    code, _, errors = hz("map", "load", "cli-resumed", "m.csv", "--batch", "100")
    assert code == 1
    assert "m.csv, line 657: the line has 1 fields, but the first one names 2 columns" in errors
    resumed = client.get_map("cli-resumed").blocking()
    assert resumed.size() == 600
    assert json.loads(Path("m.csv.progress").read_text())["progress"] == {"rows": 600}
    resumed.clear()
    # A file that has changed is another one.
    lines[655] = "655,1965"
    Path("m.csv").write_text("\n".join(["key,value", *lines]))
    code, _, errors = hz("map", "load", "cli-resumed", "m.csv")
    assert code == 2
    assert "is of another transfer: changed, size differ; to begin anew use --restart" in errors
    sent = 0

    class Interrupted(EntryMaker):
        def entry(self, row: dict[str, Any], number: int) -> tuple[Any, Any]:
            nonlocal sent
            sent += 1
            if sent == 650:
                raise KeyboardInterrupt
            return super().entry(row, number)

    monkeypatch.setattr("hz_cli.map_commands.EntryMaker", Interrupted)
    assert hz("map", "load", "cli-resumed", "m.csv", "--batch", "100", "--restart")[0] == 130
    noted = json.loads(Path("m.csv.progress").read_text())["progress"]["rows"]
    assert noted in range(0, 601, 100)
    code, _, errors = hz("map", "load", "cli-resumed", "m.csv", "--batch", "100")
    assert code == 0
    assert errors.startswith(f"going on after {noted} rows\n") or noted == 0
    assert dict(resumed.iter_items()) == {n: n * 3 for n in range(1000)}
    assert not Path("m.csv.progress").exists()


@pytest.mark.parametrize("end", ["csv", "jsonl"])
def test_an_interrupted_dump_goes_on(
    end: str, hz: Run, client: hazelcast.HazelcastClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = client.get_map("cli-dumped").blocking()
    source.put_all({n: str(n) for n in range(2000)})
    written = 0

    def interrupted(self: dumping.Dumper, *arguments: Any, **named: Any) -> Writer:
        made = original(self, *arguments, **named)
        write = made.write

        def counted(rows: Any) -> None:
            nonlocal written
            write(rows)
            written += 1
            if written == 5:
                raise KeyboardInterrupt

        monkeypatch.setattr(made, "write", counted)
        return made

    original = dumping.Dumper._new_writer
    monkeypatch.setattr(dumping.Dumper, "_new_writer", interrupted)
    assert hz("map", "dump", "cli-dumped", f"m.{end}")[0] == 130
    assert sorted(path.name for path in Path().iterdir()) == [f"m.{end}.part", f"m.{end}.progress"]
    code, _, errors = hz("map", "dump", "cli-dumped", f"m.{end}")
    assert code == 0
    assert errors.startswith("going on after ")
    assert int(errors.split()[3]) in range(1, 2000)
    assert errors.endswith(f"2000 entries written to m.{end}\n")
    text = Path(f"m.{end}").read_text()
    rows = (
        list(csv.DictReader(io.StringIO(text))) if end == "csv" else list(map(json.loads, text.splitlines()))
    )
    assert sorted(int(row["key"]) for row in rows) == list(range(2000))
    assert [path.name for path in Path().iterdir()] == [f"m.{end}"]


def test_statements(hz: Run, client: hazelcast.HazelcastClient) -> None:
    series = "SELECT v, v * 1.5 AS x, 'n' || CAST(v AS VARCHAR) AS name FROM TABLE(generate_series(1, 3)) ORDER BY v"
    assert hz("sql", series) == (
        0,
        "v | x   | name\n--+-----+-----\n1 | 1.5 | n1\n2 | 3.0 | n2\n3 | 4.5 | n3\n",
        "(3 rows)\n",
    )
    assert hz("sql", series, "--format", "csv")[1] == "v,x,name\r\n1,1.5,n1\r\n2,3.0,n2\r\n3,4.5,n3\r\n"
    assert (
        hz("sql", series, "--format", "records", "-n", "1")[1]
        == "-[ row 1 ]-\nv    | 1\nx    | 1.5\nname | n1\n"
    )
    assert [json.loads(line) for line in hz("sql", series, "--format", "jsonl")[1].splitlines()][2] == {
        "v": 3,
        "x": "4.5",
        "name": "n3",
    }
    assert hz("sql", "SELECT CAST(? AS INT) + 1 AS n", "-p", "41")[1].splitlines()[2] == "42"
    stream = "SELECT v FROM TABLE(generate_stream(1000))"
    assert hz("sql", stream, "-n", "3", "--format", "csv")[1] == "v\r\n0\r\n1\r\n2\r\n"
    assert hz("sql", series, "-o", "s.parquet") == (0, "", "3 rows written to s.parquet\n")
    table = pyarrow.parquet.read_table("s.parquet")
    assert table.to_pydict() == {"v": [1, 2, 3], "x": ["1.5", "3.0", "4.5"], "name": ["n1", "n2", "n3"]}
    assert str(table.schema.field("v").type) == "int32"
    code, output, errors = hz("sql", "SELECT * FROM cli_nothing")
    assert (code, output) == (1, "")
    assert errors.startswith("hz: Object 'cli_nothing' not found")
    Path("script.sql").write_text("-- two; statements\nSELECT 1 AS a;\nSELECT 2 AS b")
    assert hz("sql", "-f", "script.sql")[1] == "a\n-\n1\nb\n-\n2\n"
    client.get_map("cli_suggested").blocking().put(1, "x")
    errors = hz("sql", "SELECT * FROM cli_suggested")[2]
    assert errors.count("CREATE OR REPLACE EXTERNAL MAPPING") == 1
    assert hz("sql", "DROP MAPPING cli_suggested", "-o", "x.csv")[0] == 1
    assert not Path("x.csv").exists()


def test_members(hz: Run, started_member: str, client: hazelcast.HazelcastClient) -> None:
    client.get_map("cli-members").blocking().put(1, 1)
    (member,) = map(json.loads, hz("members", "--json")[1].splitlines())
    assert (member["address"], member["partitions"], member["lite"]) == (started_member, 271, False)
    assert member["ping_ms"] > 0
    code, output, _ = hz("members")
    assert code == 0
    for text in ("Cluster dev: 1 member", started_member, member["version"], "271"):
        assert text in output


def test_top_knows_members_maps_and_clients(
    hz: Run, started_member: str, client: hazelcast.HazelcastClient
) -> None:
    watched = client.get_map("cli-watched").blocking()
    watched.put_all({n: n for n in range(50)})
    looks: list[dict[str, Any]] = []
    row: dict[str, Any] = {}
    for _ in range(20):  # a look each 0.5 s, until two of the member's collections have seen the map
        for n in range(50):
            watched.get(n)
        looks = [
            json.loads(line)
            for line in hz("top", "--json", "--interval", "0.5", "--count", "3")[1].splitlines()
        ]
        (row,) = [row for row in looks[-1]["maps"] if row["name"] == "cli-watched"]
        if row["entries"] == 50 and looks[-1]["members"][0]["operations"] is not None:
            break
    assert row["entries"] == 50
    assert row["memory"] > 1000
    (member,) = looks[-1]["members"]
    assert member["address"] == started_member
    assert member["partitions"] == 271
    assert 0 < member["heap"] < member["heap_limit"]
    assert member["operations"] > 0
    assert looks[-1]["state"] == "ACTIVE"
    names = [found["name"] for found in looks[-1]["clients"]]
    assert "hz" in names
    assert client.name in names
    output = hz("top", "--once")[1]
    for text in (started_member, "cli-watched", client.name, "Cluster dev, ACTIVE: 1 members"):
        assert text in output


def test_bench_leaves_nothing(hz: Run, client: hazelcast.HazelcastClient) -> None:
    code, output, _ = hz("bench", "--seconds", "0.3", "--keys", "100", "--workers", "4", "--json")
    assert code == 0
    found = json.loads(output)
    assert found["errors"] == {}
    assert found["get"]["count"] > found["set"]["count"] > 0
    assert 0 < found["get"]["p50_ms"] <= found["get"]["p99_ms"] <= found["get"]["max_ms"]
    mine = client.get_map("cli-benched").blocking()
    mine.put("mine", 1)
    output = hz("bench", "--map", "cli-benched", "--seconds", "0.2", "--keys", "50", "--reads", "0")[1]
    assert "set:" in output
    assert "get" not in output
    assert mine.key_set() == ["mine"]
    assert not [name for name in map_names(client) if name.startswith("hz-bench-")]


def test_doctor(hz: Run, started_member: str) -> None:
    code, output, _ = hz("doctor", "--json")
    found = [json.loads(line) for line in output.splitlines()]
    by_check: dict[str, list[str]] = {}
    for finding in found:
        if "to answer" not in finding["text"]:  # where this machine is busy
            by_check.setdefault(finding["check"], []).append(finding["status"])
    assert code == 0
    for check in ("packages", "configuration", "ports", "cluster", "versions", "members", "clock", "SQL"):
        assert by_check[check] == ["ok"], output
    code, output, _ = hz("doctor", "--cluster", "other", "--connect-timeout", "0.2")
    assert code == 1
    assert "→ ask for the cluster's name, and say it with --cluster (now 'other')" in output
    code, output, _ = hz(
        "doctor", "--url", f"hazelcast://{started_member}/?tls=true", "--connect-timeout", "0.2"
    )
    assert code == 1
    assert " failed  TLS: " in output
