"""CP groups: objects keep the id of theirs, and get it anew when the cluster has begun anew."""

from typing import Any, Final, Protocol
from weakref import WeakSet

from hz_core.codecs.types import RaftGroupId
from hz_core.context import ClientContext, Service
from hz_core.errors import UnsupportedOperationError
from hz_core.log import get_logger
from hz_core.op import Flow, Op, Sleep
from hz_cp.codecs import cp_group as codec

_logger = get_logger("cp")

_PAUSE: Final = 1.0
"""Seconds between two attempts to get a group from a cluster that has begun anew."""

_ATTEMPTS: Final = 120


class InGroup(Protocol):
    """An object in a group."""

    name: str
    _group: RaftGroupId


class GroupService(Service):
    """Gets the groups of a client's objects.

    Args:
        context: The client.
    """

    def __init__(self, context: ClientContext) -> None:
        super().__init__(context)
        self._mutex = context.io.mutex()
        self._objects: WeakSet[InGroup] = WeakSet()
        self._cluster = 0

    def join(self, member: InGroup) -> Flow[None]:
        """Give an object its group, which is created if necessary. Source: message ``CPGroup.createCPGroup``."""
        self._context.follow_leaders()
        member._group = yield from supported(codec.create_cp_group(member.name))
        self.add(member)

    def add(self, member: InGroup) -> None:
        """Let an object, which has its group already, get it anew from another cluster."""
        with self._mutex:
            self._objects.add(member)

    def on_cluster_changed(self) -> None:
        """Get all groups anew: another cluster has others, or the same under other ids."""
        with self._mutex:
            self._cluster += 1
            names = {member.name for member in self._objects}
        for name in names:
            self._context.start(self._rejoin(name, self._cluster), f"getting the CP group of {name!r}")

    def _rejoin(self, name: str, cluster: int) -> Flow[None]:
        for _ in range(_ATTEMPTS):
            try:
                group: RaftGroupId = yield codec.create_cp_group(name)
            except UnsupportedOperationError:
                return  # the next use of the object tells why
            except Exception as e:
                _logger.info("the CP group of %r cannot be had yet: %s", name, e)
                yield Sleep(_PAUSE)
                if cluster != self._cluster:
                    return
                continue
            with self._mutex:
                for member in self._objects:
                    if member.name == name and cluster == self._cluster:
                        member._group = group
            return


def supported(op: Op[Any]) -> Flow[Any]:
    """Send ``op``; if the members have no CP Subsystem, say why.

    Raises:
        UnsupportedOperationError: The members have no CP Subsystem.
    """
    try:
        return (yield op)
    except UnsupportedOperationError as e:
        raise UnsupportedOperationError(
            "the members have no CP Subsystem: since version 5.5 it needs Hazelcast Enterprise members; open-source"
            f" members have it up to version 5.4. The member says: {e.args[0] if e.args else e}"
        ) from e
