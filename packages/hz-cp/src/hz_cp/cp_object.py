"""What the objects of the CP Subsystem have in common."""

from hz_core.codecs.types import RaftGroupId
from hz_core.context import ClientContext
from hz_core.op import Flow
from hz_core.operations import ObjectOperations
from hz_cp.codecs import cp_group as codec


class CPObjectOperations(ObjectOperations):
    """Operations of an object that a CP group holds.

    The group is named behind an ``@``: ``counter@payments``; without one it is the default group.
    """

    _group: RaftGroupId

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._object_name = name.partition("@")[0].strip()
        if not self._object_name:
            raise ValueError(f"{name!r} names a CP group, but no object in it")

    def _prepare(self) -> Flow[None]:
        """Create the CP group, or find it. Source: message ``CPGroup.createCPGroup``."""
        self._group = yield codec.create_cp_group(self.name)

    def _destroy(self) -> Flow[None]:
        """Destroy the object for good: it cannot be created again. Source: message ``CPGroup.destroyCPObject``."""
        yield codec.destroy_cp_object(self._group, self.service_name, self._object_name)
