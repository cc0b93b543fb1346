"""Operations of the SQL service, from which its surfaces are generated."""

from typing import Any, Final
from uuid import UUID

from hz_core.arguments import SERVER_DEFAULT, int32, is_negative, milliseconds, shown
from hz_core.context import acquires
from hz_core.flow import cancellable
from hz_core.op import Flow, GatherOutcomes
from hz_core.operations import Operations
from hz_proxies.codecs import sql as codec
from hz_proxies.sql.result.operations import SqlResultOperations
from hz_serialization import Data

_RESULT_TYPES: Final = (0, 1, 2)
_LOW_64 = (1 << 64) - 1
_SIGN_64 = 1 << 63


class SqlOperations(Operations):
    """Executes SQL statements. Members need the SQL module and Jet, and each map needs a mapping."""

    def execute(
        self,
        sql: str,
        *params: Any,
        cursor_buffer_size: int = 4096,
        timeout: float = -1,
        expected_result_type: int = 0,
        schema: str | None = None,
    ) -> Flow[SqlResultOperations]:
        """Execute a statement and return its result, with the first page of rows.

        Args:
            sql: The statement, with a ``?`` for each parameter.
            *params: The parameters.
            cursor_buffer_size: Maximum number of rows of a page.
            timeout: Seconds after which the member cancels the statement; 0 for no limit, negative for the
                member's configuration.
            expected_result_type: 0 for any result, 1 for rows only, 2 for an update count only.
            schema: Schema of names without an explicit one; None for the default.

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
        parameters = [None if value is None else self._to_data(value) for value in params]
        return self._execute(sql, parameters, buffer_size, millis, expected_result_type, schema)

    def _execute(
        self,
        sql: str,
        parameters: list[Data | None],
        cursor_buffer_size: int,
        timeout_millis: int,
        expected_result_type: int,
        schema: str | None,
    ) -> Flow[SqlResultOperations]:
        # One member has the result: all its pages are requested over the same connection. Lite members refuse queries.
        connection = self._context.any_data_connection()
        member = connection.member
        assert member is not None, "a ready connection knows its member"
        query_id = codec.SqlQueryId(*_halves(member), *_halves(self._context.new_uuid()))
        request = codec.execute(
            connection,
            sql,
            parameters,
            timeout_millis,
            cursor_buffer_size,
            schema,
            expected_result_type,
            query_id,
            False,
        )
        acquires(
            self._context,
            request,
            lambda response: codec.close(connection, query_id) if _has_more_pages(response) else None,
        )
        # A cancelled caller does not get the result, so it could not close it. The member need not finish it, either.
        response: codec.ExecuteResponse = yield from cancellable(
            request, lambda: GatherOutcomes([codec.close(connection, query_id)])
        )
        return SqlResultOperations(self._context, connection, query_id, cursor_buffer_size, response)


def _has_more_pages(response: codec.ExecuteResponse) -> bool:
    page = response.row_page
    return response.error is None and page is not None and not page.is_last


def _halves(uuid: UUID) -> tuple[int, int]:
    """Return a UUID as two signed 64-bit numbers."""
    return _signed(uuid.int >> 64), _signed(uuid.int & _LOW_64)


def _signed(number: int) -> int:
    return number - (1 << 64) if number & _SIGN_64 else number
