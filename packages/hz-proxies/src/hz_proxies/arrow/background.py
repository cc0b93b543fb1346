"""Work that takes long, where nothing waits for it."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar, cast

from hz_core.context import ClientContext
from hz_core.op import Flow, WaitFor
from hz_core.promise import Promise

T = TypeVar("T")


def elsewhere(context: ClientContext, function: Callable[[], T]) -> Flow[T]:
    """Return what a function returns that takes long, called on a thread that nothing else waits for."""
    io = context.io

    def start(promise: Promise) -> None:
        io.call_soon(partial(io.run_blocking, function, promise))

    return cast(T, (yield WaitFor(start)))
