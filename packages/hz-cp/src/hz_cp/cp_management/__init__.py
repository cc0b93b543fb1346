"""CP members, groups and sessions: to see them, to hear of them, and to change them."""

from hz_cp.cp_management.blocking import BlockingCPManagement
from hz_cp.cp_management.events import (
    CPGroupAvailabilityEvent,
    CPMembershipEvent,
    CPMembershipEventType,
)
from hz_cp.cp_management.futures import CPManagement

__all__ = [
    "BlockingCPManagement",
    "CPGroupAvailabilityEvent",
    "CPManagement",
    "CPMembershipEvent",
    "CPMembershipEventType",
]
