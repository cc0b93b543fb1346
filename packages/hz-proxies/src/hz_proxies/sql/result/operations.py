"""Operations of a SQL result, from which its surfaces are generated."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from operator import length_hint
from typing import Any, Final
from uuid import UUID

from hz_core.arguments import shown
from hz_core.connection import Connection
from hz_core.context import ClientContext
from hz_core.errors import IllegalStateError, TargetDisconnectedError
from hz_core.op import Flow, GatherOutcomes, Op
from hz_core.operations import Operations
from hz_core.wire.types import ReadData
from hz_proxies.arrow.background import elsewhere
from hz_proxies.arrow.libraries import library
from hz_proxies.arrow.types import ArrowBatch, ArrowTable, ArrowType, PandasFrame, PolarsFrame
from hz_proxies.codecs import sql as codec
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.sql.arrow.batches import BatchSource, table_of
from hz_proxies.sql.errors import HazelcastSqlError, SqlErrorCode, closed, expired, failed, lost
from hz_proxies.sql.result.ahead import PageAhead
from hz_proxies.sql.result.html import MOST_ROWS, html_table
from hz_proxies.sql.rows import RowClasses, SqlRow, SqlRowMetadata, rows_of
from hz_proxies.sql_cells import NeededSchemas
from hz_proxies.sql_page import OBJECT, SqlPage
from hz_serialization.compact import UnknownSchemaError

_NOTHING: Final[Iterator[Any]] = iter(())


class Query:
    """A statement on the member that executes it.

    Args:
        connection: The connection to that member.
        member: The UUID of that member.
        query_id: The id that the client has given the query.
        cursor_buffer_size: The most rows of a page.
        read: Deserializes objects, instead of the client's serialization; None for that.
        limit: The statement's time limit in seconds; None for none, or for that of the member.
        now: The clock, which the limit is measured with.
    """

    __slots__ = (
        "_begun",
        "_connection",
        "_limit",
        "_now",
        "_query_id",
        "cursor_buffer_size",
        "member",
        "read",
    )

    def __init__(
        self,
        connection: Connection,
        member: UUID,
        query_id: codec.SqlQueryId,
        cursor_buffer_size: int,
        read: ReadData | None,
        limit: float | None,
        now: Callable[[], float],
    ) -> None:
        self.member: UUID = member
        self.cursor_buffer_size: int = cursor_buffer_size
        self.read: ReadData | None = read
        self._connection = connection
        self._query_id = query_id
        self._limit = limit
        self._now = now
        self._begun = 0.0 if limit is None else now()

    def fetch(self) -> Flow[SqlPage | None]:
        """Fetch the next page.

        Raises:
            HazelcastSqlError: The query has failed, or its member is lost.
        """
        op: Op[codec.FetchResponse] = codec.fetch(self._connection, self._query_id, self.cursor_buffer_size)
        read = self.read
        if read is not None:
            op.decoded(lambda message, _: codec.fetch_response(message, read))
        try:
            response = yield op
        except TargetDisconnectedError as e:
            raise lost(self.member, e) from e
        if response.error is not None:
            raise self.failed(response.error)
        page: SqlPage | None = response.row_page
        return page

    def failed(self, error: codec.SqlError) -> HazelcastSqlError:
        """Return the error that a member has sent, as a caller gets it."""
        found, limit = failed(error), self._limit
        if limit is None or found.code != SqlErrorCode.GENERIC or self._now() - self._begun < limit:
            return found
        return expired(found, limit)

    def close(self) -> Op[None]:
        """Return the operation that ends the query."""
        return codec.close(self._connection, self._query_id)


class SqlResultOperations(Operations):
    """The rows of a query, or the update count of another statement.

    Iteration hands out each row once: a second loop goes on where the first one has stopped. The next page is fetched
    while the rows of one are read, but not more than one. Close a result that is not read to its end, or use it as a
    context manager; otherwise the member keeps it.
    """

    # Read by tools/generate_surfaces.py.
    futures_base = "hz_proxies.sql.result.rows.FuturesRows"
    blocking_base = "hz_proxies.sql.result.rows.BlockingRows"
    asyncio_base = "hz_proxies.sql.result.rows.AsyncioRows"

    def __init__(
        self,
        context: ClientContext,
        query: Query,
        response: codec.ExecuteResponse,
        classes: RowClasses | None,
    ) -> None:
        # Not that of the base: a result serializes nothing, and one is made for each statement.
        self._context = context
        self._query = query
        self._classes = classes
        self._update_count = response.update_count
        self._infinite = response.is_infinite_rows is True
        # The page to hand out next, or where it is on its way; neither after the last one.
        self._page: SqlPage | None = response.row_page
        self._ahead: PageAhead | None = None
        self._open = self._page is not None and not self._page.is_last
        self._closed = False
        self._reading = False
        self._rows: Iterator[SqlRow] = _NOTHING
        """The rows of the current page that are left."""
        self._first_column: Iterator[Any] = _NOTHING
        """What is left of the first column of the current page."""

    def is_row_set(self) -> bool:
        """Return whether the result has rows; if not, it has an update count."""
        return self._classes is not None

    def is_infinite(self) -> bool:
        """Return whether the rows have no end, as those of ``generate_stream``; members before 5.5 do not tell."""
        return self._infinite

    def update_count(self) -> int:
        """Return the number of changed rows; -1 for a result with rows. Members count only some statements."""
        return self._update_count

    def get_row_metadata(self) -> SqlRowMetadata:
        """Return the columns.

        Raises:
            ValueError: The result has an update count instead of rows.
        """
        return self._row_classes().metadata

    def next_page(self) -> Flow[SqlPage | None]:
        """Return the next page as columns, for those who read no rows; None after the last page.

        Raises:
            ValueError: The result has an update count instead of rows.
            HazelcastSqlError: The query has failed, was closed, or its member is lost.
            IllegalStateError: Another thread or task reads the result at the moment.
        """
        self._row_classes()
        if self._reading:
            raise IllegalStateError(
                "another thread or task waits for the next page of this result; share the rows, not the result"
            )
        self._reading = True
        try:
            page = self._page
            if page is None:
                if self._closed:
                    raise closed()
                if not self._open:
                    return None
                ahead = self._ahead
                if ahead is None:
                    ahead = self._ahead = PageAhead(self._context, self._query.fetch())
                page = yield from ahead.take()
            if page is not None and page.is_lazy:
                yield from self._find_schemas(page)
                if self._closed:
                    raise closed()
            self._taken(page)
            return page
        finally:
            self._reading = False

    def _find_schemas(self, page: SqlPage) -> Flow[None]:
        """Fetch the Compact schemas that the objects of a page need."""
        serialization = self._context.serialization
        needed = NeededSchemas(serialization.schemas, serialization.config.is_big_endian)
        unknown: set[int] = set()
        for column, type_ in zip(page.cells, page.column_types, strict=True):
            for cell in column if type_ == OBJECT else ():
                while cell is not None and (missing := needed.missing(cell)) is not None:
                    if missing.schema_id in unknown:
                        break
                    try:
                        yield from self._context.find_schema(missing)
                    except UnknownSchemaError:
                        unknown.add(missing.schema_id)

    def _taken(self, page: SqlPage | None) -> None:
        """Fetch the page behind ``page``, which is handed out."""
        self._page = self._ahead = None
        if page is None or page.is_last:
            self._open = self._closed = False
        elif not self._closed:
            self._ahead = PageAhead(self._context, self._query.fetch())

    def to_arrow(self, types: Mapping[str, ArrowType] | None = None) -> Flow[ArrowTable]:
        """Return the rows, all that have not been read, as a ``pyarrow.Table``.

        The columns are made from the bytes that the member has sent, without Python objects for values of fixed size.

        Args:
            types: Arrow types of columns, by their names, instead of the usual ones: another unit of a timestamp, for
                example, or the type of objects.

        Raises:
            ImportError: pyarrow is not installed (extra ``arrow``).
            ValueError: The result has an update count instead of rows, or ``types`` has a column that it has not.
            HazelcastSqlError: The query has failed, was closed, or its member is lost.
            HazelcastSerializationError: A value does not fit into the type of its column.
            IllegalStateError: Rows of a page have been read, and others of that page have not.
        """
        library("pyarrow", "to_arrow()")
        return table_of(self._unread(), self.next_page, types)

    def to_arrow_batches(self, types: Mapping[str, ArrowType] | None = None) -> PagesOperations[ArrowBatch]:
        """Return an iterator over the rows as ``pyarrow.RecordBatch``, one for each page and at least one.

        At most two pages and a batch are in memory. The schema is that of the first batch: decimals are
        ``decimal256(76, 38)``, and objects have the type of the first page, unless ``types`` names another one.

        Args:
            types: Arrow types of columns, by their names; see ``to_arrow``.

        Raises:
            ImportError: pyarrow is not installed (extra ``arrow``).
            ValueError, IllegalStateError: See ``to_arrow``, whose other errors are raised by the iterator.
        """
        library("pyarrow", "to_arrow_batches()")
        source = BatchSource(self._unread(), self.next_page, self.close, types)
        return PagesOperations(self._context, source)

    def to_pandas(
        self, types: Mapping[str, ArrowType] | None = None, dtype_backend: str | None = None
    ) -> Flow[PandasFrame]:
        """Return the rows, all that have not been read, as a ``pandas.DataFrame``.

        Args:
            types: Arrow types of columns, by their names; see ``to_arrow``.
            dtype_backend: ``"pyarrow"`` for columns that pandas keeps in Arrow's memory, which have nulls of every type
                and decimals; None for NumPy's types.

        Raises:
            ImportError: pandas or pyarrow is not installed (extra ``pandas``).
            ValueError: ``dtype_backend`` is another one.
            HazelcastSqlError, HazelcastSerializationError, IllegalStateError: See ``to_arrow``.
        """
        pandas = library("pandas", "to_pandas()")
        library("pyarrow", "to_pandas()")
        if dtype_backend not in (None, "pyarrow"):
            raise ValueError(f"dtype_backend must be 'pyarrow' or None, not {shown(dtype_backend)}")
        mapper = None if dtype_backend is None else pandas.ArrowDtype
        return self._frame(types, lambda table: table.to_pandas(types_mapper=mapper))

    def to_polars(self, types: Mapping[str, ArrowType] | None = None) -> Flow[PolarsFrame]:
        """Return the rows, all that have not been read, as a ``polars.DataFrame``.

        Args:
            types: Arrow types of columns, by their names; see ``to_arrow``.

        Raises:
            ImportError: polars or pyarrow is not installed (extra ``polars``).
            HazelcastSqlError, HazelcastSerializationError, IllegalStateError: See ``to_arrow``.
        """
        polars = library("polars", "to_polars()")
        library("pyarrow", "to_polars()")
        return self._frame(types, polars.from_arrow)

    def _frame(
        self, types: Mapping[str, ArrowType] | None, convert: Callable[[ArrowTable], Any]
    ) -> Flow[Any]:
        reading = table_of(self._unread(), self.next_page, types)
        return self._converted(reading, convert)

    def _converted(self, reading: Flow[ArrowTable], convert: Callable[[ArrowTable], Any]) -> Flow[Any]:
        table = yield from reading
        return (yield from elsewhere(self._context, partial(convert, table)))

    def _unread(self) -> SqlRowMetadata:
        """Return the columns, if no page has been begun."""
        if left := length_hint(self._first_column):
            raise IllegalStateError(
                f"{left} rows of the page that was read last are left; read a result either as rows or as a whole"
            )
        return self._row_classes().metadata

    def close(self) -> Flow[None]:
        """Cancel the query on the member; callable from any thread or task. Idempotent.

        Whoever waits for further rows, or asks for them later, gets a HazelcastSqlError with the code
        CANCELLED_BY_USER, unless all rows have been fetched.

        Source: message ``Sql.close``.
        """
        if self._page is not None:
            # Not handed out, so that the result is not read to its end.
            self._page = None
            self._closed = True
        if self._open:
            self._closed = True
            self._open = False
            ahead = self._ahead
            if ahead is not None:
                ahead.fail(closed())
            with suppress(TargetDisconnectedError):  # nothing is left of it there
                yield self._query.close()

    def _html(self) -> str:
        """Return what a notebook shows: the first rows, if none have been read. Nothing is fetched or handed out."""
        if self._classes is None:
            return f"<p>update count: {self._update_count}</p>"
        page = self._page
        if page is None:
            return html_table(self._classes.metadata, [], "the rows have been read, or the result is closed")
        rest = page.row_count - MOST_ROWS
        notes = [
            f"{rest} more rows in this page" if rest > 0 else "",
            "" if page.is_last else "further pages",
        ]
        return html_table(self._classes.metadata, page.columns, ", ".join(note for note in notes if note))

    def _row_classes(self) -> RowClasses:
        if self._classes is None:
            raise ValueError("the result has an update count instead of rows")
        return self._classes

    def _next_rows(self) -> Flow[Iterator[SqlRow] | None]:
        """Return the rows of the next page, which are the current ones then; None after the last page."""
        page: SqlPage | None = yield from self.next_page()
        return None if page is None else self._rows_of(page)

    def _rows_here(self) -> Iterator[SqlRow] | Flow[Iterator[SqlRow] | None] | None:
        """Do as ``_next_rows`` if the next page or the end is here, so that nobody waits; else return that flow."""
        page = self._page
        if self._reading or (self._open or self._closed if page is None else page.is_lazy):
            return self._next_rows()
        if page is None:
            return None
        self._taken(page)
        return self._rows_of(page)

    def _rows_of(self, page: SqlPage) -> Iterator[SqlRow]:
        classes = self._classes
        assert classes is not None, "a page has rows"
        # Made one by one, in C.
        self._rows, self._first_column = rows_of(classes.lazy if page.is_lazy else classes.whole, page.cells)
        return self._rows

    def _next_row(self) -> Flow[SqlRow | None]:
        """Return the next row; None after the last one."""
        while (row := next(self._rows, None)) is None:
            rows: Iterator[SqlRow] | None = yield from self._next_rows()
            if rows is None:
                return None
        return row

    def _enter(self) -> Flow[None]:
        yield []

    def _exit(self, error: BaseException | None) -> Flow[None]:
        if error is None:
            yield from self.close()
        else:
            # The error of the block is the one to see.
            yield GatherOutcomes([self.close()])
