"""What a case uses, and what becomes of its outcome."""

from __future__ import annotations

import builtins
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import hazelcast
import hazelcast.asyncio
import hazelcast.errors


class Raised(NamedTuple):
    """An error, as the outcome of a call: the name of its first class that programs know."""

    error: str


class Session:
    """Makes clients of one member, which are closed after the case."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._kept: list[Any] = []
        self._asyncio: list[Any] = []

    def client(self, **options: Any) -> Any:
        """Return a new client."""
        return self.keep(hazelcast.HazelcastClient(cluster_members=[self.address], **options))

    async def asyncio_client(self) -> Any:
        """Return a new client of asyncio."""
        made = await hazelcast.asyncio.HazelcastClient.create_and_start(cluster_members=[self.address])
        self._asyncio.append(made)
        return made

    def keep(self, client: Any) -> Any:
        """Close a client after the case; return it."""
        self._kept.append(client)
        return client

    def name(self) -> str:
        """Return a name that no other case has."""
        return uuid.uuid4().hex

    def close(self) -> None:
        """Close the clients of threads."""
        for client in self._kept:
            client.shutdown()

    async def close_asyncio(self) -> None:
        """Close the clients of asyncio."""
        for client in self._asyncio:
            await client.shutdown()


def outcome_of(call: Callable[..., Any], *arguments: Any, with_chain: bool = False) -> Any:
    """Return what a call returns, or which error it raises, with how many others its traceback shows."""
    try:
        return call(*arguments)
    except Exception as error:
        raised = Raised(_known_name(type(error)))
        return [raised, len(_chain(error))] if with_chain else raised


def _known_name(cls: type[BaseException]) -> str:
    for each in cls.__mro__:
        if (
            each.__module__ == "struct"
            or hasattr(builtins, each.__name__)
            or hasattr(hazelcast.errors, each.__name__)
        ):
            return each.__name__
    return cls.__name__


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    while True:
        shown = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if shown is None:
            return found
        found.append(shown)
        error = shown


def plain(value: Any) -> Any:
    """Return a value as JSON that tells apart what programs tell apart."""
    if isinstance(value, Raised):
        return {"raises": value.error}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, bytes | bytearray):
        return {"bytes": value.hex()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return {"object": type(value).__name__}
