"""Forked children, where no thread of the parent exists, nor any of its event loops runs."""

import os
from typing import Any, Final, Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """Something that is not the same in a forked child."""

    def forked(self) -> None:
        """Drop what the parent has begun; called in the child, where nothing else runs."""
        ...


_forkable: Final[WeakSet[Any]] = WeakSet()


def on_fork(thing: Forkable) -> None:
    """Call ``thing.forked()`` in forked children, while ``thing`` lives."""
    _forkable.add(thing)


def _forked() -> None:
    for thing in list(_forkable):
        thing.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
