"""Owners of locks that are neither threads nor tasks."""

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

_next_number: Final[Callable[[], int]] = partial(next, count(-1, -1))
"""Returns the number of the next owner; those of threads and tasks are not negative."""


class LockOwner:
    """Owns locks in place of a thread or task: ``lock.owned_by(owner)``.

    With futures, what was begun in one thread often ends in another one; so give each activity an owner. An owner has
    one request for a lock at a time.
    """

    __slots__ = ("_id",)

    def __init__(self) -> None:
        self._id = _next_number()

    def __repr__(self) -> str:
        return f"LockOwner({-self._id})"

    def _number(self) -> int:
        return self._id
