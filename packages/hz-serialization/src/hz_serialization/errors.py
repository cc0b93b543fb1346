"""The root of every error that the Hazelcast packages raise, and the one of serialization."""

from __future__ import annotations


class HazelcastError(Exception):
    """Base of all errors of the client.

    Args:
        message: What happened, to what, why and what to do.
        cause: The error that caused this one, if any; it is chained, so that tracebacks show both.
    """

    def __init__(self, message: object = None, cause: object = None) -> None:
        if message is None:
            super().__init__()
        else:
            super().__init__(message)
        self.cause = cause
        if isinstance(cause, BaseException):
            self.__cause__: BaseException | None = cause


class HazelcastSerializationError(HazelcastError):
    """A value could not be written as bytes, or bytes could not be read as a value."""
