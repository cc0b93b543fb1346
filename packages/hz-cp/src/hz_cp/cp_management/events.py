"""What listeners for the CP Subsystem are told."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from hz_core.arguments import shown
from hz_core.codecs.types import CPMember, RaftGroupId
from hz_core.listener import ListenerSpec
from hz_cp.codecs import cp_subsystem as codec

_SECONDS: Final = 60.0
"""Every member reports the same; so what is the same within this time is one event."""

_MOST: Final = 10_000
"""So many events are remembered at most."""


class CPMembershipEventType(IntEnum):
    """What has happened to a CP member."""

    ADDED = 1
    REMOVED = 2


@dataclass(frozen=True)
class CPMembershipEvent:
    """A CP member was added or removed.

    Attributes:
        member: The CP member.
        type: What has happened.
    """

    member: CPMember
    type: CPMembershipEventType


@dataclass(frozen=True)
class CPGroupAvailabilityEvent:
    """A CP group has lost a member, and maybe its majority.

    Attributes:
        group_id: The group.
        members: All its members.
        unavailable_members: Those that cannot be reached.
        is_shutdown: Whether they were shut down, as far as the member that reports it knows.
    """

    group_id: RaftGroupId
    members: tuple[CPMember, ...]
    unavailable_members: tuple[CPMember, ...]
    is_shutdown: bool

    @property
    def is_majority_available(self) -> bool:
        """Whether the group goes on: more than half of its members can be reached."""
        return len(self.unavailable_members) < (len(self.members) + 1) // 2


class Recent:
    """Tells what is new from what other members have reported already.

    Args:
        now: Returns the time in seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seen: OrderedDict[Hashable, float] = OrderedDict()

    def is_new(self, event: Hashable) -> bool:
        """Return whether an event was not seen within the last minute; it is from now on."""
        now = self._now()
        while self._seen:
            oldest, seen = next(iter(self._seen.items()))
            if now - seen < _SECONDS and len(self._seen) < _MOST:
                break
            del self._seen[oldest]
        if event in self._seen:
            return False
        self._seen[event] = now
        return True


def membership_listener(function: Callable[[CPMembershipEvent], object], recent: Recent) -> ListenerSpec:
    """Return a registration that calls ``function`` for each CP member that is added or removed."""
    _check_function(function)

    def on_event(record: Any) -> None:
        if recent.is_new((record.member.uuid, record.type)):
            function(CPMembershipEvent(record.member, CPMembershipEventType(record.type)))

    return ListenerSpec(codec.add_membership_listener, codec.remove_membership_listener, on_event)


def availability_listener(
    function: Callable[[CPGroupAvailabilityEvent], object], recent: Recent
) -> ListenerSpec:
    """Return a registration that calls ``function`` for each CP group that loses a member."""
    _check_function(function)

    def on_event(record: Any) -> None:
        unavailable = tuple(record.unavailable_members)
        if recent.is_new((record.group_id, frozenset(member.uuid for member in unavailable))):
            function(
                CPGroupAvailabilityEvent(
                    record.group_id, tuple(record.members), unavailable, record.is_shutdown is True
                )
            )

    return ListenerSpec(
        codec.add_group_availability_listener, codec.remove_group_availability_listener, on_event
    )


def _check_function(function: object) -> None:
    if not callable(function):
        raise TypeError(f"listener_func must be a function, not {shown(function)}")
