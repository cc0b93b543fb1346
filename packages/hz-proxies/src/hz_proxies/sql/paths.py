"""What a client remembers of statements: which member to ask, what replies look like, and the classes of rows."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from struct import Struct
from typing import Final
from uuid import UUID

from hz_core.connection import Connection
from hz_core.context import ClientContext, Service
from hz_proxies.codecs import sql as codec
from hz_proxies.sql.known import KnownStatement
from hz_proxies.sql.rows import RowClasses, SqlColumnMetadata, SqlColumnType, row_classes
from hz_serialization import Data, partition_hash, partition_id

_MOST_STATEMENTS: Final = 1000
_MOST_CLASSES: Final = 200
_two_longs: Final = Struct(">qq").unpack


class SqlPaths(Service):
    """What is remembered of statements, with a bound: the least recently used are forgotten.

    Members tell for some statements which parameter is the key. The owner of that key can answer without asking others,
    so it is asked from the second time on.
    """

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._mutex = context.io.mutex()
        self._statements: OrderedDict[str, KnownStatement] = OrderedDict()
        self._classes: OrderedDict[tuple[tuple[str, int, bool], ...], RowClasses] = OrderedDict()
        self.on_fork()

    def on_fork(self) -> None:
        """Begin to number queries anew: those of the parent are not those of the child."""
        self._client_half: int = _two_longs(self._context.new_uuid().bytes)[0]
        self._numbers = count(1)

    def query_id(self, member: UUID) -> codec.SqlQueryId:
        """Return a new id for a query on a member.

        The client has one random number for all of them, as the system takes long to draw one.
        """
        high, low = _two_longs(member.int.to_bytes(16, "big"))
        return codec.SqlQueryId(high, low, self._client_half, next(self._numbers))

    def known(self, sql: str) -> KnownStatement | None:
        """Return what is remembered of a statement; None if that is nothing."""
        known = self._statements.get(sql)
        if known is not None:
            try:  # noqa: SIM105  # `suppress` is slow, and this runs for each query
                self._statements.move_to_end(sql)
            except KeyError:
                pass  # another thread has removed it at this moment
        return known

    def connection(self, known: KnownStatement | None, parameters: Sequence[Data | None]) -> Connection:
        """Return the connection to the member that executes a statement.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError, TargetDisconnectedError: There is none.
        """
        if known is not None and known.argument < len(parameters):
            key = parameters[known.argument]
            partitions = self._context.view.partitions.count
            if key is not None and partitions:
                owner = self._context.owner_connection(partition_id(partition_hash(key), partitions))
                if owner is not None:
                    return owner
        # The others can answer, too; but lite members refuse queries.
        return self._context.any_data_connection()

    def learn(self, sql: str, response: codec.ExecuteResponse) -> RowClasses | None:
        """Remember what a reply tells of a statement, if one of its parameters is the key.

        Returns:
            The classes of the rows; None for a reply without rows.
        """
        columns = response.row_metadata
        classes = None if columns is None else self.row_classes(columns)
        index = response.partition_argument_index
        if isinstance(index, int):
            with self._mutex:
                if index < 0:
                    self._statements.pop(sql, None)
                    return classes
                known = self._statements.get(sql)
                if known is None:
                    known = self._statements[sql] = KnownStatement(index)
                    if len(self._statements) > _MOST_STATEMENTS:
                        self._statements.popitem(last=False)
                known.argument = index
                known.remember(response, classes)
        return classes

    def row_classes(self, columns: Sequence[codec.SqlColumnMetadata]) -> RowClasses:
        """Return the classes of rows with these columns: the same ones for the same columns."""
        key = tuple((column.name, column.type, column.nullable is not False) for column in columns)
        with self._mutex:
            classes = self._classes.get(key)
            if classes is None:
                classes = self._classes[key] = row_classes(
                    SqlColumnMetadata(name, SqlColumnType(type_), nullable) for name, type_, nullable in key
                )
                if len(self._classes) > _MOST_CLASSES:
                    self._classes.popitem(last=False)
            else:
                self._classes.move_to_end(key)
        return classes

    def on_cluster_changed(self) -> None:
        """Forget the statements: the other cluster has mappings of its own."""
        with self._mutex:
            self._statements.clear()
