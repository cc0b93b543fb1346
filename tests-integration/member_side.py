"""Code of the member, written in Python: entry processor, interceptor and map store, and what clients send of them.

The member is embedded: it calls the objects of `MemberSide` in this process, through py4j.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput

FACTORY_ID: Final = 77
ADDER_ID: Final = 1
SHOUTER_ID: Final = 2
STORED_MAPS: Final = "stored-*"
WRITE_BEHIND_MAPS: Final = "behind-*"
COUNTED_MAPS: Final = "stats-*"
BOUNDED: Final = "bounded-*"
MULTI_MAPS_OF_LISTS: Final = "listed-*"
BOUND: Final = 2
"""Number of items that bounded queues, lists and sets have room for."""
SMALL_RINGBUFFERS: Final = "small-*"
EXPIRING_RINGBUFFERS: Final = ("expiring-*", "_hz_rb_expiring-*")
"""Their items expire after an hour, so they can be full."""
SMALL: Final = 5
"""Capacity of all these."""
LONG_DELAY: Final = 3600
"""Seconds that write-behind maps put off: only `flush` writes within a test."""


class Adder(IdentifiedDataSerializable):
    """What a client sends to have a number added to an entry's value."""

    def __init__(self, number: int = 0) -> None:
        self.number = number

    def get_factory_id(self) -> int:
        return FACTORY_ID

    def get_class_id(self) -> int:
        return ADDER_ID

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_int(self.number)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.number = object_data_input.read_int()


class Shouter(IdentifiedDataSerializable):
    """What a client sends to have values put in upper case and read with a mark."""

    def get_factory_id(self) -> int:
        return FACTORY_ID

    def get_class_id(self) -> int:
        return SHOUTER_ID

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """Nothing but its class counts."""

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        """Nothing but its class counts."""


class _Identified:
    class_id: int

    def getFactoryId(self) -> int:
        return FACTORY_ID

    def getClassId(self) -> int:
        return self.class_id

    def writeData(self, out: Any) -> None:
        pass

    def readData(self, source: Any) -> None:
        pass


class MemberAdder(_Identified):
    """The entry processor; it returns the old value."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = [
            "com.hazelcast.map.EntryProcessor",
            "com.hazelcast.nio.serialization.IdentifiedDataSerializable",
        ]

    class_id = ADDER_ID

    def __init__(self) -> None:
        self.number = 0

    def process(self, entry: Any) -> object:
        old = entry.getValue()
        if self.number == 0:
            raise ValueError("refused in the entry processor")
        entry.setValue((old or 0) + self.number)
        return old

    def getBackupProcessor(self) -> None:
        """None: backups get the new value."""

    def readData(self, source: Any) -> None:
        self.number = source.readInt()


class MemberShouter(_Identified):
    """The map interceptor."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = [
            "com.hazelcast.map.MapInterceptor",
            "com.hazelcast.nio.serialization.IdentifiedDataSerializable",
        ]

    class_id = SHOUTER_ID

    def hashCode(self) -> int:
        """Members tell interceptors apart by it."""
        return SHOUTER_ID

    def equals(self, other: object) -> bool:
        """Each is registered with the object that removes it."""
        return True

    def interceptGet(self, value: str | None) -> str | None:
        return None if value is None else value + "!"

    def afterGet(self, value: str) -> None:
        pass

    def interceptPut(self, old: str | None, new: str) -> str:
        return new.upper()

    def afterPut(self, value: str) -> None:
        pass

    def interceptRemove(self, value: str) -> str:
        return value + "?"

    def afterRemove(self, value: str) -> None:
        pass


class Store:
    """A map store over a dict."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = ["com.hazelcast.map.MapStore"]

    def __init__(self, side: MemberSide) -> None:
        self.rows: dict[Any, Any] = {}
        self._side = side

    def load(self, key: Any) -> Any:
        return self.rows.get(key)

    def loadAll(self, keys: Any) -> Any:
        found = self._side.jvm.java.util.HashMap()
        for key in keys:
            if key in self.rows:
                found[key] = self.rows[key]
        return found

    def loadAllKeys(self) -> Any:
        keys = self._side.jvm.java.util.ArrayList()
        for key in self.rows:
            keys.append(key)
        return keys

    def store(self, key: Any, value: Any) -> None:
        self.rows[key] = value

    def storeAll(self, rows: Any) -> None:
        self.rows.update({key: rows[key] for key in rows})

    def delete(self, key: Any) -> None:
        self.rows.pop(key, None)

    def deleteAll(self, keys: Any) -> None:
        for key in keys:
            self.rows.pop(key, None)


class _Stores:
    """Makes a store for each map that wants one."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = ["com.hazelcast.map.MapStoreFactory"]

    def __init__(self, side: MemberSide) -> None:
        self._side = side

    def newMapStore(self, name: str, properties: Any) -> Store:
        return self._side.stores.setdefault(name, Store(self._side))


class _Objects:
    """Makes processors and interceptors as the member reads their class id."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = ["com.hazelcast.nio.serialization.DataSerializableFactory"]

    def create(self, class_id: int) -> object:
        return MemberAdder() if class_id == ADDER_ID else MemberShouter()


class MemberSide:
    """What the member of the session is given, and what its stores hold.

    Attributes:
        jvm: The view of the member's JVM, once it runs.
        stores: The stores by name of map.
    """

    def __init__(self) -> None:
        self.jvm: Any = None
        self.stores: dict[str, Store] = {}

    def configure(self, config: Any) -> None:
        """Give a member's Java `Config` the Python objects."""
        config.getSerializationConfig().addDataSerializableFactory(FACTORY_ID, _Objects())
        config.getMapConfig(COUNTED_MAPS).setPerEntryStatsEnabled(True)
        config.getMultiMapConfig(MULTI_MAPS_OF_LISTS).setValueCollectionType("LIST")
        for bounded in (config.getQueueConfig, config.getListConfig, config.getSetConfig):
            bounded(BOUNDED).setMaxSize(BOUND)
        config.getRingbufferConfig(SMALL_RINGBUFFERS).setCapacity(SMALL)
        for pattern in EXPIRING_RINGBUFFERS:
            expiring = config.getRingbufferConfig(pattern)
            expiring.setCapacity(SMALL)
            expiring.setTimeToLiveSeconds(3600)
        for pattern, delay in ((STORED_MAPS, 0), (WRITE_BEHIND_MAPS, LONG_DELAY)):
            store = config.getMapConfig(pattern).getMapStoreConfig()
            store.setEnabled(True)
            store.setWriteDelaySeconds(delay)
            store.setFactoryImplementation(_Stores(self))
