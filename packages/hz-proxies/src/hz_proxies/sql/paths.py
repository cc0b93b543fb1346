"""What a client remembers of statements: which parameter tells the member to ask, and the classes of rows."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from struct import Struct
from typing import Final
from uuid import UUID

from hz_core.connection import Connection
from hz_core.context import ClientContext, Service
from hz_core.errors import TargetDisconnectedError
from hz_proxies.codecs import sql as codec
from hz_proxies.sql.rows import RowClasses, SqlColumnMetadata, SqlColumnType, row_classes
from hz_serialization import Data, partition_hash, partition_id

_MOST_STATEMENTS: Final = 1000
_MOST_CLASSES: Final = 200
_two_longs: Final = Struct(">qq").unpack


def halves(uuid: UUID) -> tuple[int, int]:
    """Return a UUID as two signed 64-bit numbers."""
    high, low = _two_longs(uuid.bytes)
    return high, low


class SqlPaths(Service):
    """What is remembered of statements, with a bound: the least recently used are forgotten.

    Members tell for some statements which parameter is the key. The owner of that key can answer without asking others,
    so it is asked from the second time on.
    """

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._mutex = context.io.mutex()
        self._arguments: OrderedDict[str, int] = OrderedDict()
        self._classes: OrderedDict[tuple[tuple[str, int, bool], ...], RowClasses] = OrderedDict()
        self.on_fork()

    def on_fork(self) -> None:
        """Begin to number queries anew: those of the parent are not those of the child."""
        self._client_half = halves(self._context.new_uuid())[0]
        self._numbers = count(1)

    def query_id(self, member: UUID) -> codec.SqlQueryId:
        """Return a new id for a query on a member.

        The client has one random number for all of them, as the system takes long to draw one.
        """
        return codec.SqlQueryId(*halves(member), self._client_half, next(self._numbers))

    def connection(self, sql: str, parameters: Sequence[Data | None]) -> Connection:
        """Return the connection to the member that executes a statement.

        Raises:
            ClientOfflineError, HazelcastClientNotActiveError, TargetDisconnectedError: There is none.
        """
        index = self._arguments.get(sql)
        if index is not None and index < len(parameters):
            key = parameters[index]
            partitions = self._context.view.partitions
            if key is not None and partitions.count:
                owner = partitions.owners[partition_id(partition_hash(key), partitions.count)]
                if owner is not None:
                    try:
                        return self._context.member_connection(owner)
                    except TargetDisconnectedError:
                        pass  # the others can answer, too
        # Lite members refuse queries.
        return self._context.any_data_connection()

    def learn(self, sql: str, response: codec.ExecuteResponse) -> None:
        """Remember which parameter of a statement is the key, if the member tells one."""
        index = response.partition_argument_index
        if not isinstance(index, int):
            return
        with self._mutex:
            if index < 0:
                self._arguments.pop(sql, None)
                return
            self._arguments[sql] = index
            self._arguments.move_to_end(sql)
            while len(self._arguments) > _MOST_STATEMENTS:
                self._arguments.popitem(last=False)

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
            self._arguments.clear()
