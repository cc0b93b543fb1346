"""The base class of the operations of CP objects."""

from typing import Any, Self, TypeVar

from hz_core.codecs.types import RaftGroupId
from hz_core.context import ClientContext
from hz_core.op import Flow
from hz_core.operations import ObjectOperations
from hz_cp.codecs import cp_group as codec
from hz_cp.groups import GroupService

SurfaceT = TypeVar("SurfaceT", bound=Any)


def variant(surface: SurfaceT, **options: Any) -> SurfaceT:
    """Return a surface of the same object with other options, where ``_variant`` of its operations knows them."""
    operations = surface._ops._variant(**options)
    made: SurfaceT = surface if operations is surface._ops else type(surface)(surface._caller, operations)
    return made


class CPObjectOperations(ObjectOperations):
    """Operations of an object in a CP group.

    The name of the group follows an ``@``: ``counter@payments``; without it the default group is used.
    """

    _group: RaftGroupId

    def __init__(self, context: ClientContext, name: str) -> None:
        super().__init__(context, name)
        self._groups = context.service(GroupService)
        self._object_name = name.partition("@")[0].strip()
        if not self._object_name:
            raise ValueError(f"{name!r} is the name of a CP group without an object: write object@group")

    def get_group_id(self) -> RaftGroupId:
        """Return the id of the object's CP group."""
        return self._group

    def _alike(self) -> Self:
        """Return other operations on the same object, which share all state with these."""
        # `copy` needs a `__reduce__`, which compiled bases have not.
        made = type(self)(self._context, self.name)
        vars(made).update(vars(self))
        return made

    def _prepare(self) -> Flow[None]:
        """Get the CP group; create it if necessary. Source: message ``CPGroup.createCPGroup``."""
        yield from self._groups.join(self)

    def _destroy(self) -> Flow[None]:
        """Destroy the object permanently; it cannot be created again. Source: message ``CPGroup.destroyCPObject``."""
        yield codec.destroy_cp_object(self._group, self.service_name, self._object_name)
