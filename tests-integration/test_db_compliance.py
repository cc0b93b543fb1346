"""The public suite of tests for the database API (PEP 249), with the statements changed to those of clusters."""

import itertools
import re
import unittest
from collections.abc import Iterator
from typing import Any, ClassVar

import dbapi20  # type: ignore[import-untyped]  # it has no annotations
import pytest

import hazelcast
from hazelcast import db
from hz_embedded import Cluster

COLUMNS = {"booze": ["name"], "barflys": ["name", "drink"]}
_keys = itertools.count()


class Cursor(db.Cursor):
    """A cursor for the statements of the suite, which know tables without keys."""

    def execute(self, operation: str, params: Any = None) -> None:
        """Execute a statement."""
        super().execute(_changed(operation), params)

    def executemany(self, operation: str, seq_of_params: Any) -> None:
        """Execute a statement several times; each needs a key of its own."""
        with_keys = [(next(_keys), *params) for params in seq_of_params]
        super().executemany(_changed(operation, "?"), with_keys)


class Connection(db.Connection):
    """A connection with such cursors."""

    def cursor(self) -> Cursor:
        """Return a cursor."""
        cursor = super().cursor()
        cursor.__class__ = Cursor
        assert isinstance(cursor, Cursor)
        return cursor


def _changed(statement: str, key: str | None = None) -> str:
    created = re.fullmatch(r"create table (dbapi20test_(\w+)) .*", statement)
    if created is not None:
        columns = ", ".join(f"{column} VARCHAR" for column in COLUMNS[created[2]])
        options = "'keyFormat'='bigint', 'valueFormat'='json-flat'"
        return f"CREATE MAPPING {created[1]} (__key BIGINT, {columns}) TYPE IMap OPTIONS ({options})"
    inserted = re.fullmatch(r"insert into (dbapi20test_(\w+)) values \((.*)\)", statement)
    if inserted is not None:
        columns = ", ".join(COLUMNS[inserted[2]])
        values = f"{next(_keys) if key is None else key}, {inserted[3]}"
        return f"INSERT INTO {inserted[1]} (__key, {columns}) VALUES ({values})"
    return statement.replace("drop table", "DROP MAPPING")


@pytest.fixture(scope="module")
def client(sql_cluster: Cluster) -> Iterator[hazelcast.HazelcastClient]:
    """Yield a client of the member."""
    with hazelcast.HazelcastClient(cluster_members=sql_cluster.addresses) as connected:
        yield connected


@pytest.fixture(autouse=True)
def connected(request: pytest.FixtureRequest, client: hazelcast.HazelcastClient) -> None:
    """Give the suite its connections."""
    request.cls.client = client


class TestCompliance(dbapi20.DatabaseAPI20Test):  # type: ignore[misc]  # it has no annotations
    """All tests of the suite. Those that it leaves to drivers are about what this one does."""

    driver = db
    client: ClassVar[hazelcast.HazelcastClient]
    failUnless = unittest.TestCase.assertTrue  # removed from Python since the suite was written
    assertEquals = unittest.TestCase.assertEqual
    assertNotEquals = unittest.TestCase.assertNotEqual
    assert_ = unittest.TestCase.assertTrue

    def _connect(self) -> Connection:
        return Connection(self.client, owns_client=False)

    def tearDown(self) -> None:
        super().tearDown()
        for name in COLUMNS:
            self.client.get_map(f"dbapi20test_{name}").destroy()

    def test_setoutputsize(self) -> None:
        """Sizes are taken, and change nothing."""
        with self._connect().cursor() as cursor:
            cursor.setoutputsize(1)
            cursor.execute("SELECT 'ab'")
            assert cursor.fetchone() == ("ab",)

    def test_nextset(self) -> None:
        """A statement has one result, so there is no such method."""
        assert not hasattr(self._connect().cursor(), "nextset")

    def test_rollback(self) -> None:
        """There are no transactions, which PEP 249 allows to say."""
        with pytest.raises(db.NotSupportedError):
            self._connect().rollback()
        super().test_rollback()

    def test_non_idempotent_close(self) -> None:
        """The suite wants an error from closing twice; PEP 249 does not, and no driver of today does so."""
        connection = self._connect()
        connection.close()
        connection.close()
        with pytest.raises(db.Error):
            connection.commit()
