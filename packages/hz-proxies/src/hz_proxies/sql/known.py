"""What is remembered of a statement that is executed again and again."""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

from hz_core.connection import Connection
from hz_core.op import Op
from hz_core.wire.decode import length_at
from hz_core.wire.encode import join_parts, write_data_list
from hz_core.wire.types import Absent, ReadData
from hz_proxies.codecs import sql as codec
from hz_proxies.sql.rows import RowClasses
from hz_proxies.sql_page import SqlPage
from hz_serialization import Data

# Places in requests.
_TEXT: Final = 36
"""The frame of the statement."""
_LIST: Final = 12
"""The size of the frames of a list without values."""
_ID: Final = 38
"""The size of a query's id and of what is behind it."""
_END: Final = 6
"""The size of what is behind it."""

# Places in replies.
_LENGTH: Final = slice(4)
"""The length of the first frame."""
_PARAMETERS: Final = 18
"""Where the parameters begin: behind the correlation id, which is another one in each reply."""
_ENDS: Final = 12
"""The size of what is behind the columns: the end of the page, and no error."""

_LONGEST: Final = 4096
"""So many bytes of a request, and of a reply, are remembered at most."""

_pack_id: Final = Struct("<qqqq").pack

Options: TypeAlias = tuple[int, int, str | None, int]
"""The time limit in milliseconds, the rows of a page, the schema, and the expected result, as they are sent."""


def new_request(
    connection: Connection,
    sql: str,
    parameters: Sequence[Data | None],
    options: Options,
    query_id: codec.SqlQueryId,
) -> Op[codec.ExecuteResponse]:
    """Return the request that executes a statement."""
    timeout_millis, buffer_size, schema, expected = options
    return codec.execute(
        connection, sql, parameters, timeout_millis, buffer_size, schema, expected, query_id, False
    )


class _Request(NamedTuple):
    """The bytes of a request that do not change."""

    options: Options
    begin: bytes
    """What is before the parameters."""

    middle: bytes
    """What is between the parameters and the id of the query."""

    end: bytes
    """What is behind that."""


class _Reply(NamedTuple):
    """The bytes of a reply that do not change, and what was made of them."""

    length: bytes
    """The length of its first frame."""

    begin: bytes
    """Its parameters up to the values."""

    ends: bytes
    """What is behind the values."""

    start: int
    """The position of the values."""

    row_metadata: list[codec.SqlColumnMetadata]
    classes: RowClasses
    is_last: bool
    column_types: list[int]
    update_count: int
    is_infinite_rows: bool | Absent
    partition_argument_index: int | Absent


class KnownStatement:
    """What is remembered of a statement.

    The request and the reply of a query by key are small, and the same each time but for a few values. So the other
    bytes of the request are not encoded again; those of the reply are compared with the ones of the last reply, and
    decoded again only if they differ.

    Args:
        argument: The index of the parameter that is the key.

    Attributes:
        argument: The index of the parameter that is the key.
    """

    __slots__ = ("_reply", "_request", "argument")

    def __init__(self, argument: int) -> None:
        self.argument: int = argument
        # Each is replaced as a whole: several threads may use them at the same time.
        self._request: _Request | None = None
        self._reply: _Reply | None = None

    def request(
        self,
        connection: Connection,
        sql: str,
        parameters: Sequence[Data | None],
        options: Options,
        query_id: codec.SqlQueryId,
    ) -> Op[codec.ExecuteResponse]:
        """Return the request, as ``new_request`` does."""
        known = self._request
        if known is None or known.options != options:
            raw = bytes(new_request(connection, sql, (), options, query_id).request)
            values = _TEXT + length_at(raw, _TEXT)[0]
            if values > _LONGEST:
                return new_request(connection, sql, parameters, options, query_id)
            known = _Request(options, raw[:values], raw[values + _LIST : -_ID], raw[-_END:])
            self._request = known
        parts = [known.begin]
        write_data_list(parts, parameters)
        id_ = _pack_id(
            query_id.member_id_high, query_id.member_id_low, query_id.local_id_high, query_id.local_id_low
        )
        parts += (known.middle, id_, known.end)
        return Op(codec.EXECUTE, join_parts(parts), connection=connection)

    def remember(self, response: codec.ExecuteResponse, classes: RowClasses | None) -> None:
        """Remember a reply, and the classes of its rows."""
        page: SqlPage | None = response.row_page
        if classes is None or response.row_metadata is None or page is None or response.error is not None:
            return
        message, (start, end) = page._message, page._span
        if end + _ENDS != len(message) or start > _LONGEST:
            return
        self._reply = _Reply(
            message[_LENGTH],
            message[_PARAMETERS:start],
            message[end:],
            start,
            response.row_metadata,
            classes,
            page.is_last,
            page.column_types.copy(),
            response.update_count,
            response.is_infinite_rows,
            response.partition_argument_index,
        )

    def decode(self, message: bytes, read: ReadData) -> codec.ExecuteResponse:
        """Decode a reply, as ``codec.execute_response`` does."""
        known = self._reply
        if (
            known is None
            or not message.startswith(known.begin, _PARAMETERS)
            or not message.startswith(known.length)
            or not message.endswith(known.ends)
            or len(message) < known.start + _ENDS
        ):
            return codec.execute_response(message, read)
        span = known.start, len(message) - _ENDS
        return codec.ExecuteResponse(
            known.row_metadata,
            SqlPage(known.is_last, known.column_types.copy(), message, span, read),
            known.update_count,
            None,
            known.is_infinite_rows,
            known.partition_argument_index,
        )

    def classes_of(self, response: codec.ExecuteResponse) -> RowClasses | None:
        """Return the classes of the rows of a reply that was not decoded again; None for any other one."""
        known = self._reply
        return None if known is None or response.row_metadata is not known.row_metadata else known.classes
