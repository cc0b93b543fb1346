"""The errors of invocations that members refuse, or that end without a reply."""

from typing import Any

from hz_core.codecs.error import decode_error
from hz_core.connection import Connection
from hz_core.errors import (
    OperationTimeoutError,
    TargetDisconnectedError,
    TargetNotMemberError,
    error_from_holders,
)
from hz_core.invocation.invocation import Invocation
from hz_core.op import Op
from hz_core.wire.frames import DECODE_ERRORS, HazelcastProtocolError
from hz_core.wire.method import Method


def error_in(message: bytes, message_type: int, name: str, server_version: str) -> Exception:
    """Return the error that a reply reports, or that it is."""
    if message_type:
        return HazelcastProtocolError(
            f"the reply to {name} has the unexpected message type {message_type:#08x}"
        )
    try:
        return error_from_holders(decode_error(message), name, server_version)
    except (HazelcastProtocolError, *DECODE_ERRORS) as e:
        return HazelcastProtocolError(f"the error reply to {name} cannot be read: {e}")


def timed_out(invocation: Invocation, error: Exception, limit: float) -> OperationTimeoutError:
    """Return the error of an invocation whose time was over after ``error``."""
    op = invocation.op
    timeout = OperationTimeoutError(
        f"{op.method.name} did not succeed within the"
        f" {'invocation_timeout' if op.deadline is None else 'deadline'} of {limit - invocation.started:g} s,"
        f" in {invocation.tries} attempts; the last failed with {type(error).__name__}: {error}"
    )
    timeout.__cause__ = error
    return timeout


def not_member(op: Op[Any], cause: Exception) -> TargetNotMemberError:
    """Return the error of an operation for a member that is not in the cluster."""
    if isinstance(cause, TargetNotMemberError):
        return cause
    error = TargetNotMemberError(f"{op.method.name} is for member {op.member}, which is not in the cluster")
    error.__cause__ = cause
    return error


def closed_by(connection: Connection, method: Method[object]) -> TargetDisconnectedError:
    """Return the error of what was pending on a connection."""
    lost = (
        f"the connection to {connection.address} was closed before the reply to {method.name} was received"
        f" ({connection.close_reason})"
    )
    return _disconnected(connection, method, lost, "it may have been executed, or not")


def lost_before_backups(
    connection: Connection, method: Method[object], missing: str
) -> TargetDisconnectedError:
    """Return the error of what the owner has executed, which may be lost with it; ``missing`` tells what has not."""
    lost = (
        f"the connection to {connection.address} was closed after the reply to {method.name}, before {missing} had"
        f" acknowledged it ({connection.close_reason})"
    )
    return _disconnected(connection, method, lost, "the change may be lost with the member, or not")


def _disconnected(
    connection: Connection, method: Method[object], lost: str, doubt: str
) -> TargetDisconnectedError:
    # What is repeated by itself is not in doubt.
    error = TargetDisconnectedError(
        lost if method.retryable else f"{lost}: {doubt}; repeat it if that does no harm"
    )
    error.__cause__ = connection.close_reason
    return error
