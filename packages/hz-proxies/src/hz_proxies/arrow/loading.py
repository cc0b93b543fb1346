"""Loading of rows into maps: a batch is sent while the next one is made."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeAlias

from hz_core.context import ClientContext
from hz_core.op import Flow, Op
from hz_proxies.arrow.background import elsewhere
from hz_serialization import Data


class LoadProgress(NamedTuple):
    """How far the loading of a map is."""

    rows: int
    """The number of rows that are stored."""

    key: Any
    """The key of the last row that is stored, with all before it: where a load of sorted rows goes on."""


Progress: TypeAlias = Callable[[LoadProgress], object]
"""Called after each batch, on the thread of callbacks."""

KeyRange: TypeAlias = tuple[Any, Any]
"""The first key, and the one after the last; None for no limit."""

Requests: TypeAlias = "list[tuple[Op[None], list[Data]]]"
"""The requests that store entries, with their keys."""


class MapTarget(Protocol):
    """What stores the rows."""

    def requests(self, keys: list[Any], values: list[Data]) -> Requests:
        """Serialize keys, and make the requests; called on any thread."""
        ...

    def sending(self, requests: Requests) -> list[Op[None]]:
        """Return the requests as they are sent; called where the client's state may be used."""
        ...


class _Batch(NamedTuple):
    requests: Requests
    rows: int
    key: Any


def load(
    context: ClientContext,
    target: MapTarget,
    batches: Iterator[tuple[list[Any], list[Data]]],
    progress: Progress | None,
) -> Flow[int]:
    """Store batches of keys and values. At most two are in memory.

    Args:
        context: The client.
        target: Stores entries.
        batches: The keys, and the serialized values; read on another thread.
        progress: Called after each batch.

    Returns:
        The number of rows.
    """
    done = LoadProgress(0, None)

    def make() -> _Batch | None:
        for keys, values in batches:
            if keys:
                return _Batch(target.requests(keys, values), len(keys), keys[-1])
        return None

    batch = yield from elsewhere(context, make)
    try:
        while batch is not None:
            following, _ = yield [elsewhere(context, make), target.sending(batch.requests)]
            done = LoadProgress(done.rows + batch.rows, batch.key)
            if progress is not None:
                context.io.run_callback(partial(_report, progress, done))
            batch = following
    except Exception as e:
        if done.rows:
            e.add_note(
                f"{done.rows} rows are stored, up to the key {done.key!r}; if the rows are sorted by key, go on with"
                f" key_range=({done.key!r}, None)"
            )
        raise
    return done.rows


def _report(progress: Progress, done: LoadProgress) -> None:
    progress(done)
