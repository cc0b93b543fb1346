"""Operations of the SQL service, from which its surfaces are generated."""

from collections.abc import Callable
from functools import partial
from typing import Final

from hz_core.arguments import SERVER_DEFAULT, int32, is_negative, milliseconds, shown
from hz_core.context import ClientContext, acquires
from hz_core.errors import TargetDisconnectedError
from hz_core.op import Flow, GatherOutcomes, Sleep
from hz_core.operations import Operations
from hz_core.wire.types import ReadData, raw_data
from hz_proxies.codecs import sql as codec
from hz_proxies.sql.errors import REPEATABLE, HazelcastSqlError, lost
from hz_proxies.sql.known import Options, new_request
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

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._paths = context.service(SqlPaths)

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
        parameters: list[Data | None] = []
        for value in params:
            if type(value) is int and not _INT_32[0] <= value < _INT_32[1]:
                value = Long(value) if _INT_64[0] <= value < _INT_64[1] else BigInteger(value)
            parameters.append(None if value is None else self._to_data(value))
        options = millis, buffer_size, schema, expected_result_type
        execute = partial(self._execute, sql, parameters, options, raw_data if return_raw else None)
        repeatable = retry_select and sql.lstrip()[:6].upper() == "SELECT"
        return self._repeated(execute) if repeatable else execute()

    def _repeated(self, execute: Callable[[], Flow[SqlResultOperations]]) -> Flow[SqlResultOperations]:
        """Execute a query, again as long as it fails for a reason that goes away."""
        give_up = self._context.io.now() + self._context.config.invocation_timeout
        while True:
            try:
                return (yield from execute())
            except (HazelcastSqlError, TargetDisconnectedError) as e:
                pause = self._context.config.invocation_retry_pause
                if isinstance(e, HazelcastSqlError) and e.code not in REPEATABLE:
                    raise
                if self._context.io.now() + pause > give_up:
                    raise
            yield Sleep(pause)

    def _execute(
        self, sql: str, parameters: list[Data | None], options: Options, read: ReadData | None
    ) -> Flow[SqlResultOperations]:
        # One member has the result: all its pages are requested over the same connection.
        paths = self._paths
        known = paths.known(sql)
        connection = paths.connection(known, parameters)
        member = connection.member
        assert member is not None, "a ready connection knows its member"
        query_id = paths.query_id(member)
        timeout_millis, cursor_buffer_size, _, _ = options
        limit = timeout_millis / 1000 if timeout_millis > 0 else None
        query = Query(connection, member, query_id, cursor_buffer_size, read, limit, self._context.io.now)
        make = new_request if known is None else known.request
        request = make(connection, sql, parameters, options, query_id)
        decode = codec.execute_response if known is None else known.decode
        request.decode = decode if read is None else lambda message, _: decode(message, read)
        acquires(
            self._context, request, lambda response: query.close() if _has_more_pages(response) else None
        )
        try:
            response: codec.ExecuteResponse = yield request
        except TargetDisconnectedError as e:
            raise lost(member, e) from e
        except Exception:
            raise
        except BaseException:
            # A cancelled caller does not get the result, so it could not close it. The member need not finish it.
            yield GatherOutcomes([query.close()])
            raise
        if response.error is not None:
            raise query.failed(response.error)
        classes = None if known is None else known.classes_of(response)
        if classes is None:
            classes = paths.learn(sql, response)
        return SqlResultOperations(self._context, query, response, classes)


def _has_more_pages(response: codec.ExecuteResponse) -> bool:
    page = response.row_page
    return response.error is None and page is not None and not page.is_last
