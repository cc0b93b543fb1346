# Near caches: the look-up of every read, and the way of a reply into the store.

from libc.stdlib cimport free, malloc

MISSING = object()
"""What a look-up returns for a key that is not there."""


cdef class RecordBase:
    """The compiled part of ``hz_nearcache.eviction.Record``."""

    cdef public object key, value, table, shortcut
    cdef public int64_t cost, group, used, hits
    cdef public Py_ssize_t place
    cdef public double expires, touched
    # By what it was compared when it became a candidate.
    cdef int64_t known_used, known_hits

    def __init__(self, key, value, int64_t cost, int64_t group, double expires, double touched):
        self.key = key
        self.value = value
        self.cost = cost
        self.group = group
        self.expires = expires
        self.touched = touched
        self.place = -1


cdef class StatisticsBase:
    """The compiled part of ``hz_nearcache.statistics.Statistics``."""

    cdef public int64_t uses, stored, misses, evictions, expirations, invalidations
    cdef public int64_t invalidation_requests, lost_invalidations


cdef class SamplerBase:
    """The compiled part of ``hz_nearcache.eviction.Sampler``."""

    cdef public object _score, _random
    cdef public bint _by_hits
    cdef public Py_ssize_t _count, _most, _few
    cdef public list _pool

    def choose(self, list records not None):
        """Return the record to evict."""
        return sampler_choose(self, records)


cdef RecordBase sampler_choose(SamplerBase self, list records):
    cdef RecordBase record
    cdef Py_ssize_t place
    if self._score is None:
        place = <Py_ssize_t> (<double> self._random() * PyList_GET_SIZE(records))
        return records[place]
    if PyList_GET_SIZE(records) <= self._count:
        return min(records, key=self._score)
    while PyList_GET_SIZE(self._pool) > self._few:
        record = <RecordBase> self._pool.pop()
        # What was used since then is none any more.
        if record.place >= 0 and record.used == record.known_used and record.hits == record.known_hits:
            return record
    return sampler_refill(self, records)


cdef bint is_lower(RecordBase one, RecordBase other, bint by_hits):
    """Return whether a record is evicted before another one."""
    if by_hits and one.hits != other.hits:
        return one.hits < other.hits
    return one.used < other.used


cdef RecordBase sampler_refill(SamplerBase self, list records):
    """Find other candidates, and return the lowest of all."""
    cdef Py_ssize_t size = PyList_GET_SIZE(records), at, count = 0, most = self._most, i
    cdef Py_ssize_t step = size // (self._count * (most - self._few)) or 1
    cdef RecordBase record
    cdef list pool = []
    # The lowest ones, in their order. No object is made or freed while this refers to them.
    cdef PyObject** lowest = <PyObject**> malloc(most * sizeof(PyObject*))
    if lowest == NULL:
        raise MemoryError()
    at = <Py_ssize_t> (<double> self._random() * step)
    while at < size:
        count = sampler_insert(lowest, count, most, PyList_GET_ITEM(records, at), self._by_hits)
        at += step
    for i in range(PyList_GET_SIZE(self._pool)):
        if (<RecordBase> PyList_GET_ITEM(self._pool, i)).place >= 0:
            count = sampler_insert(lowest, count, most, PyList_GET_ITEM(self._pool, i), self._by_hits)
    try:
        for i in range(count - 1, 0, -1):
            record = <RecordBase> lowest[i]
            record.known_used, record.known_hits = record.used, record.hits
            pool.append(record)
        record = <RecordBase> lowest[0]
    finally:
        free(lowest)
    self._pool = pool
    return record


cdef Py_ssize_t sampler_insert(
    PyObject** lowest, Py_ssize_t count, Py_ssize_t most, PyObject* record, bint by_hits
):
    """Insert a record among the ``most`` lowest ones, unless it is there; return their number."""
    cdef Py_ssize_t at = count, i
    while at > 0 and is_lower(<RecordBase> record, <RecordBase> lowest[at - 1], by_hits):
        at -= 1
    # Those that are equal are beside each other.
    i = at
    while i > 0 and not is_lower(<RecordBase> lowest[i - 1], <RecordBase> record, by_hits):
        i -= 1
        if lowest[i] == record:
            return count
    if at >= most:
        return count
    if count < most:
        count += 1
    for i in range(count - 1, at, -1):
        lowest[i] = lowest[i - 1]
    lowest[at] = record
    return count


cdef class StoreBase:
    """The compiled part of ``hz_nearcache.store.Store``."""

    cdef public object mutex, look_up, _now, _show
    cdef public StatisticsBase statistics
    cdef public SamplerBase _sampler
    cdef public bint _bounded, _expires
    cdef public double _max_size, _max_bytes, _time_to_live, _max_idle
    cdef public int64_t _entry_cost, _bytes, _epoch
    cdef public Py_ssize_t _size
    cdef public dict _records, _shortcuts
    cdef public list _all, _changes

    def _make_look_up(self):
        return self._looked_up

    def _looked_up(self, key):
        """Return the value of a caller's key, or MISSING."""
        cdef PyObject* table = PyDict_GetItemWithError(self._shortcuts, type(key))
        cdef PyObject* found
        if table == NULL:
            return MISSING
        found = PyDict_GetItemWithError(<object> table, key)
        if found == NULL:
            return MISSING
        return store_use(self, <RecordBase> found, MISSING)

    def find(self, key, shortcut=MISSING):
        """Return the value of a key, or MISSING."""
        cdef PyObject* found = PyDict_GetItemWithError(self._records, key)
        if found != NULL:
            value = store_use(self, <RecordBase> found, shortcut)
            if value is not MISSING:
                return value
        self.statistics.misses += 1
        return MISSING

    def reserve(self, key):
        """Return a reservation for a value that is asked for from now on."""
        return self._epoch + store_changes(self, key)

    def put(self, key, value, int64_t cost=0, int64_t group=0, reservation=None, shortcut=MISSING):
        """Store a value; return whether it was stored."""
        return store_put(self, key, value, cost, group, reservation, shortcut)

    def keeping(self, decode, key, int64_t group, reservation, shortcut, *, bint binary, bint copies):
        """Return a decoder that keeps what ``decode`` reads."""
        if type(decode) is not Decoder or (<Decoder> decode).kind != DATA:
            return self._pure_keeping(decode, key, group, reservation, shortcut, binary=binary, copies=copies)
        return Keeping(self, decode, key, group, reservation, shortcut, binary, copies)

    def _unlink(self, RecordBase record not None):
        """Remove a record; return whether it was there."""
        return store_unlink(self, record)

    def forget(self, key):
        """Remove an entry, and the reservations of its key; return whether it was there."""
        cdef Py_ssize_t stripe = store_stripe(self, key)
        cdef PyObject* found
        with self.mutex:
            self._changes[stripe] += 1
            found = PyDict_GetItemWithError(self._records, key)
            return found != NULL and store_unlink(self, <RecordBase> found)


cdef class NearReadsBase(OperationsBase):
    """The compiled part of ``hz_nearcache.reads.NearCachedOperations``."""

    cdef public StoreBase _store
    cdef public object near_cache

    def _get(self, make, key):
        """Return the operation that reads the value of a key, so that it is kept."""
        data = data_of(self, key)
        if data is None or PyDict_GetItemWithError(self._store._records, data) != NULL:
            return self._pure_get(make, key)
        self._store.statistics.misses += 1
        partition = partition_of(<bytes> data, partitions_of(self))
        return self.near_cache.filling(read_of(self, make, data, partition), data, partition, key)


cdef Py_ssize_t store_stripe(StoreBase self, object key) except -1:
    cdef Py_hash_t number = hash(key)
    cdef Py_ssize_t count = PyList_GET_SIZE(self._changes)
    number %= count
    return number + count if number < 0 else number


cdef int64_t store_changes(StoreBase self, object key) except -1:
    return <object> PyList_GET_ITEM(self._changes, store_stripe(self, key))


cdef object store_use(StoreBase self, RecordBase record, object shortcut):
    """Return the value of a record for a reader; MISSING if it has expired."""
    cdef RecordBase kept = record  # callers have found it in a table, and own no reference
    if self._expires and not self._alive(record):
        return MISSING
    self.statistics.uses += 1
    record.used = self.statistics.uses
    record.hits += 1
    if shortcut is not MISSING and record.table is None:
        with self.mutex:
            self._add_shortcut(record, shortcut)
    return record.value if self._show is None else self._show(record.value)


cdef bint store_put(
    StoreBase self, object key, object value, int64_t cost, int64_t group, object reservation, object shortcut
) except -1:
    cdef double now = self._now() if self._expires else 0.0
    cdef RecordBase record = <RecordBase> new_instance(plain_record)
    cdef PyObject* old
    cdef PyObject* table
    cost += self._entry_cost
    record.key = key
    record.value = value
    record.cost = cost
    record.group = group
    record.expires = now + self._time_to_live
    record.touched = now
    record.place = -1
    with self.mutex:
        if reservation is not None and reservation != self._epoch + store_changes(self, key):
            return False
        old = PyDict_GetItemWithError(self._records, key)
        if old != NULL:
            store_unlink(self, <RecordBase> old)
        if self._size >= self._max_size or self._bytes + cost > self._max_bytes:
            if self._expires or not self._bounded or cost > self._max_bytes:
                if not self._make_room(cost, now):
                    return False
            else:
                while PyList_GET_SIZE(self._all) > 0:
                    store_unlink(self, sampler_choose(self._sampler, self._all))
                    self.statistics.evictions += 1
                    if self._size < self._max_size and self._bytes + cost <= self._max_bytes:
                        break
        # Nothing else can run between the next lines, since no object is freed.
        if key in self._records:
            return False  # a finalizer has stored the same key meanwhile
        self.statistics.uses += 1
        self.statistics.stored += 1
        record.used = self.statistics.uses
        record.place = self._size
        self._all.append(record)
        self._size += 1
        self._bytes += cost
        self._records[key] = record
        if shortcut is not MISSING:
            table = PyDict_GetItemWithError(self._shortcuts, type(shortcut))
            if table != NULL and shortcut not in <dict> table:
                (<dict> table)[shortcut] = record
                record.shortcut = shortcut
                record.table = <dict> table
    return True


cdef bint store_unlink(StoreBase self, RecordBase record) except -1:
    """Remove a record; return whether it was there."""
    cdef RecordBase last, kept = record  # callers have found it in a table, and own no reference
    if record.place < 0:
        return False
    # Nothing else can run between these lines, since no object is freed.
    last = <RecordBase> self._all[PyList_GET_SIZE(self._all) - 1]
    self._all[record.place] = last
    last.place = record.place
    record.place = -1
    del self._all[PyList_GET_SIZE(self._all) - 1]
    self._size -= 1
    del self._records[record.key]
    self._bytes -= record.cost
    if record.table is not None:
        del (<dict> record.table)[record.shortcut]
    return True


@cython.final
cdef class Keeping:
    """Decodes the reply of a read, and keeps its value."""

    cdef StoreBase store
    cdef Decoder decoder
    cdef object key, reservation, shortcut
    cdef int64_t group
    cdef bint binary, copies

    def __cinit__(
        self, StoreBase store, Decoder decoder, key, int64_t group, reservation, shortcut, bint binary, bint copies
    ):
        self.store = store
        self.decoder = decoder
        self.key = key
        self.group = group
        self.reservation = reservation
        self.shortcut = shortcut
        self.binary = binary
        self.copies = copies

    def __call__(self, message, read):
        return self.decode(message, read)

    cdef object decode(self, object message, object read):
        cdef const unsigned char* at
        cdef Py_ssize_t size, start, end
        if type(message) is bytes and type(read) is DataReader:
            at = <const unsigned char*> PyBytes_AS_STRING(message)
            size = PyBytes_GET_SIZE(message)
            start = <int32_t> load32(at, True) if size >= INITIAL else 0
            if INITIAL <= start <= size - HEADER:
                end = start + <int32_t> load32(at + start, True)
                if load16(at + start + 4, True) & IS_NULL:
                    self.put(None, len(self.key))
                    return None
                start += HEADER
                if start <= end <= size:
                    return self.keep(message, <DataReader> read, start, end)
        return self.store._pure_keeping(
            self.decoder, self.key, self.group, self.reservation, self.shortcut,
            binary=self.binary, copies=self.copies,
        )(message, read)

    cdef object keep(self, bytes message, DataReader read, Py_ssize_t start, Py_ssize_t end):
        """Keep the value of the ``Data`` at ``message[start:end]``, and return it."""
        value = read.at(message, start, end)
        if self.binary:
            kept = PyBytes_FromStringAndSize(PyBytes_AS_STRING(message) + start, end - start)
        else:
            # With copies, the caller may change the other one.
            kept = read.at(message, start, end) if self.copies else value
        self.put(kept, len(self.key) + end - start)
        return value

    cdef int put(self, object kept, int64_t cost) except -1:
        store_put(self.store, self.key, kept, cost, self.group, self.reservation, self.shortcut)
        return 0
