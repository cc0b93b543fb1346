# ruff: noqa: D102
# The base class documents the methods.
"""IdentifiedDataSerializable objects that members make."""

from typing import Any, NamedTuple

from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput
from hz_serialization.containers import freeze
from hz_serialization.data import Data
from hz_serialization.identified import IdentifiedFormat
from hz_serialization.java_types import MapEntry
from hz_serialization.problems import damaged
from hz_serialization.public_names import publish


class MemberAddress(NamedTuple):
    """Host and port of a member, inside other objects (factory 0, class 1)."""

    host: str
    port: int


class MapJournalRecord(NamedTuple):
    """One event of a map's journal (factory -4, class 132); keys and values are still serialized."""

    event_type: int
    key: Data
    new_value: Data | None
    old_value: Data | None


class JobMetricsBlob(NamedTuple):
    """The metrics of a Jet job on one member, compressed (factory -10003, class 1)."""

    blob: bytes | None
    timestamp: int


class ReliableTopicMessage(IdentifiedDataSerializable):
    """One item of a reliable topic's ringbuffer (factory -9, class 2).

    Attributes:
        publish_time: Milliseconds since 1970 UTC.
        publisher: The member that published it; ``None`` if a client did.
        payload: The message, still serialized.
    """

    def __init__(
        self, publish_time: int = 0, publisher: MemberAddress | None = None, payload: Data = b""
    ) -> None:
        self.publish_time: int = publish_time
        self.publisher: MemberAddress | None = publisher
        self.payload: Data = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReliableTopicMessage) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.publish_time, self.publisher, self.payload))

    def __repr__(self) -> str:
        return (
            f"ReliableTopicMessage(publish_time={self.publish_time}, publisher={self.publisher!r},"
            f" payload={self.payload!r})"
        )

    def get_factory_id(self) -> int:
        return -9

    def get_class_id(self) -> int:
        return 2

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_long(self.publish_time)
        object_data_output.write_object(self.publisher)
        object_data_output.write_byte_array(self.payload)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.publish_time = object_data_input.read_long()
        self.publisher = object_data_input.read_object()
        self.payload = bytes(object_data_input.read_byte_array() or b"")


def _read_address(inp: ObjectDataInput) -> MemberAddress:
    port = inp.read_int()
    inp.skip_bytes(1)  # IPv4 or IPv6: the host says it too
    host = inp.read_string()
    if host is None:
        raise damaged("member address without host")
    return MemberAddress(host, port)


def _read_entry(inp: ObjectDataInput) -> MapEntry[Any, Any]:
    key = inp.read_object()
    return MapEntry(key, inp.read_object())


def _read_journal_record(inp: ObjectDataInput) -> MapJournalRecord:
    event_type = inp.read_int()
    key, new_value, old_value = (inp.read_byte_array() for _ in range(3))
    if key is None:
        raise damaged("event of a map's journal without key")
    # Newer members say whether events before it were overwritten; the sequences say so, too.
    return MapJournalRecord(
        event_type,
        bytes(key),
        None if new_value is None else bytes(new_value),
        None if old_value is None else bytes(old_value),
    )


def _read_job_metrics(inp: ObjectDataInput) -> JobMetricsBlob:
    blob = inp.read_byte_array()
    return JobMetricsBlob(None if blob is None else bytes(blob), inp.read_long())


def _read_distinct(inp: ObjectDataInput) -> set[Any]:
    count = inp.read_int()
    if count < 0 or count * 4 > inp.size() - inp.position():
        raise damaged(f"a set of {count} items, but only {inp.size() - inp.position()} bytes follow")
    return {freeze(inp.read_object()) for _ in range(count)}


def register_member_objects(format_: IdentifiedFormat) -> None:
    """Add the readers that every client needs."""
    format_.add_reader(0, 1, _read_address)
    format_.add_reader(-4, 120, _read_entry)
    format_.add_reader(-4, 132, _read_journal_record)
    format_.add_reader(-29, 19, _read_distinct)
    format_.add_reader(-10003, 1, _read_job_metrics)
    format_.add_factory(-9, {2: ReliableTopicMessage})


publish("hz_serialization", (MemberAddress, ReliableTopicMessage))
