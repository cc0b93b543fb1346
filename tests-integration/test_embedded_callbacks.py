"""Java interfaces of members, implemented by Python classes in py4j's way."""

import socket
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from hz_embedded import Cluster

Factory = Callable[..., Cluster]
FACTORY_ID = 77
ADDER_ID = 1
SHOUTER_ID = 2


class Adder:
    """An entry processor that adds a number to the value and returns the old value."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = [
            "com.hazelcast.map.EntryProcessor",
            "com.hazelcast.nio.serialization.IdentifiedDataSerializable",
        ]

    def __init__(self, number: int = 0, made: list[str] | None = None) -> None:
        self.number = number
        self.made = [] if made is None else made

    def process(self, entry: Any) -> object:
        self.made.append("process")
        old = entry.getValue()
        entry.setValue((old or 0) + self.number)
        return old

    def getBackupProcessor(self) -> None:
        self.made.append("backup")

    def getFactoryId(self) -> int:
        return FACTORY_ID

    def getClassId(self) -> int:
        return ADDER_ID

    def writeData(self, out: Any) -> None:
        out.writeInt(self.number)

    def readData(self, source: Any) -> None:
        self.number = source.readInt()


class Shouter:
    """A map interceptor: put values become upper case, and get appends a mark."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = [
            "com.hazelcast.map.MapInterceptor",
            "com.hazelcast.nio.serialization.IdentifiedDataSerializable",
        ]

    def hashCode(self) -> int:
        return SHOUTER_ID  # the member identifies an interceptor by its class and hash code

    def interceptGet(self, value: str | None) -> str | None:
        return None if value is None else value + "!"

    def afterGet(self, value: str) -> None:
        pass

    def interceptPut(self, old: str | None, new: str) -> str:
        return new.upper()

    def afterPut(self, value: str) -> None:
        pass

    def interceptRemove(self, value: str) -> str:
        return value

    def afterRemove(self, value: str) -> None:
        pass

    def getFactoryId(self) -> int:
        return FACTORY_ID

    def getClassId(self) -> int:
        return SHOUTER_ID

    def writeData(self, out: Any) -> None:
        pass

    def readData(self, source: Any) -> None:
        pass


class Objects:
    """The factory that creates both by their class id."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["com.hazelcast.nio.serialization.DataSerializableFactory"]

    def __init__(self) -> None:
        self.made: list[str] = []

    def create(self, class_id: int) -> object:
        self.made.append(f"create {class_id}")
        return Adder(made=self.made) if class_id == ADDER_ID else Shouter()

    def configure(self, config: Any) -> None:
        config.getSerializationConfig().addDataSerializableFactory(FACTORY_ID, self)


class Store:
    """A map store over a dict."""

    class Java:
        """The interfaces that py4j declares to Java."""

        implements: ClassVar = ["com.hazelcast.map.MapStore"]

    def __init__(self) -> None:
        self.rows: dict[int, str] = {1: "one", 2: "two"}
        self.hash_map: Callable[[], Any] = dict

    def configure(self, config: Any) -> None:
        store = config.getMapConfig("stored").getMapStoreConfig()
        store.setEnabled(True)
        store.setImplementation(self)

    def load(self, key: int) -> str | None:
        return self.rows.get(key)

    def loadAll(self, keys: Any) -> Any:
        found = self.hash_map()
        for key in keys:
            if key in self.rows:
                found[key] = self.rows[key]
        return found

    def loadAllKeys(self) -> None:
        return None

    def store(self, key: int, value: str) -> None:
        if value == "bad":
            raise ValueError("refused in Python")
        self.rows[key] = value

    def storeAll(self, rows: Any) -> None:
        self.rows.update(dict(rows))

    def delete(self, key: int) -> None:
        self.rows.pop(key, None)

    def deleteAll(self, keys: Any) -> None:
        for key in keys:
            self.rows.pop(key, None)


class Side:
    """Two members, and the Python objects that they call."""

    def __init__(self, version: str) -> None:
        self.objects = Objects()
        self.store = Store()
        self.cluster = Cluster(members=2, version=version, configure=self._configure)
        self.store.hash_map = self.cluster.jvm.java.util.HashMap

    def _configure(self, config: Any) -> None:
        self.objects.configure(config)
        self.store.configure(config)

    def map(self, name: str) -> Any:
        return self.cluster.members[0].instance.getMap(name)


@pytest.fixture(scope="module", params=["4.0", "5.7.0"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    made = Side(request.param)
    with made.cluster:
        yield made


def test_entry_processor(side: Side) -> None:
    data = side.map("numbers")
    for key in range(10):
        data.put(key, key)
    assert [data.executeOnKey(key, Adder(100)) for key in range(10)] == list(range(10))
    assert [data.get(key) for key in range(10)] == list(range(100, 110))
    # Some keys belong to the other member: there, the factory created the processor from its serialized form.
    assert f"create {ADDER_ID}" in side.objects.made
    assert "backup" in side.objects.made


def test_interceptor(side: Side) -> None:
    data = side.map("words")
    data.addInterceptor(Shouter())
    for key in range(10):
        data.put(key, "word")
    assert {data.get(key) for key in range(10)} == {"WORD!"}


def test_map_store(side: Side) -> None:
    store, data = side.store, side.map("stored")
    assert data.get(1) == "one"
    assert data.get(3) is None
    data.put(3, "three")
    assert store.rows[3] == "three"
    data.remove(2)
    assert 2 not in store.rows
    data.evictAll()
    wanted = side.cluster.jvm.java.util.HashSet()
    for key in (1, 3):
        wanted.add(key)
    assert dict(data.getAll(wanted)) == {1: "one", 3: "three"}
    with pytest.raises(Exception, match="refused in Python"):
        data.put(4, "bad")
    assert 4 not in store.rows


def test_callbacks_in_a_jvm_of_its_own(hazelcast_cluster_factory: Factory) -> None:
    store = Store()
    own = hazelcast_cluster_factory(members=1, configure=store.configure, jvm="own")
    assert own.members[0].instance.getMap("stored").get(2) == "two"


def test_gateway_refuses_who_lacks_the_token_in_both_directions(cluster: Cluster) -> None:
    from py4j.java_gateway import GatewayParameters, JavaGateway
    from py4j.protocol import Py4JError

    java_port = cluster.gateway.gateway_parameters.port
    for token in (None, "wrong"):
        stranger = JavaGateway(gateway_parameters=GatewayParameters(port=java_port, auth_token=token))
        with pytest.raises(Py4JError):
            stranger.jvm.java.lang.System.currentTimeMillis()
        stranger.close(keep_callback_server=True)
    python_port = cluster.gateway.get_callback_server().get_listening_port()
    with socket.create_connection(("127.0.0.1", python_port), timeout=5) as connection:
        connection.sendall(b"A\nwrong\ne\n")
        try:
            answer = connection.recv(100)
        except ConnectionResetError:
            answer = b""
    assert b"!y" not in answer
    assert cluster.members[0].running
