"""The database API without a cluster: its names, errors, types and ways to configure it."""

import asyncio
import inspect
import pickle
import time
from datetime import date, datetime
from typing import Any

import pytest

from hazelcast import db
from hazelcast.config import Config
from hazelcast.db import aio
from hazelcast.db._errors import error_for
from hazelcast.db._settings import settings
from hazelcast.db._steps import Done, finished
from hazelcast.errors import HazelcastSerializationError, TargetDisconnectedError
from hazelcast.sql import HazelcastSqlError


def made(config: Any = None, **given: Any) -> Config:
    names = ("user", "password", "host", "port", "cluster_name")
    return settings(config, given.get("dsn", ""), *(given.get(name) for name in names))


def test_the_module() -> None:
    assert (db.apilevel, db.threadsafety, db.paramstyle) == ("2.0", 2, "qmark")
    assert (aio.apilevel, aio.threadsafety, aio.paramstyle) == ("2.0", 1, "qmark")
    assert list(inspect.signature(db.connect).parameters)[:7] == [
        "config", "dsn", "user", "password", "host", "port", "cluster_name",
    ]  # fmt: skip
    assert inspect.signature(db.connect).parameters["dsn"].default == ""


def test_exceptions() -> None:
    assert issubclass(db.Warning, Exception)
    assert issubclass(db.InterfaceError, db.Error)
    for name in ("Data", "Operational", "Integrity", "Internal", "Programming", "NotSupported"):
        kind = getattr(db, f"{name}Error")
        assert issubclass(kind, db.DatabaseError)
        assert kind is getattr(db.Connection, f"{name}Error") is getattr(aio.Connection, f"{name}Error")
        assert kind.__module__ == "hazelcast.db"
    assert pickle.loads(pickle.dumps(db.DataError("x"))).args == ("x",)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (HazelcastSqlError(None, 1008, "m"), db.ProgrammingError),
        (HazelcastSqlError(None, 1010, "m"), db.ProgrammingError),
        (HazelcastSqlError(None, 2000, "m"), db.DataError),
        (HazelcastSqlError(None, 1001, "m"), db.OperationalError),
        (HazelcastSqlError(None, 1004, "m"), db.OperationalError),
        (HazelcastSqlError(None, -1, "m"), db.DatabaseError),
        (HazelcastSqlError(None, -1, "... Duplicate key"), db.IntegrityError),
        (HazelcastSqlError(None, 4711, "m"), db.DatabaseError),
        (HazelcastSerializationError("m"), db.DataError),
        (TargetDisconnectedError("m"), db.OperationalError),
        (TypeError("m"), db.ProgrammingError),
    ],
)
def test_errors_of_the_client(error: Exception, kind: type[db.Error]) -> None:
    found = error_for(error)
    assert type(found) is kind
    assert str(found) == str(error)
    assert found.code == getattr(error, "code", None)


def test_constructors() -> None:
    assert (db.Date, db.Timestamp, db.Binary(b"x")) == (date, datetime, b"x")
    ticks = time.mktime((2026, 1, 2, 3, 4, 5, 0, 0, -1))
    assert db.DateFromTicks(ticks) == db.Date(2026, 1, 2)
    assert db.TimeFromTicks(ticks) == db.Time(3, 4, 5)
    assert db.TimestampFromTicks(ticks) == db.Timestamp(2026, 1, 2, 3, 4, 5)


def test_type_objects() -> None:
    assert db.Type.DECIMAL == db.NUMBER
    assert db.NUMBER == db.Type.FLOAT
    assert db.NUMBER != db.Type.STRING
    assert db.NUMBER != db.STRING
    assert db.NUMBER != "NUMBER"
    assert len({db.NUMBER, db.STRING, db.DATETIME, db.BINARY, db.ROWID}) == 5
    assert repr(db.ROWID) == "ROWID"
    assert [type_ for type_ in db.Type if type_ in (db.BINARY, db.ROWID)] == []


def test_settings() -> None:
    config = made("hz://clerk:s%40cret@10.0.0.1:5702,10.0.0.2?cluster_name=shop&smart_routing=false")
    assert config.cluster_members == ["10.0.0.1:5702", "10.0.0.2"]
    assert (config.creds_username, config.creds_password) == ("clerk", "s@cret")
    assert (config.cluster_name, config.smart_routing) == ("shop", False)
    assert made(dsn="hz://").cluster_members == ["localhost:5701"]
    assert made(dsn="hazelcast://h/?cluster.name=a").cluster_name == "a"
    assert made(dsn="hz://h?client_name=a.b%3F").client_name == "a.b?"
    assert made().cluster_members == ["localhost:5701"]
    config = made(user="u", password="p", host="::1", port=1, cluster_name="c")
    assert config.cluster_members == ["[::1]:1"]
    assert (config.creds_username, config.creds_password, config.cluster_name) == ("u", "p", "c")
    given = Config()
    assert made(given) is given


@pytest.mark.parametrize(
    ("config", "given", "words"),
    [
        (Config(), {"dsn": "hz://a"}, "both"),
        (Config(), {"user": "u", "port": 5}, "user, port cannot be given"),
        ("hz://a", {"dsn": "hz://b"}, "twice"),
        ("hz://a", {"host": "b"}, "host cannot be given"),
        ("mysql://a:secret@b", {}, "a DSN is hz://"),
        ("hz://a:secret@b?nothing=1", {}, "nothing is not an option"),
        (5, {}, "must be a Config"),
        (None, {"cluster_name": 5}, "cluster_name"),
    ],
)
def test_wrong_settings(config: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(db.InterfaceError, match=words) as caught:
        made(config, **given)
    assert "secret" not in str(caught.value)


def test_steps_for_threads_do_not_wait() -> None:
    async def step(value: Any) -> Any:
        return await value

    assert finished(step(Done(5))) == 5
    with pytest.raises(AssertionError, match="waits"):
        finished(step(asyncio.sleep(0)))
