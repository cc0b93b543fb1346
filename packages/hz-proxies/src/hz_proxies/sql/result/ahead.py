"""A page that is fetched while the one before it is read."""

from hz_core.context import ClientContext
from hz_core.errors import HazelcastClientNotActiveError
from hz_core.op import Flow, WaitFor
from hz_core.promise import Promise
from hz_proxies.sql_page import SqlPage


class PageAhead:
    """The next page of a result, on its way.

    Whoever waits for it may give up: the page stays here for the next one who asks.

    Args:
        context: The client.
        fetch: Fetches the page.
    """

    def __init__(self, context: ClientContext, fetch: Flow[SqlPage | None]) -> None:
        self._mutex = context.io.mutex()
        self._begun = False
        self._done = False
        self._page: SqlPage | None = None
        self._error: Exception | None = None
        self._promise: Promise | None = None
        context.start(self._fetched(fetch), "fetching the next page of a SQL result")
        if not self._begun:  # the client is closed
            self.fail(
                HazelcastClientNotActiveError("the client was shut down; the result has no further pages")
            )

    def take(self) -> Flow[SqlPage | None]:
        """Wait for the page; raise what went wrong."""
        if not self._done:
            yield WaitFor(self._wait)
        if self._error is not None:
            raise self._error
        return self._page

    def fail(self, error: Exception) -> None:
        """Give an error instead of the page to whoever waits, unless there is an outcome."""
        self._complete(None, error)

    def _fetched(self, fetch: Flow[SqlPage | None]) -> Flow[None]:
        self._begun = True
        try:
            page = yield from fetch
        except Exception as e:
            self._complete(None, e)
        except BaseException:
            self.fail(
                HazelcastClientNotActiveError(
                    "the client was shut down while it fetched the next page of a SQL result"
                )
            )
            raise
        else:
            self._complete(page, None)

    def _wait(self, promise: Promise) -> None:
        with self._mutex:
            if not self._done:
                self._promise = promise
                return
        promise.set_result(None)

    def _complete(self, page: SqlPage | None, error: Exception | None) -> None:
        with self._mutex:
            if self._done:
                return
            self._page, self._error, self._done = page, error, True
            promise = self._promise
        if promise is not None:
            promise.set_result(None)
