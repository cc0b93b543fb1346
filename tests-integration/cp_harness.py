"""Real members with the CP Subsystem, in unsafe mode and with CP members, and functions that they run."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self

import hazelcast
from hz_cp.codecs import cp_session
from hz_cp.sessions import SessionService
from hz_embedded import Cluster
from hz_embedded.interfaces import JavaInterface, Long
from hz_serialization.api import IdentifiedDataSerializable, ObjectDataInput, ObjectDataOutput

CP_MODES: Final = ("5.4.0 unsafe", "5.4.0 three", "5.3.8 unsafe", "5.3.8 three")
"""Versions that have the CP Subsystem, without CP members and with three of them."""

FACTORY_ID: Final = 78

CP_CONFIG: Final = {
    # Leaders are elected sooner than usually.
    "raft-algorithm": {"leader-election-timeout-in-millis": 500, "leader-heartbeat-period-in-millis": 500},
    "semaphores": {"sessionless*": {"jdk-compatible": True}},
    "locks": {"twice*": {"lock-acquire-limit": 2}},
}


class Multiply(IdentifiedDataSerializable):
    """What a client sends to have a number multiplied by a member, or a text repeated."""

    def __init__(self, factor: int = 1) -> None:
        self.factor = factor

    def get_factory_id(self) -> int:
        return FACTORY_ID

    def get_class_id(self) -> int:
        return 1

    def write_data(self, object_data_output: ObjectDataOutput) -> None:
        object_data_output.write_int(self.factor)

    def read_data(self, object_data_input: ObjectDataInput) -> None:
        self.factor = object_data_input.read_int()


class MemberMultiply(
    JavaInterface,
    implements=[
        "com.hazelcast.core.IFunction",
        "com.hazelcast.nio.serialization.IdentifiedDataSerializable",
    ],
):
    """The function, as members run it."""

    def __init__(self) -> None:
        self.factor = 1

    def get_factory_id(self) -> int:
        return FACTORY_ID

    def get_class_id(self) -> int:
        return 1

    def write_data(self, out: Any) -> None:
        out.writeInt(self.factor)

    def read_data(self, source: Any) -> None:
        self.factor = source.readInt()

    def apply(self, value: Any) -> Any:
        return value * self.factor if isinstance(value, str) else Long(value * self.factor)


class _Functions(JavaInterface, implements=["com.hazelcast.nio.serialization.DataSerializableFactory"]):
    def create(self, class_id: int) -> MemberMultiply:
        return MemberMultiply()


class CPCluster:
    """Members of one mode, and a client of them.

    Attributes:
        mode: One of CP_MODES.
        members: The members.
        client: A client for the futures and blocking surfaces.
    """

    def __init__(self, mode: str) -> None:
        version, _, kind = mode.partition(" ")
        self.mode = mode
        count = 3 if kind == "three" else 1
        config: dict[str, Any] = dict(CP_CONFIG)
        if count == 3:
            config["cp-member-count"] = 3
        self.members = Cluster(
            count, version=version, config={"cp-subsystem": config}, configure=_configure, heap="384m"
        )
        self.client = hazelcast.HazelcastClient(cluster_members=self.members.addresses)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.client.shutdown()
        self.members.shutdown()


def _configure(config: Any) -> None:
    config.getSerializationConfig().addDataSerializableFactory(FACTORY_ID, _Functions())


def end_session(side: hazelcast.HazelcastClient, client: Any, group: Any) -> None:
    """Close a client's CP session with a group behind its back, as its members do when they miss its heartbeats."""
    session = client._engine.service(SessionService).current(group)
    assert session is not None
    assert side.blocking.call(cp_session.close_session(group, session.id)) is True
