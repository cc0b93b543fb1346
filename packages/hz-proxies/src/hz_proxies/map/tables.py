"""Operations of a map that read and store tables."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import Any, Final, Generic

from hz_core.arguments import int32
from hz_core.op import Flow, Op
from hz_core.operations import KeyedOperations, none_refused
from hz_proxies.arrow.background import elsewhere
from hz_proxies.arrow.libraries import library
from hz_proxies.arrow.loading import KeyRange, Progress, Requests, load
from hz_proxies.arrow.types import ArrowTable, ArrowType, PandasFrame
from hz_proxies.codecs import map as codec
from hz_proxies.map.paging import PagingOperations
from hz_proxies.map.queries import QueryOperations
from hz_proxies.pages.operations import PagesOperations
from hz_proxies.predicate import Predicate, true, unpaged
from hz_proxies.projection import multi_attribute
from hz_proxies.types import K, V
from hz_serialization import Data

_PAGE: Final = 1000


class _Store:
    """Stores rows in a map."""

    def __init__(self, operations: KeyedOperations, make_key: Callable[[Any], object] | None) -> None:
        self._operations = operations
        self._make_key = make_key

    def requests(self, keys: list[Any], values: list[Data]) -> Requests:
        """Serialize keys; return a request for each partition."""
        from hz_proxies.arrow.hashes import partitions_of

        operations = self._operations
        if self._make_key is not None:
            keys = list(map(self._make_key, keys))
        if None in keys:
            raise none_refused("key", operations.name)
        serialized = list(map(operations._to_data, keys))
        partitions = partitions_of(serialized, operations._context.partition_count())
        by_partition: dict[int, list[tuple[Data, Data]]] = {}
        for partition, entry in zip(partitions, zip(serialized, values, strict=True), strict=True):
            found = by_partition.get(partition)
            if found is None:
                by_partition[partition] = [entry]
            else:
                found.append(entry)
        return [
            (codec.put_all(partition, operations.name, found, True), [key for key, _ in found])
            for partition, found in by_partition.items()
        ]

    def sending(self, requests: Requests) -> list[Op[None]]:
        """Return the requests, of which a near cache knows."""
        write = self._operations._write_many
        return [write(op, keys) for op, keys in requests]


class TableOperations(QueryOperations[K, V], PagingOperations[K, V], Generic[K, V]):
    """Tables of Arrow, pandas and Parquet are loaded batch by batch, with two batches in memory beside the table.

    Values become Compact records with a field for each column, or JSON. A batch is serialized on a thread of its own,
    sorted by partition, and sent while the next one is made. Batches are stored one after the other, in the order of
    the rows.
    """

    def load_arrow(
        self,
        table: Any,
        key: str,
        columns: Sequence[str] | None = None,
        *,
        values: str = "compact",
        type_name: str | None = None,
        make_key: Callable[[Any], object] | None = None,
        key_range: KeyRange = (None, None),
        batch_size: int = 10_000,
        progress: Progress | None = None,
    ) -> Flow[int]:
        """Store the rows of a table as entries, and return their number.

        Args:
            table: A ``pyarrow.Table``, ``RecordBatch`` or ``RecordBatchReader``.
            key: The column of the keys. They are stored as ``put`` would store its Python objects.
            columns: The columns of the values; None for all others.
            values: ``"compact"`` for records, ``"json"`` for JSON.
            type_name: Name of the Compact type; None for the name of the map.
            make_key: Makes a key of the Python object in the column: ``hazelcast.serialization.Long``, for example.
            key_range: Only rows from the first key on, and before the second one; None for no limit.
            batch_size: Rows that are stored at a time.
            progress: Called with a :class:`LoadProgress` after each batch, on the thread of callbacks.

        Raises:
            ImportError: pyarrow is not installed (extra ``arrow``).
            TypeError, ValueError: An argument has the wrong type or is out of range, or there is no such column.
            HazelcastSerializationError: A key is null, or a column has a type or a value that cannot be stored.

        If this fails, a note of the error says which rows are stored. Source: message ``Map.putAll``.
        """
        library("pyarrow", "load_arrow()")
        from hz_proxies.arrow.rows import RowReader, parts_of, schema_of

        size = int32(batch_size, "batch_size", 1)
        serialization = self._context.serialization
        reader = RowReader(
            serialization, schema_of(table), key, columns, values, type_name or self.name, key_range
        )
        batches = map(reader.read, parts_of(table, size))
        return load(self._context, _Store(self, make_key), batches, progress)

    def from_pandas(
        self,
        frame: PandasFrame,
        key: str,
        columns: Sequence[str] | None = None,
        *,
        values: str = "compact",
        type_name: str | None = None,
        make_key: Callable[[Any], object] | None = None,
        key_range: KeyRange = (None, None),
        batch_size: int = 10_000,
        progress: Progress | None = None,
    ) -> Flow[int]:
        """Store the rows of a ``pandas.DataFrame`` as entries, and return their number.

        Args:
            frame: The rows. NaN and NaT become null.
            key: The column of the keys, or the name of an index. They are stored as ``put`` would store them.
            columns: The columns of the values; None for all others.
            values: ``"compact"`` for records, ``"json"`` for JSON.
            type_name: Name of the Compact type; None for the name of the map.
            make_key: Makes a key of the Python object in the column.
            key_range: Only rows from the first key on, and before the second one; None for no limit.
            batch_size: Rows that are stored at a time.
            progress: Called with a :class:`LoadProgress` after each batch, on the thread of callbacks.

        Raises:
            ImportError: pandas or pyarrow is not installed (extra ``pandas``).
            TypeError, ValueError, HazelcastSerializationError: See ``load_arrow``.
        """
        library("pandas", "from_pandas()")
        pyarrow = library("pyarrow", "from_pandas()")
        table = pyarrow.Table.from_pandas(frame, preserve_index=key in frame.index.names or None)
        if columns is None and key in frame.columns:
            columns = [name for name in frame.columns if name != key]
        return self.load_arrow(
            table,
            key,
            columns,
            values=values,
            type_name=type_name,
            make_key=make_key,
            key_range=key_range,
            batch_size=batch_size,
            progress=progress,
        )

    def from_parquet(
        self,
        path: str | PathLike[str],
        key: str,
        columns: Sequence[str] | None = None,
        *,
        values: str = "compact",
        type_name: str | None = None,
        make_key: Callable[[Any], object] | None = None,
        key_range: KeyRange = (None, None),
        batch_size: int = 10_000,
        progress: Progress | None = None,
    ) -> Flow[int]:
        """Store the rows of a Parquet file as entries, and return their number. The file is read batch by batch.

        Args:
            path: The file.
            key: The column of the keys. They are stored as ``put`` would store its Python objects.
            columns: The columns of the values; None for all others.
            values: ``"compact"`` for records, ``"json"`` for JSON.
            type_name: Name of the Compact type; None for the name of the map.
            make_key: Makes a key of the Python object in the column.
            key_range: Only rows from the first key on, and before the second one; None for no limit.
            batch_size: Rows that are stored at a time.
            progress: Called with a :class:`LoadProgress` after each batch, on the thread of callbacks.

        Raises:
            ImportError: pyarrow is not installed (extra ``arrow``).
            OSError: The file cannot be read.
            TypeError, ValueError, HazelcastSerializationError: See ``load_arrow``.
        """
        library("pyarrow", "from_parquet()")
        parquet = library("pyarrow.parquet", "from_parquet()")
        pyarrow = library("pyarrow", "from_parquet()")
        size = int32(batch_size, "batch_size", 1)
        file = parquet.ParquetFile(path)
        wanted = None if columns is None else [key, *columns]
        reader = pyarrow.RecordBatchReader.from_batches(
            file.schema_arrow if wanted is None else _chosen(file.schema_arrow, wanted),
            # Without rows there are no batches; some versions of pyarrow raise an error then.
            file.iter_batches(size, columns=wanted) if file.metadata.num_rows else (),
        )
        loading = self.load_arrow(
            reader,
            key,
            columns,
            values=values,
            type_name=type_name,
            make_key=make_key,
            key_range=key_range,
            batch_size=size,
            progress=progress,
        )
        return _closing(loading, file)

    def to_arrow(
        self,
        predicate: Predicate | None = None,
        columns: Sequence[str] | None = None,
        types: Mapping[str, ArrowType] | None = None,
    ) -> Flow[ArrowTable]:
        """Return entries as a ``pyarrow.Table``.

        Args:
            predicate: The condition; None for all entries. A paging predicate is refused.
            columns: Attributes of the entries, which members extract: ``__key``, ``this``, names of fields; None for
                the key, as ``__key``, with all fields of the values if they are records or JSON objects, otherwise with
                the value, as ``this``.
            types: Arrow types of columns, by their names, instead of those that suit the values.

        Raises:
            ImportError: pyarrow is not installed (extra ``arrow``).
            ValueError: ``columns`` is empty, or ``types`` has a column that the table has not.
            HazelcastSerializationError: The values of a column have no type in common.
            AssertionError: The predicate is a paging predicate.

        Source: messages ``Map.fetchEntries``, ``Map.entriesWithPredicate`` and ``Map.fetchWithQuery``.
        """
        library("pyarrow", "to_arrow()")
        from hz_proxies.arrow.values import columns_of, entries_of

        if columns is None:
            convert = partial(entries_of, types=types)
            if predicate is None:
                return self._table(self.iter_items(_PAGE), convert)
            # Not in pages: members would extract the values, as Java's objects where they are JSON.
            return self._matching(self.entry_set(unpaged(predicate, "to_arrow")), convert)
        names = list(columns)
        attributes = multi_attribute(*names)
        pages = self._query_pages(
            "to_arrow", attributes, list, true() if predicate is None else predicate, _PAGE, None
        )
        return self._table(pages, partial(columns_of, names, types=types))

    def _matching(
        self, query: Op[list[tuple[K, V]]], convert: Callable[[list[Any]], ArrowTable]
    ) -> Flow[ArrowTable]:
        rows = yield query
        return (yield from elsewhere(self._context, partial(convert, rows)))

    def _table(
        self, pages: PagesOperations[Any], convert: Callable[[list[Any]], ArrowTable]
    ) -> Flow[ArrowTable]:
        rows: list[Any] = []
        while page := (yield from pages.next_page()):
            rows += page
        return (yield from elsewhere(self._context, partial(convert, rows)))


def _chosen(schema: Any, names: Sequence[str]) -> Any:
    """Return the columns of a file that are read, in the file's order, as its reader returns them."""
    for index in range(len(schema.names) - 1, -1, -1):
        if schema.names[index] not in names:
            schema = schema.remove(index)
    return schema


def _closing(loading: Flow[int], file: Any) -> Flow[int]:
    with file:
        return (yield from loading)
