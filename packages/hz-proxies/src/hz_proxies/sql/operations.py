"""Operations of the SQL service, from which its surfaces are generated."""

from typing import Any, Final, NamedTuple

from hz_core.arguments import SERVER_DEFAULT, int32, is_negative, milliseconds, shown
from hz_core.context import acquires
from hz_core.errors import TargetDisconnectedError
from hz_core.flow import cancellable
from hz_core.op import Flow, GatherOutcomes, Sleep
from hz_core.operations import Operations
from hz_core.wire.types import ReadData, raw_data
from hz_proxies.codecs import sql as codec
from hz_proxies.sql.errors import REPEATABLE, HazelcastSqlError, lost
from hz_proxies.sql.paths import SqlPaths
from hz_proxies.sql.result.operations import Query, SqlResultOperations
from hz_proxies.sql.rows import SqlExpectedResultType
from hz_serialization import Data
from hz_serialization.java_types import BigInteger, Long

_INT_32: Final = (-(1 << 31), 1 << 31)
_INT_64: Final = (-(1 << 63), 1 << 63)
_RESULT_TYPES: Final = frozenset(SqlExpectedResultType)


class SqlOperations(Operations):
    """Executes SQL statements. Members need the SQL module and Jet, and each map needs a mapping."""

    def execute(
        self,
        sql: str,
        *params: object,
        cursor_buffer_size: int = 4096,
        timeout: float = -1,
        expected_result_type: int = 0,
        schema: str | None = None,
        return_raw: bool = False,
        retry_select: bool = False,
    ) -> Flow[SqlResultOperations]:
        """Execute a statement and return its result, with the first page of rows.

        Args:
            sql: The statement, with a ``?`` for each parameter.
            *params: The parameters.
            cursor_buffer_size: Maximum number of rows of a page.
            timeout: Seconds after which the member cancels the statement; 0 for no limit, negative for the
                member's configuration.
            expected_result_type: One of :class:`SqlExpectedResultType`: 0 for any result, 1 for rows only, 2 for an
                update count only.
            schema: Schema of names without an explicit one; None for the default.
            return_raw: Whether objects in columns are returned as their serialized ``Data``, so that programs can
                pass them on, or deserialize them later.
            retry_select: Whether a SELECT is executed again, within the client's ``invocation_timeout``, if its member
                is lost or partitions move before the first rows are there. Never done later, nor for other statements.

        Raises:
            HazelcastSqlError: The statement failed.
            TypeError, ValueError: An argument has the wrong type or is out of range.

        Source: message ``Sql.execute``.
        """
        if not isinstance(sql, str):
            raise TypeError(f"the statement must be a string, not {shown(sql)}")
        millis = SERVER_DEFAULT if is_negative(timeout) else milliseconds(timeout, "timeout")
        buffer_size = int32(cursor_buffer_size, "cursor_buffer_size", 1)
        if expected_result_type not in _RESULT_TYPES:
            raise ValueError(f"expected_result_type must be 0, 1 or 2, not {shown(expected_result_type)}")
        if schema is not None and not isinstance(schema, str):
            raise TypeError(f"schema must be a string or None, not {shown(schema)}")
        parameters = [None if value is None else self._to_data(_wide(value)) for value in params]
        statement = _Statement(
            sql,
            parameters,
            buffer_size,
            millis,
            expected_result_type,
            schema,
            raw_data if return_raw else None,
        )
        repeatable = retry_select and sql.lstrip()[:6].upper() == "SELECT"
        return self._repeated(statement) if repeatable else self._execute(statement)

    def _repeated(self, statement: "_Statement") -> Flow[SqlResultOperations]:
        """Execute a query, again as long as it fails for a reason that goes away."""
        give_up = self._context.io.now() + self._context.config.invocation_timeout
        while True:
            try:
                return (yield from self._execute(statement))
            except (HazelcastSqlError, TargetDisconnectedError) as e:
                pause = self._context.config.invocation_retry_pause
                if isinstance(e, HazelcastSqlError) and e.code not in REPEATABLE:
                    raise
                if self._context.io.now() + pause > give_up:
                    raise
            yield Sleep(pause)

    def _execute(self, statement: "_Statement") -> Flow[SqlResultOperations]:
        # One member has the result: all its pages are requested over the same connection.
        paths = self._context.service(SqlPaths)
        connection = paths.connection(statement.sql, statement.parameters)
        member = connection.member
        assert member is not None, "a ready connection knows its member"
        query_id = paths.query_id(member)
        limit = statement.timeout_millis / 1000 if statement.timeout_millis > 0 else None
        now = self._context.io.now
        query = Query(connection, query_id, statement.cursor_buffer_size, statement.read, limit, now)
        request = codec.execute(
            connection,
            statement.sql,
            statement.parameters,
            statement.timeout_millis,
            statement.cursor_buffer_size,
            statement.schema,
            statement.expected_result_type,
            query_id,
            False,
        )
        read = statement.read
        if read is not None:
            request.decoded(lambda message, _: codec.execute_response(message, read))
        acquires(
            self._context, request, lambda response: query.close() if _has_more_pages(response) else None
        )
        try:
            # A cancelled caller does not get the result, so it could not close it. The member need not finish it.
            response: codec.ExecuteResponse = yield from cancellable(
                request, lambda: GatherOutcomes([query.close()])
            )
        except TargetDisconnectedError as e:
            raise lost(member, e) from e
        query.check(response.error)
        paths.learn(statement.sql, response)
        classes = None if response.row_metadata is None else paths.row_classes(response.row_metadata)
        return SqlResultOperations(self._context, query, response, classes)


def _wide(value: object) -> Any:
    """Return a parameter as it is sent: integers of any size, as members convert them to the type that is needed."""
    if type(value) is int and not _INT_32[0] <= value < _INT_32[1]:
        return Long(value) if _INT_64[0] <= value < _INT_64[1] else BigInteger(value)
    return value


class _Statement(NamedTuple):
    """A statement with its parameters and options."""

    sql: str
    parameters: list[Data | None]
    cursor_buffer_size: int
    timeout_millis: int
    expected_result_type: int
    schema: str | None
    read: ReadData | None


def _has_more_pages(response: codec.ExecuteResponse) -> bool:
    page = response.row_page
    return response.error is None and page is not None and not page.is_last
