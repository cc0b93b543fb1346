"""Errors of SQL statements."""

from uuid import UUID

from hz_serialization import HazelcastError


class HazelcastSqlError(HazelcastError):
    """A statement failed.

    Args:
        message: What the member reports.
        code: The member's number for the kind of error.
        originating_member_uuid: The member where it happened.
        suggestion: A statement that would help, such as a ``CREATE MAPPING``; None if there is none.

    Attributes:
        code: The member's number for the kind of error.
        originating_member_uuid: The member where it happened.
        suggestion: A statement that would help; None if there is none.
    """

    def __init__(
        self, message: str, code: int, originating_member_uuid: UUID | None, suggestion: str | None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.originating_member_uuid = originating_member_uuid
        self.suggestion = suggestion
