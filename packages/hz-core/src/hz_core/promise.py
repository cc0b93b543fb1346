"""Promises, the receivers of outcomes."""

from typing import Any, Protocol


class Promise(Protocol):
    """The receiver of an outcome: a :class:`Future`, a future of asyncio, or a callback."""

    def cancelled(self) -> bool:
        """Return whether the outcome is no longer needed."""
        ...

    def set_result(self, result: Any, /) -> object:
        """Complete with a value; return False if it is not taken, because there is another outcome."""
        ...

    def set_exception(self, exception: Any, /) -> None:
        """Complete with an error."""
        ...


def complete(promise: Promise, result: Any) -> None:
    """Complete ``promise`` with a value, whether it is taken or not."""
    promise.set_result(result)


class OutcomeHandler(Protocol):
    """A function that receives the value, or None and the error."""

    def __call__(self, result: Any, error: BaseException | None, /) -> None:
        """Handle the outcome."""
        ...


class CallbackPromise:
    """A promise of the engine, which passes the outcome to a function."""

    __slots__ = ("_done",)

    def __init__(self, done: OutcomeHandler) -> None:
        self._done = done

    def cancelled(self) -> bool:
        """Return False: the engine does not cancel its own requests."""
        return False

    def set_result(self, result: Any, /) -> None:
        """Pass the value on."""
        self._done(result, None)

    def set_exception(self, exception: BaseException, /) -> None:
        """Pass the error on."""
        self._done(None, exception)
