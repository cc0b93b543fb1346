"""Errors of SQL statements."""

from uuid import UUID

from hz_serialization import HazelcastError


class HazelcastSqlError(HazelcastError):
    """A statement failed.

    Args:
        message: What the member reports.
        code: The error code of the member.
        originating_member_uuid: UUID of the member that reported the error.
        suggestion: A statement that may solve the problem, such as ``CREATE MAPPING``; None if there is none.

    Attributes:
        code: The error code of the member.
        originating_member_uuid: UUID of the member that reported the error.
        suggestion: A statement that may solve the problem; None if there is none.
    """

    def __init__(
        self, message: str, code: int, originating_member_uuid: UUID | None, suggestion: str | None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.originating_member_uuid = originating_member_uuid
        self.suggestion = suggestion
