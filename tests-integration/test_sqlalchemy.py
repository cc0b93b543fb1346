"""The dialect of SQLAlchemy on a real member: statements, mappings, reflection, both kinds of engines, pandas."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pandas as pd  # type: ignore[import-untyped]  # its stubs are another package
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hazelcast.sqlalchemy import sink
from hz_embedded import Cluster
from map_harness import fresh_name


@pytest.fixture(scope="module")
def engine(sql_cluster: Cluster) -> Iterator[sa.Engine]:
    """Yield an engine for threads."""
    made = sa.create_engine(f"hazelcast://{sql_cluster.addresses[0]}/{sql_cluster.cluster_name}")
    made.connect().close()
    yield made
    made.dispose()


@pytest.fixture
async def async_engine(sql_cluster: Cluster) -> AsyncIterator[AsyncEngine]:
    """Yield an engine for asyncio."""
    made = create_async_engine(f"hazelcast+aio://{sql_cluster.addresses[0]}")
    yield made
    await made.dispose()


@pytest.fixture
def people(engine: sa.Engine) -> Iterator[sa.Table]:
    """Yield a mapping with three rows."""
    table = sa.Table(
        fresh_name("people"),
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(30)),
        sa.Column("age", sa.BigInteger),
    )
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(
            table.insert(), [{"id": n, "name": name, "age": 30 + n} for n, name in enumerate("abc")]
        )
    yield table
    table.drop(engine)


def rows(engine: sa.Engine, statement: Any, *parameters: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(statement, *parameters)]


def test_select(engine: sa.Engine, people: sa.Table) -> None:
    c = people.c
    ordered = sa.select(people).order_by(c.id)
    assert rows(engine, ordered) == [(0, "a", 30), (1, "b", 31), (2, "c", 32)]
    assert rows(engine, ordered.limit(1).offset(1)) == [(1, "b", 31)]
    assert rows(engine, sa.select(c.name).where(c.id == 2)) == [("c",)]
    assert rows(engine, sa.select(c.name).where(c.id.in_([0, 2])).order_by(c.name)) == [("a",), ("c",)]
    assert rows(engine, sa.select(c.name).where(c.id.in_([]))) == []
    assert rows(engine, sa.select(sa.func.count(), sa.func.max(c.age))) == [(3, 32)]
    assert rows(engine, sa.select(sa.literal("x"), c.id + 1).where(c.name == "a")) == [("x", 1)]
    assert rows(engine, sa.text("SELECT 1 + CAST(:n AS INTEGER)"), {"n": 2}) == [(3,)]
    other = people.alias()
    joined = sa.select(c.name).join(other, c.id == other.c.id).where(other.c.age > 31)
    assert rows(engine, joined) == [("c",)]
    with engine.connect() as connection:
        (row,) = connection.execute(sa.select(people).where(c.id == 1)).mappings()
        assert dict(row) == {"id": 1, "name": "b", "age": 31}


def test_changes(engine: sa.Engine, people: sa.Table) -> None:
    c = people.c
    with engine.begin() as connection:
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(people.insert().values(id=0, name="again", age=1))
        connection.execute(sink(people).values(id=0, name="again", age=1))
        connection.execute(sink(people), [{"id": 3, "name": "d", "age": 2}, {"id": 2, "name": "e", "age": 3}])
        connection.execute(
            people.insert().values([{"id": 4, "name": "f", "age": 4}, {"id": 5, "name": "g", "age": 5}])
        )
        connection.execute(people.update().where(c.id == 1).values(name="new", age=c.age + 1))
        connection.execute(people.delete().where(c.id == 5))
        connection.commit()
    assert rows(engine, sa.select(people).order_by(c.id)) == [
        (0, "again", 1), (1, "new", 32), (2, "e", 3), (3, "d", 2), (4, "f", 4),
    ]  # fmt: skip


def test_types(engine: sa.Engine) -> None:
    values: dict[str, tuple[Any, Any]] = {
        "a": (sa.SmallInteger(), 7), "b": (sa.Boolean(), True), "c": (sa.Numeric(10, 2), Decimal("1.25")),
        "d": (sa.Float(), 0.1), "e": (sa.Date(), date(2026, 1, 2)), "f": (sa.Time(), time(3, 4, 5)),
        "g": (sa.DateTime(), datetime(2026, 1, 2, 3, 4, 5, 678)), "h": (sa.Text(), "ü"),
        "i": (sa.DateTime(timezone=True), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)), "j": (sa.BigInteger(), 2**60),
    }  # fmt: skip
    columns = [sa.Column(name, type_) for name, (type_, _) in values.items()]
    table = sa.Table(fresh_name("types"), sa.MetaData(), sa.Column("__key", sa.Integer), *columns)
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(
            table.insert(), {"__key": 1, **{name: value for name, (_, value) in values.items()}}
        )
        connection.execute(table.insert(), {"__key": 2})
    first, second = rows(engine, sa.select(table).order_by(table.c["__key"]))
    assert first == (1, *(value for _, value in values.values()))
    assert [type(value) for value in first[1:]] == [type(value) for _, value in values.values()]
    assert second == (2, *(None for _ in values))
    binary = sa.Table("binary", sa.MetaData(), sa.Column("__key", sa.Integer), sa.Column("b", sa.LargeBinary))
    with pytest.raises(sa.exc.CompileError, match="no type for bytes"):
        binary.create(engine)


def test_json(engine: sa.Engine) -> None:
    """A text in a record, and a whole value."""
    values = [{"a": {"b": [1, True, None, "ü"]}, "a \"quoted\" 'key'": 1.5}, ["x"], "text", 5, None]
    for name in ("details", "this"):
        key = sa.Column("__key", sa.Integer, primary_key=True)
        table = sa.Table(fresh_name("json"), sa.MetaData(), key, sa.Column(name, sa.JSON))
        column = table.c[name]
        table.create(engine)
        with engine.begin() as connection:
            connection.execute(table.insert(), [{"__key": n, name: value} for n, value in enumerate(values)])
        assert rows(engine, sa.select(column).order_by(key)) == [(value,) for value in values]
        inner = column["a"]["b"]
        parts = sa.select(
            inner, inner[0].as_integer(), column[("a", "b", 1)].as_boolean(), inner[3].as_string()
        ).where(column["a \"quoted\" 'key'"].as_float() == 1.5)
        assert rows(engine, parts) == [([1, True, None, "ü"], 1, True, "ü")]
        assert rows(engine, sa.select(key).where(column[0].as_string() == "x")) == [(1,)]
        types = {one["name"]: one["type"] for one in sa.inspect(engine).get_columns(table.name)}
        assert isinstance(types[name], sa.JSON if name == "this" else sa.VARCHAR)


def test_json_functions_of_the_program(sql_cluster: Cluster) -> None:
    made = sa.create_engine(
        f"hazelcast://{sql_cluster.addresses[0]}",
        json_serializer=lambda value: f'{{"value": {value}}}',
        json_deserializer=lambda value: f"read {value}",
    )
    table = sa.Table(
        fresh_name("json"), sa.MetaData(), sa.Column("__key", sa.Integer), sa.Column("this", sa.JSON)
    )
    table.create(made)
    with made.begin() as connection:
        connection.execute(table.insert(), {"__key": 1, "this": 5})
    assert rows(made, sa.select(table.c.this)) == [('read {"value": 5}',)]
    made.dispose()


def test_what_is_converted(engine: sa.Engine) -> None:
    """UUIDs are texts, numbers are decimal ones, and literals keep their microseconds."""
    table = sa.Table(
        fresh_name("converted"),
        sa.MetaData(),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("at", sa.DateTime),
        sa.Column("hour", sa.Time),
    )
    table.create(engine)
    row = {
        "id": uuid4(),
        "price": 0.1,
        "at": datetime(2026, 1, 2, 3, 4, 5, 678901),
        "hour": time(3, 4, 5, 678901),
    }
    with engine.begin() as connection:
        connection.execute(table.insert(), row)
    literally = [table.c[name] == sa.literal(row[name], literal_execute=True) for name in ("at", "hour")]
    assert rows(engine, sa.select(table).where(*literally)) == [
        tuple({**row, "price": Decimal("0.1")}.values())
    ]
    assert rows(engine, sa.select(1 + sa.literal(2**40)).where(sa.literal("a") == sa.literal("a"))) == [
        (2**40 + 1,)
    ]
    values = sa.values(sa.column("n", sa.Integer), sa.column("s", sa.String), name="v").data(
        [(1, "a"), (2, "b")]
    )
    assert rows(engine, sa.select(values.c.s).where(values.c.n == 2)) == [("b",)]


def test_names_of_columns(engine: sa.Engine) -> None:
    """Members take dots and brackets in the names of fields for paths."""
    names = ["k.1", "[k]", "_k_", "v.1", "v_1", "[v]", "v%", "q?"]
    columns = [sa.Column(name, sa.Integer, primary_key="k" in name) for name in names]
    table = sa.Table(
        fresh_name("names"), sa.MetaData(), *columns, sa.PrimaryKeyConstraint("[k]", "k.1", "_k_")
    )
    table.create(engine)
    row = {name: number for number, name in enumerate(names)}
    with engine.begin() as connection:
        connection.execute(table.insert(), row)
    assert rows(engine, sa.select(table).where(table.c["v.1"] == 3)) == [tuple(row.values())]
    inspector = sa.inspect(engine)
    assert inspector.get_pk_constraint(table.name)["constrained_columns"] == ["[k]", "k.1", "_k_"]
    assert {column["name"]: column["nullable"] for column in inspector.get_columns(table.name)} == {
        name: "k" not in name for name in names
    }


def test_reflection(engine: sa.Engine, people: sa.Table) -> None:
    inspector = sa.inspect(engine)
    assert people.name in inspector.get_table_names()
    assert inspector.has_table(people.name)
    assert not inspector.has_table("nothing")
    found = sa.Table(people.name, sa.MetaData(), autoload_with=engine)
    assert [(column.name, str(column.type)) for column in found.c] == [
        ("id", "INTEGER"), ("name", "VARCHAR"), ("age", "BIGINT"),
    ]  # fmt: skip
    assert [column.name for column in found.primary_key.columns] == ["id"]
    assert found.dialect_options["hazelcast"]["type"] == "IMap"
    assert found.dialect_options["hazelcast"]["options"]["valueCompactTypeName"] == people.name
    assert rows(engine, sa.select(sa.func.count()).select_from(found)) == [(3,)]
    assert inspector.get_indexes(people.name) == []
    assert inspector.get_foreign_keys(people.name) == []
    with pytest.raises(sa.exc.NoSuchTableError):
        inspector.get_columns("nothing")
    view = fresh_name("view")
    with engine.begin() as connection:
        connection.execute(sa.text(f'CREATE VIEW "{view}" AS SELECT "name" FROM "{people.name}"'))
    inspector.clear_cache()
    assert view in inspector.get_view_names()
    assert people.name in inspector.get_view_definition(view)
    with engine.begin() as connection:
        connection.execute(sa.text(f'DROP VIEW "{view}"'))


def test_mappings(engine: sa.Engine) -> None:
    """Of a key and a value, of a map of another name, with options of their own; and indexes."""
    name = fresh_name("plain")
    metadata = sa.MetaData()
    plain = sa.Table(name, metadata, sa.Column("__key", sa.String), sa.Column("this", sa.Integer))
    other = sa.Table(
        f"{name}-2",
        metadata,
        sa.Column("__key", sa.String),
        sa.Column("this", sa.Integer),
        hazelcast_external_name=name,
        hazelcast_type="IMap",
        hazelcast_options={"valueFormat": "int"},
    )
    metadata.create_all(engine)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(plain.insert(), {"__key": "k", "this": 5})
    assert rows(engine, sa.select(other)) == [("k", 5)]
    for unique in (False, True):
        table = sa.Table(name, sa.MetaData(), sa.Column("__key", sa.String), sa.Column("this", sa.Integer))
        index = sa.Index(f"{name}-{unique}", table.c.this, unique=unique)
        if unique:
            with pytest.raises(sa.exc.CompileError, match="unique"):
                index.create(engine)
        else:
            index.create(engine)
            with pytest.raises(sa.exc.CompileError, match="cannot be dropped"):
                index.drop(engine)
    metadata.drop_all(engine)
    assert not sa.inspect(engine).has_table(name)
    plain.create(engine)
    assert rows(engine, sa.select(plain)) == [("k", 5)]  # the map is still there
    plain.drop(engine)


def test_threads_share_one_connection(engine: sa.Engine, people: sa.Table) -> None:
    with engine.connect() as one, engine.connect() as other:
        assert one.connection.dbapi_connection is other.connection.dbapi_connection
        first, second = one.execute(sa.select(people)), other.execute(sa.select(people))
        assert sorted(first.all()) == sorted(second.all())
        one.rollback()
        assert one.get_isolation_level() == "AUTOCOMMIT"


@pytest.mark.usefixtures("people")
async def test_asyncio(async_engine: AsyncEngine, people: sa.Table) -> None:
    ordered = sa.select(people).order_by(people.c.id)
    async with async_engine.begin() as connection:
        await connection.execute(sink(people), [{"id": 9, "name": "z", "age": 1}])
        assert [tuple(row) for row in await connection.execute(ordered.limit(1))] == [(0, "a", 30)]
        async with connection.stream(ordered) as streamed:
            assert [row.id async for row in streamed] == [0, 1, 2, 9]
        stream = sa.text("SELECT v FROM TABLE(generate_stream(1000))")
        async with connection.stream(stream) as streamed:
            assert (await streamed.fetchmany(3)) == [(0,), (1,), (2,)]
        with pytest.raises(sa.exc.ProgrammingError):
            await connection.execute(sa.text("SELECT * FROM nothing"))
    async with async_engine.connect() as one, async_engine.connect() as other:
        counted = sa.select(sa.func.count()).select_from(people)
        found = await asyncio.gather(one.scalar(counted), other.scalar(counted))
        assert list(found) == [4, 4]


def test_pandas(engine: sa.Engine) -> None:
    name = fresh_name("frame")
    frame = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "city": ["Rome", None, "Bern"],
            "people": [2.8, 1.0, None],
            "day": pd.to_datetime(["2026-01-02", "2026-01-03", None]),
        }
    )
    frame.to_sql(name, engine, index=False)
    back = pd.read_sql(sa.text(f'SELECT * FROM "{name}" ORDER BY "id"'), engine)
    assert list(back.columns) == ["id", "city", "people", "day"]
    assert back["id"].tolist() == [1, 2, 3]
    assert back["city"].tolist()[::2] == ["Rome", "Bern"]
    assert back["people"].tolist()[:2] == [2.8, 1.0]
    assert back["people"].isna().tolist() == [False, False, True]
    assert back["day"].tolist()[0] == pd.Timestamp("2026-01-02")
    frame.assign(id=[4, 5, 6]).to_sql(name, engine, index=False, if_exists="append", method="multi")
    assert len(pd.read_sql_table(name, engine)) == 6
    chunks = pd.read_sql(f'SELECT "id" FROM "{name}"', engine, chunksize=4)
    assert sorted(value for chunk in chunks for value in chunk["id"]) == [1, 2, 3, 4, 5, 6]
