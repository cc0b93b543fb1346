"""What objects do when one operation follows the other: the models that histories are compared with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from histories import Operation

NOT_POSSIBLE: Final = object()
"""Returned instead of a state: the operation cannot have this result in the state before."""


class Model(Protocol):
    """An object that is used by one operation after the other. States are immutable and hashable."""

    @property
    def initial(self) -> Hashable:
        """Return the state before the first operation."""

    def step(self, state: Any, operation: Operation) -> Any:
        """Return the state after an operation with a known result, or NOT_POSSIBLE."""

    def effect(self, state: Any, operation: Operation) -> Any:
        """Return the state after an operation whose result nobody knows, or NOT_POSSIBLE."""

    def before(self, operation: Operation) -> Iterable[Hashable]:
        """Return states in which an operation with a known result may begin; for reports about a part of a history."""


class Deterministic:
    """A model in which state and arguments say what happens."""

    initial: Hashable = None

    def apply(self, state: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the state after an operation, and its result."""
        raise NotImplementedError

    def step(self, state: Any, operation: Operation) -> Any:
        """Return the state after an operation if the model has the same result."""
        after, result = self.apply(state, operation.name, operation.arguments)
        # True is not 1 here.
        same = type(result) is type(operation.result) and result == operation.result
        return after if same else NOT_POSSIBLE

    def effect(self, state: Any, operation: Operation) -> Any:
        """Return the state after an operation."""
        return self.apply(state, operation.name, operation.arguments)[0]

    def before(self, operation: Operation) -> Iterable[Hashable]:
        """Return the states that the operation tells about."""
        raise NotImplementedError


_REGISTER: Final[Mapping[str, Callable[..., tuple[Any, Any]]]] = {
    "get": lambda state: (state, state),
    "contains_key": lambda state: (state, state is not None),
    "put": lambda state, value: (value, state),
    "set": lambda _state, value: (value, None),
    "put_if_absent": lambda state, value: (value if state is None else state, state),
    "remove": lambda state: (None, state),
    "delete": lambda _state: (None, None),
    "remove_if_same": lambda state, value: (None, True) if state == value else (state, False),
    "replace": lambda state, value: (state if state is None else value, state),
    "replace_if_same": lambda state, old, new: (
        (new, True) if state is not None and state == old else (state, False)
    ),
}


class Register(Deterministic):
    """One key of a map; None stands for no entry."""

    def apply(self, state: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the value after an operation, and its result."""
        return _REGISTER[name](state, *arguments)

    def before(self, operation: Operation) -> Iterable[Hashable]:
        """Return the values that the operation tells about."""
        return (None, operation.result, *operation.arguments)


_COUNTER: Final[Mapping[str, Callable[..., tuple[int, Any]]]] = {
    "get": lambda state: (state, state),
    "set": lambda _state, value: (value, None),
    "get_and_set": lambda state, value: (value, state),
    "add_and_get": lambda state, delta: (state + delta, state + delta),
    "get_and_add": lambda state, delta: (state + delta, state),
    "increment_and_get": lambda state: (state + 1, state + 1),
    "get_and_increment": lambda state: (state + 1, state),
    "decrement_and_get": lambda state: (state - 1, state - 1),
    "get_and_decrement": lambda state: (state - 1, state),
    "compare_and_set": lambda state, old, new: (new, True) if state == old else (state, False),
}


class Counter(Deterministic):
    """An atomic long."""

    initial: Hashable = 0

    def apply(self, state: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the number after an operation, and its result."""
        return _COUNTER[name](state, *arguments)

    def before(self, operation: Operation) -> Iterable[Hashable]:
        """Return the numbers that the operation tells about."""
        found: list[Hashable] = [each for each in operation.arguments if type(each) is int]
        if type(operation.result) is int:
            deltas = [1, -1, *(each for each in operation.arguments if type(each) is int)]
            found += [operation.result, *(operation.result - delta for delta in deltas)]
        return found


class Held(NamedTuple):
    """State of a lock.

    Attributes:
        owner: Who holds it, or None.
        times: How often the owner holds it.
        fence: Fence of the owner; None if nobody knows it.
        last: Highest fence that anybody got.
    """

    owner: Hashable
    times: int
    fence: int | None
    last: int


FREE: Final = Held(None, 0, None, 0)


class FencedMutex:
    """A lock that may be taken repeatedly by its owner, and whose fences grow with each change of the owner.

    Operations are ``lock(owner)``, which returns a fence; ``try_lock(owner)``, which returns a fence, or 0 if another
    one holds the lock; ``unlock(owner)``, whose result is None; and ``is_locked()``. A session that ends releases the
    lock by itself: record this as an indeterminate ``expire(owner)`` that begins when the session's life may end.
    """

    initial: Hashable = FREE

    def step(self, state: Held, operation: Operation) -> Any:
        """Return the lock after an operation."""
        if operation.name == "is_locked":
            return state if (state.owner is not None) is operation.result else NOT_POSSIBLE
        if operation.name == "try_lock" and operation.result == 0:
            return state if state.owner not in (None, operation.arguments[0]) else NOT_POSSIBLE
        fence = operation.result if operation.name in ("lock", "try_lock") else None
        return self._take(state, operation, fence)

    def effect(self, state: Held, operation: Operation) -> Any:
        """Return the lock after an operation, perhaps with a fence that nobody knows."""
        return self._take(state, operation, None)

    def before(self, operation: Operation) -> Iterable[Hashable]:
        """Return the states that the operation tells about."""
        owner = operation.arguments[0] if operation.arguments else None
        return (FREE, Held(owner, 1, None, 0))

    def _take(self, state: Held, operation: Operation, fence: int | None) -> Any:
        if operation.name == "is_locked":
            return state
        (owner,) = operation.arguments
        if operation.name in ("lock", "try_lock"):
            if state.owner is None:
                if fence is not None and fence <= state.last:
                    return NOT_POSSIBLE
                return Held(owner, 1, fence, state.last if fence is None else fence)
            if state.owner != owner:
                return NOT_POSSIBLE
            if fence is None:
                return state._replace(times=state.times + 1)
            known = fence > state.last if state.fence is None else fence == state.fence
            if not known:
                return NOT_POSSIBLE
            return Held(owner, state.times + 1, fence, fence)
        if state.owner != owner:
            return NOT_POSSIBLE
        if operation.name == "unlock" and state.times > 1:
            return state._replace(times=state.times - 1)
        # unlock or expire
        return Held(None, 0, None, state.last)


class Fifo(Deterministic):
    """A queue without a bound. For short histories; see `fifo.py` for long ones."""

    initial: Hashable = ()

    def apply(self, state: Any, name: str, arguments: tuple[Any, ...]) -> tuple[Any, Any]:
        """Return the items after an operation, and its result."""
        if name == "offer":
            return (*state, *arguments), True
        if name == "poll":
            return (state[1:], state[0]) if state else (state, None)
        raise KeyError(name)

    def before(self, operation: Operation) -> Iterable[Hashable]:
        """Return the empty queue, and that of the item."""
        return ((), (operation.result,))
