"""Code of the member, written in Python: entry processor, interceptor and map store, and what clients send of them.

The member is embedded: it calls the objects of `MemberSide` in this process, through py4j.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, ClassVar, Final

from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput

FACTORY_ID: Final = 77
ADDER_ID: Final = 1
SHOUTER_ID: Final = 2
TASK_ID: Final = 3
JOINER_ID: Final = 4
STORED_MAPS: Final = "stored-*"
WRITE_BEHIND_MAPS: Final = "behind-*"
COUNTED_MAPS: Final = "stats-*"
BOUNDED: Final = "bounded-*"
MULTI_MAPS_OF_LISTS: Final = "listed-*"
JOURNALED_MAPS: Final = "journal-*"
JOURNAL: Final = 10
"""Number of events of a partition that a journal has room for."""
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


class Task(IdentifiedDataSerializable):
    """What a client sends to have `text` echoed in a member; ``fail…`` raises, and ``wait…`` waits for its gate."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    def get_factory_id(self) -> int:
        return FACTORY_ID

    def get_class_id(self) -> int:
        return TASK_ID

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_string(self.text)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.text = object_data_input.read_string() or ""


class Joiner(IdentifiedDataSerializable):
    """What a client sends to have each value replaced by its key and the value."""

    def get_factory_id(self) -> int:
        return FACTORY_ID

    def get_class_id(self) -> int:
        return JOINER_ID

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


class Gates:
    """What tasks that wait are waiting for, and how often each task was executed, by text."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[str, threading.Event] = {}
        self.executed: Counter[str] = Counter()

    def gate(self, text: str) -> threading.Event:
        """Return the gate of a task."""
        with self._lock:
            return self._gates.setdefault(text, threading.Event())

    def began(self, text: str) -> None:
        """Count a task that is executed."""
        with self._lock:
            self.executed[text] += 1


class MemberTask(_Identified):
    """The task of executors, in a member."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = [
            "java.util.concurrent.Callable",
            "com.hazelcast.nio.serialization.IdentifiedDataSerializable",
        ]

    class_id = TASK_ID

    def __init__(self, gates: Gates, text: str = "") -> None:
        self._gates = gates
        self.text = text

    def readData(self, source: Any) -> None:
        self.text = source.readUTF()

    def writeData(self, out: Any) -> None:
        out.writeUTF(self.text)

    def call(self) -> str:
        """Do what the text says."""
        self._gates.began(self.text)
        if self.text.startswith("fail"):
            raise ValueError("refused in the task")
        if self.text.startswith("wait") and not self._gates.gate(self.text).wait(60):
            raise TimeoutError(self.text)
        return f"did {self.text}"


class MemberJoiner(_Identified):
    """The function for `replace_all`."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = [
            "java.util.function.BiFunction",
            "com.hazelcast.nio.serialization.IdentifiedDataSerializable",
        ]

    class_id = JOINER_ID

    def apply(self, key: Any, value: Any) -> str:
        return f"{key}: {value}"


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
    """Makes processors, interceptors and tasks as the member reads their class id."""

    class Java:
        """What py4j shows to Java."""

        implements: ClassVar = ["com.hazelcast.nio.serialization.DataSerializableFactory"]

    def __init__(self, gates: Gates) -> None:
        self._gates = gates

    def create(self, class_id: int) -> object:
        if class_id == TASK_ID:
            return MemberTask(self._gates)
        return {ADDER_ID: MemberAdder, SHOUTER_ID: MemberShouter, JOINER_ID: MemberJoiner}[class_id]()


class MemberSide:
    """What the member of the session is given, and what its stores hold.

    Attributes:
        jvm: The view of the member's JVM, once it runs.
        stores: The stores by name of map.
        gates: What tasks wait for.
    """

    def __init__(self) -> None:
        self.jvm: Any = None
        self.stores: dict[str, Store] = {}
        self.gates = Gates()

    def configure_objects(self, config: Any) -> None:
        """Give the `Config` of a member of any version what reads processors, interceptors and tasks."""
        config.getSerializationConfig().addDataSerializableFactory(FACTORY_ID, _Objects(self.gates))

    def configure(self, config: Any) -> None:
        """Give a member's Java `Config` the Python objects."""
        self.configure_objects(config)
        config.getMapConfig(COUNTED_MAPS).setPerEntryStatsEnabled(True)
        journal = config.getMapConfig(JOURNALED_MAPS).getEventJournalConfig()
        journal.setEnabled(True)
        journal.setCapacity(271 * JOURNAL)
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
