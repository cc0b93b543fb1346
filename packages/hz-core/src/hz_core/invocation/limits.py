"""What is refused, because too much waits already."""

from typing import Final

from hz_core.connection import MOST_UNSENT, Connection
from hz_core.errors import HazelcastOverloadError
from hz_core.invocation.invocation import Invocation

_INTERNAL: Final = ("Client.", "CPSession.")
"""Requests with which the client keeps its connections and sessions alive, and which no limit may hold back."""


def is_limited(invocation: Invocation) -> bool:
    """Return whether an invocation may be refused: it is not one of the client's own, and was not accepted before."""
    return not (invocation.tries or invocation.accepted or invocation.op.method.name.startswith(_INTERNAL))


def check_pending(invocation: Invocation, waiting: int, most: int) -> None:
    """Refuse an invocation if ``most`` of this client are in progress.

    Raises:
        HazelcastOverloadError: ``waiting`` invocations are in progress.
    """
    if waiting >= most:
        raise HazelcastOverloadError(
            f"{invocation.op.method.name} was not sent: {waiting} invocations of this client are in progress, the limit"
            " of max_pending_invocations; wait for some of them to complete, or raise the limit"
        )


def check_unsent(invocation: Invocation, connection: Connection) -> None:
    """Refuse an invocation for a member that does not read what waits to be sent to it.

    Raises:
        HazelcastOverloadError: The invocation was not accepted before.
    """
    if is_limited(invocation):
        raise HazelcastOverloadError(
            f"{invocation.op.method.name} was not sent: more than {MOST_UNSENT >> 20} MiB of earlier requests wait for"
            f" the member at {connection.address}, which reads them too slowly or not at all; wait for some of them to"
            " complete"
        )
