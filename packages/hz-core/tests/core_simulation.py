"""A client on the virtual clock with the operations of a map, made without the generated codecs under test."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hz_core.listener import ListenerSpec
from hz_core.op import Op
from hz_core.testing.messages import decode, encode
from hz_core.testing.simulation import Simulation as PlainSimulation
from hz_core.wire.decode import boolean_response, data_response, uuid_response
from hz_core.wire.method import Method
from hz_core.wire.types import ReadData
from hz_serialization import SerializationService

CHANGES = 1 | 4
"""The events that listeners get: entries that were added or updated."""


class EntryEvent(NamedTuple):
    """An entry event of a map."""

    key: Any
    value: Any


def _entry_event(message: bytes, read: ReadData) -> EntryEvent:
    key, value = decode(message).values[:2]
    return EntryEvent(*(None if data is None else read(data, 0, len(data)) for data in (key, value)))


MAP_PUT = Method("Map.put", 0x010100, 0x010101, data_response)
MAP_GET = Method("Map.get", 0x010200, 0x010201, data_response, retryable=True)
MAP_LISTEN = Method(
    "Map.addEntryListener", 0x011900, 0x011901, uuid_response, events={0x011902: _entry_event}
)
MAP_UNLISTEN = Method("Map.removeEntryListener", 0x011A00, 0x011A01, boolean_response, retryable=True)


def request(title: str, *values: Any, partition_id: int = -1) -> bytearray:
    """Return the bytes of a request."""
    return bytearray(encode(f"{title} request", values, 0, partition_id))


def listener_spec(
    on_event: Callable[[EntryEvent], object], name: str = "m", *, inline: bool = False
) -> ListenerSpec:
    """Return the registration of an entry listener."""
    return ListenerSpec(
        lambda local: Op(MAP_LISTEN, request("Map.addEntryListener", name, True, CHANGES, local)),
        lambda uuid: Op(MAP_UNLISTEN, request("Map.removeEntryListener", name, uuid)),
        on_event,
        inline=inline,
    )


class MapOps:
    """Operations of a map with numbers as keys, whose partitions are easy to predict."""

    def __init__(self, serialization: SerializationService, partitions: int) -> None:
        self._to_data = serialization.to_data
        self._partitions = partitions

    def put(self, key: int, value: Any) -> Op[Any]:
        """Put into the partition `key` modulo the number of partitions."""
        partition_id = key % self._partitions
        data = (self._to_data(key), self._to_data(value))
        return Op(MAP_PUT, request("Map.put", "m", *data, 1, -1, partition_id=partition_id), partition_id)

    def get(self, key: int) -> Op[Any]:
        """Get from the same partition."""
        partition_id = key % self._partitions
        data = self._to_data(key)
        return Op(MAP_GET, request("Map.get", "m", data, 1, partition_id=partition_id), partition_id)


class Simulation(PlainSimulation):
    """A simulated cluster with one client in front of it, and the operations of a map."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ops = MapOps(self.serialization, self.cluster.partition_count)

    def put(self, key: int, value: Any) -> Any:
        """Put and wait."""
        return self.value(self.submit(self.ops.put(key, value)))

    def get(self, key: int) -> Any:
        """Get and wait."""
        return self.value(self.submit(self.ops.get(key)))

    def listen(self, keys: list[Any]) -> str:
        """Register an entry listener that collects the keys of events."""
        spec = listener_spec(lambda event: keys.append(event.key))
        registration: str = self.run(self.engine.add_listener(spec))
        return registration
