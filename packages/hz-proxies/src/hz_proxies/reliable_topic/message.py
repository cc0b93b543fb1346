"""What the ringbuffer of a reliable topic holds."""

from typing import Any, Final

from hz_core.model import Address
from hz_serialization import Data, SerializationService
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput

_CLUSTER_FACTORY: Final = 0
_ADDRESS: Final = 1
_TOPIC_FACTORY: Final = -9
_RELIABLE_TOPIC_MESSAGE: Final = 2


class ReliableTopicMessage(IdentifiedDataSerializable):
    """A serialized message with its time, as members know it.

    Attributes:
        publish_time: Milliseconds since 1970.
        publisher: Address of the member that has published it; None for a client.
        payload: The message.
    """

    __slots__ = ("payload", "publish_time", "publisher")

    def __init__(self, publish_time: int, publisher: Address | None, payload: Data) -> None:
        self.publish_time: int = publish_time
        self.publisher: Address | None = publisher
        self.payload: Data = payload

    def get_factory_id(self) -> int:
        """Return the id of the factory."""
        return _TOPIC_FACTORY

    def get_class_id(self) -> int:
        """Return the id of the class."""
        return _RELIABLE_TOPIC_MESSAGE

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        """Write the fields. Only members write their address."""
        object_data_output.write_long(self.publish_time)
        object_data_output.write_object(None)
        object_data_output.write_byte_array(self.payload)


def register(serialization: SerializationService) -> None:
    """Let the client read the messages, its own and those of members."""
    serialization.register_reader(_CLUSTER_FACTORY, _ADDRESS, _read_address)
    serialization.register_reader(_TOPIC_FACTORY, _RELIABLE_TOPIC_MESSAGE, _read_message)


def _read_message(source: ObjectDataInput) -> ReliableTopicMessage:
    time = source.read_long()
    publisher: Any = source.read_object()
    return ReliableTopicMessage(time, publisher, bytes(source.read_byte_array() or b""))


def _read_address(source: ObjectDataInput) -> Address:
    port = source.read_int()
    source.read_byte()  # IPv4 or IPv6
    return Address(source.read_utf() or "", port)
