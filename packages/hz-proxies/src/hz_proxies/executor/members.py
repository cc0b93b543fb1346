"""Members and tasks as arguments of executors."""

from typing import TypeVar
from uuid import UUID

from hz_core.arguments import shown
from hz_core.model import MemberInfo
from hz_core.op import Op

T = TypeVar("T")


def member_uuid(member: MemberInfo) -> UUID:
    """Return the UUID of a member that a user passes.

    Raises:
        TypeError: It is no member.
    """
    if not isinstance(member, MemberInfo):
        raise TypeError(f"member must be a MemberInfo, not {shown(member)}")
    return member.uuid


def to_member(op: Op[T], member: UUID) -> Op[T]:
    """Return ``op``, which only this member executes."""
    op.member = member
    return op
