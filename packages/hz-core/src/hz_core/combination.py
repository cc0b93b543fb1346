"""One future for several."""

from collections.abc import Iterable
from typing import Any, TypeVar

from hz_core.future import Future, driver_of, fail, now_awaits
from hz_core.waiters import DerivedWaiter, Waiter

T = TypeVar("T")


def combine_futures(futures: Iterable[Future[T]]) -> Future[list[T]]:
    """Return a future of all results, in the order of ``futures``.

    It is done when all futures are done. If some of them fail, it fails with the error of the first of these in
    the given order. The result for no futures is an empty list.
    """
    parts = list(futures)
    combined: Future[list[T]] = Future(_waiter_for(parts))
    _Combination(parts, combined).look()
    return combined


class _Combination:
    """Watches the last one of some futures that is not done: replies come nearly in the order of the requests.

    So there is a call for each batch of replies, and not for each of them.
    """

    __slots__ = ("_combined", "_left", "_parts")

    def __init__(self, parts: list[Future[Any]], combined: Future[list[Any]]) -> None:
        self._parts = parts
        self._combined = combined
        self._left = len(parts)  # all behind are done

    def look(self, _: object = None) -> None:
        """Watch the next one, or complete the combined future.

        Several threads may do so at the same time, and then do the same: only the first outcome counts.
        """
        parts, left = self._parts, self._left
        while left and parts[left - 1].done():
            left -= 1
        self._left = left
        if left:
            parts[left - 1].add_done_callback_inline(self.look)
        else:
            now_awaits(self._combined)
            self._complete()

    def _complete(self) -> None:
        for part in self._parts:
            if part._exception is not None:
                fail(self._combined, part._exception, part._traceback)
                return
        self._combined.set_result([part._result for part in self._parts])


def _waiter_for(futures: list[Future[Any]]) -> Waiter | None:
    """Return the waiter of a future that is made of ``futures``."""
    waiters = {future._waiter for future in futures}
    if len(waiters) == 1 and not isinstance(waiter := waiters.pop(), DerivedWaiter):
        return waiter
    driver = next((found for future in futures if (found := driver_of(future)) is not None), None)
    return None if driver is None else DerivedWaiter(driver, futures)
