"""What can be seen of the CP Subsystem and changed in it, from which surfaces are generated."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from hz_core.arguments import int64
from hz_core.codecs.types import RaftGroupId
from hz_core.op import Flow
from hz_core.operations import Operations
from hz_cp.codecs import cp_subsystem as codec
from hz_cp.codecs import mc
from hz_cp.cp_management.events import (
    CPGroupAvailabilityEvent,
    CPMembershipEvent,
    Recent,
    availability_listener,
    membership_listener,
)
from hz_cp.groups import supported

OBJECT_KINDS: Final = ("AtomicLong", "AtomicReference", "CountDownLatch", "FencedLock", "Semaphore", "CPMap")
"""The kinds of objects, as ``get_object_names`` takes them."""

_SERVICES: Final = dict(
    zip(
        OBJECT_KINDS,
        (
            "hz:raft:atomicLongService",
            "hz:raft:atomicRefService",
            "hz:raft:countDownLatchService",
            "hz:raft:lockService",
            "hz:raft:semaphoreService",
            "hz:raft:mapService",
        ),
        strict=True,
    )
)


class CPManagementOperations(Operations):
    """The members, groups and sessions of the CP Subsystem.

    Members without CP members in their configuration answer with a HazelcastError: there is nothing to manage.
    """

    def get_cp_members(self) -> Flow[dict[UUID, UUID]]:
        """Return the UUIDs of the CP members, each with the UUID of the member of the cluster that it is.

        Source: message ``MC.getCPMembers``.
        """
        return dict((yield from supported(mc.get_cp_members())))

    def promote_to_cp_member(self, member_uuid: UUID) -> Flow[None]:
        """Make a member of the cluster a CP member.

        Args:
            member_uuid: UUID of a member of the cluster.

        Source: message ``MC.promoteToCPMember``.
        """
        op = mc.promote_to_cp_member()
        op.member = member_uuid
        yield from supported(op)

    def remove_cp_member(self, cp_member_uuid: UUID) -> Flow[None]:
        """Remove a CP member that has failed, and will not come back, from all groups.

        Args:
            cp_member_uuid: UUID of the CP member.

        Source: message ``MC.removeCPMember``.
        """
        yield from supported(mc.remove_cp_member(cp_member_uuid))

    def reset(self) -> Flow[None]:
        """Delete all groups with everything in them, and begin anew with the current members.

        For the case that a majority of the CP members is lost for ever.

        Source: message ``MC.resetCPSubsystem``.
        """
        op = mc.reset_cp_subsystem()
        oldest = next(iter(self._context.view.members.members), None)
        if oldest is not None:
            op.member = oldest.uuid  # other members refuse it
        yield from supported(op)

    def force_close_session(self, group_name: str, session_id: int) -> Flow[bool]:
        """Close a CP session, whoever has it; locks and permits that it holds are free then.

        Args:
            group_name: Name of the group.
            session_id: Id of the session.

        Returns:
            Whether there was such a session.

        Raises:
            TypeError, ValueError: The id is not an integer of 64 bits.

        Source: message ``MC.forceCloseCPSession``, which members have since 5.4.
        """
        closed: bool = yield from supported(
            mc.force_close_cp_session(group_name, int64(session_id, "session_id"))
        )
        return closed

    def get_group_ids(self) -> Flow[list[RaftGroupId]]:
        """Return the ids of all groups.

        Source: message ``CPSubsystem.getCPGroupIds``, which members have since 5.4.
        """
        found: list[RaftGroupId] = yield from supported(codec.get_cp_group_ids())
        return found

    def get_object_names(self, group_id: RaftGroupId, kind: str, destroyed: bool = False) -> Flow[list[str]]:
        """Return the names of the objects of one kind in a group.

        Args:
            group_id: Id of the group.
            kind: One of OBJECT_KINDS.
            destroyed: Whether to return those that were destroyed, instead of those that exist.

        Raises:
            ValueError: There is no such kind.

        Source: message ``CPSubsystem.getCPObjectInfos``, which members have since 5.4.
        """
        service = _SERVICES.get(kind)
        if service is None:
            raise ValueError(f"kind must be one of {', '.join(OBJECT_KINDS)}, not {kind!r}")
        found: list[str] = yield from supported(codec.get_cp_object_infos(group_id, service, destroyed))
        return found

    def add_membership_listener(self, listener_func: Callable[[CPMembershipEvent], object]) -> Flow[str]:
        """Add a listener for CP members that are added or removed.

        Args:
            listener_func: Called with a CPMembershipEvent.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: ``listener_func`` is no function.

        Source: message ``CPSubsystem.addMembershipListener``.
        """
        return self._context.add_listener(membership_listener(listener_func, Recent(self._context.io.now)))

    def add_group_availability_listener(
        self, listener_func: Callable[[CPGroupAvailabilityEvent], object]
    ) -> Flow[str]:
        """Add a listener for CP groups that lose members, or their majority.

        Args:
            listener_func: Called with a CPGroupAvailabilityEvent.

        Returns:
            The registration id, to remove the listener.

        Raises:
            TypeError: ``listener_func`` is no function.

        Source: message ``CPSubsystem.addGroupAvailabilityListener``.
        """
        return self._context.add_listener(availability_listener(listener_func, Recent(self._context.io.now)))

    def remove_listener(self, registration_id: str) -> Flow[bool]:
        """Remove a listener.

        Returns:
            Whether it was registered.

        Source: messages ``CPSubsystem.removeMembershipListener``, ``CPSubsystem.removeGroupAvailabilityListener``.
        """
        return self._context.remove_listener(registration_id)
