"""Flows that read a result as tables and as batches. Nothing here imports pyarrow before it is asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from hz_core.op import Flow
from hz_proxies.arrow.types import ArrowBatch, ArrowTable, ArrowType
from hz_proxies.sql.rows import SqlRowMetadata
from hz_proxies.sql_page import SqlPage

NextPage = Callable[[], Flow[SqlPage | None]]
"""Returns the next page; None after the last one."""


def table_of(
    metadata: SqlRowMetadata, next_page: NextPage, types: Mapping[str, ArrowType] | None
) -> Flow[ArrowTable]:
    """Return the rest of a result as a table. Pages are converted while the next one is on its way."""
    from hz_proxies.sql.arrow.columns import Columns  # with pyarrow, which is an extra

    return _table(Columns(metadata.columns, types, whole=True), next_page)


def _table(columns: Any, next_page: NextPage) -> Flow[ArrowTable]:
    pages = []
    while (page := (yield from next_page())) is not None:
        pages.append(columns.chunks(page))
    return columns.table(pages)


class BatchSource:
    """The batches of a result, a page each.

    Args:
        metadata: The columns of the result.
        next_page: Returns its next page.
        close: Closes it.
        types: Arrow types of columns, by name.
    """

    def __init__(
        self,
        metadata: SqlRowMetadata,
        next_page: NextPage,
        close: Callable[[], Flow[None]],
        types: Mapping[str, ArrowType] | None,
    ) -> None:
        from hz_proxies.sql.arrow.columns import Columns  # with pyarrow, which is an extra

        self._columns = Columns(metadata.columns, types, whole=False)
        self._next_page = next_page
        self._close = close
        self._page: SqlPage | None = None
        self._some = False
        self.more: bool = True
        """Whether there may be another batch."""

    def fetch(self) -> Flow[list[ArrowBatch]]:
        """Return the next page as a batch, in a list; an empty list after the last one.

        There is one batch at least, whose schema tells what the result has. A page that could not be converted is
        converted again.
        """
        page = self._page
        if page is None:
            page = self._page = yield from self._next_page()
        if page is None:
            self.more = False
            return []
        batch = self._columns.batch(page)
        self._page = None
        if self._some and not batch.num_rows:
            return []
        self._some = True
        return [batch]

    def end(self) -> Flow[None]:
        """Close the result."""
        self.more = False
        yield from self._close()
