"""Operations of a SQL result, from which its surfaces are generated."""

from typing import Any

from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.op import Flow
from hz_core.operations import Operations
from hz_proxies.codecs import sql as codec
from hz_proxies.sql.errors import HazelcastSqlError
from hz_proxies.sql.rows import SqlColumnMetadata, SqlColumnType, SqlRow, SqlRowMetadata
from hz_proxies.sql_page import SqlPage


class SqlResultOperations(Operations):
    """The rows of a query, or the update count of another statement.

    Iteration fetches page by page. Close a result that is not read to its end, or use it as a context manager;
    otherwise the member keeps it.
    """

    # Read by tools/generate_surfaces.py.
    futures_base = "hz_proxies.sql.result.rows.FuturesRows"
    blocking_base = "hz_proxies.sql.result.rows.BlockingRows"
    asyncio_base = "hz_proxies.sql.result.rows.AsyncioRows"

    def __init__(
        self,
        context: ClientContext,
        connection: Connection,
        query_id: codec.SqlQueryId,
        cursor_buffer_size: int,
        response: codec.ExecuteResponse,
    ) -> None:
        super().__init__(context)
        _raise_for(response.error)
        self._connection = connection
        self._query_id = query_id
        self._cursor_buffer_size = cursor_buffer_size
        self._update_count = response.update_count
        self._page: SqlPage | None = response.row_page
        self._open = self._page is not None and not self._page.is_last
        self._metadata: SqlRowMetadata | None = None
        if response.row_metadata is not None:
            self._metadata = SqlRowMetadata(
                [
                    SqlColumnMetadata(column.name, SqlColumnType(column.type), column.nullable is not False)
                    for column in response.row_metadata
                ]
            )

    def is_row_set(self) -> bool:
        """Return whether the result has rows; if not, it has an update count."""
        return self._metadata is not None

    def update_count(self) -> int:
        """Return the number of changed rows; -1 for a result with rows."""
        return self._update_count

    def get_row_metadata(self) -> SqlRowMetadata:
        """Return the columns.

        Raises:
            ValueError: The result has an update count instead of rows.
        """
        if self._metadata is None:
            raise ValueError("the result has an update count instead of rows")
        return self._metadata

    def close(self) -> Flow[None]:
        """Cancel the query on the member. Idempotent. Source: message ``Sql.close``."""
        self._page = None
        if self._open:
            self._open = False
            yield codec.close(self._connection, self._query_id)

    def _next_page(self) -> Flow[list[SqlRow]]:
        """Return the rows of the next page; an empty list after the last page."""
        metadata = self.get_row_metadata()
        page, self._page = self._page, None
        if page is None:
            if not self._open:
                return []
            response: Any = yield codec.fetch(self._connection, self._query_id, self._cursor_buffer_size)
            _raise_for(response.error)
            page = response.row_page
        if page is None or page.is_last:
            self._open = False
        if page is None:
            return []
        return [SqlRow(metadata, values) for values in zip(*page.columns, strict=True)]

    def _enter(self) -> Flow[None]:
        yield []

    def _exit(self, error: BaseException | None) -> Flow[None]:
        yield from self.close()


def _raise_for(error: codec.SqlError | None) -> None:
    if error is not None:
        suggestion = error.suggestion if isinstance(error.suggestion, str) else None
        raise HazelcastSqlError(
            error.message or "the statement failed", error.code, error.originating_member_id, suggestion
        )
