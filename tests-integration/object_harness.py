"""Transactions and SQL on whichever surface a `Caller` has, and the rows of a result of any."""

from typing import Any

from hz_proxies.jet.aio import AsyncJet
from hz_proxies.jet.blocking import BlockingJet
from hz_proxies.jet.futures import Jet
from hz_proxies.jet.operations import JetOperations
from hz_proxies.sql.aio import AsyncSql
from hz_proxies.sql.blocking import BlockingSql
from hz_proxies.sql.futures import Sql
from hz_proxies.sql.operations import SqlOperations
from hz_proxies.sql.rows import SqlRow
from hz_proxies.transaction.aio import AsyncTransaction
from hz_proxies.transaction.blocking import BlockingTransaction
from hz_proxies.transaction.futures import Transaction
from hz_proxies.transaction.operations import TransactionOperations
from map_harness import AnyObject, Caller


def transaction(caller: Caller, **options: Any) -> AnyObject:
    """Return a new transaction."""
    operations = TransactionOperations(caller.client._engine, **options)
    return _on_surface(caller, Transaction, BlockingTransaction, AsyncTransaction, operations)


def sql(caller: Caller) -> AnyObject:
    """Return the SQL service."""
    return _on_surface(caller, Sql, BlockingSql, AsyncSql, SqlOperations(caller.client._engine))


def jet(caller: Caller) -> AnyObject:
    """Return the Jet service."""
    return _on_surface(caller, Jet, BlockingJet, AsyncJet, JetOperations(caller.client._engine))


def _on_surface(
    caller: Caller, futures: type[Any], blocking: type[Any], asyncio: type[Any], operations: Any
) -> AnyObject:
    client = caller.client
    if caller.surface == "asyncio":
        return AnyObject(caller, asyncio(client.operations, operations))
    if caller.surface == "blocking":
        return AnyObject(caller, blocking(client.blocking, operations))
    return AnyObject(caller, futures(client.futures, operations))


def map_of(tx: AnyObject, name: str) -> AnyObject:
    """Return a map in a transaction."""
    return object_of(tx, "map", name)


def object_of(tx: AnyObject, kind: str, name: str) -> AnyObject:
    """Return an object in a transaction: a map, queue, list or set, as `kind` says."""
    return tx.related(getattr(tx.proxy, f"get_{kind}")(name))


async def rows_of(result: Any) -> list[SqlRow]:
    """Return all rows of a SQL result, on any surface."""
    if hasattr(result, "__aiter__"):
        return [row async for row in result]
    return list(result)
