"""Waiting for the acknowledgements of backups, which members send to the client over connections of their own."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from hz_core.connection import Connection
from hz_core.errors import IndeterminateOperationStateError
from hz_core.invocation.failures import lost_before_backups
from hz_core.invocation.invocation import Invocation
from hz_core.invocation.ports import InvocationPolicy
from hz_core.io import IO, Timer
from hz_core.wire.frames import BACKUP_ACKS_OFFSET

_GRACE: Final = 0.5
"""Seconds to wait for backup acks while a member cannot send them, because there is no connection to it."""


class BackupAcks:
    """The invocations that have their reply, and wait for backup acks.

    ``wait`` and ``received`` are called by the threads that read connections, the rest on the I/O side.

    Args:
        io: The driver.
        policy: The client's options.
        open_connections: Returns the ready connections.
        complete: Completes an invocation with its reply.
        failed: Repeats or fails an invocation. Called on the I/O side.
    """

    def __init__(
        self,
        io: IO,
        policy: InvocationPolicy,
        open_connections: Callable[[], Sequence[Connection]],
        complete: Callable[[Invocation, bytes], None],
        failed: Callable[[Invocation, Exception], None],
    ) -> None:
        self._io = io
        self._now = io.now
        self._policy = policy
        self._open_connections = open_connections
        self._complete = complete
        self._failed = failed
        self._waiting: dict[int, Invocation] = {}
        self._missing = False
        self._grace_ends = 0.0
        self._next_check: Timer | None = None
        self._ended = False

    def waiting(self) -> list[Invocation]:
        """Return the invocations; callable from any thread."""
        return list(self._waiting.values())

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(
        self, connection: Connection, correlation_id: int, invocation: Invocation, message: bytes
    ) -> None:
        """Let an invocation wait for the acks that its reply, ``message``, asks for."""
        # The reply and the acks come over several connections, which several threads read. Each first notes what it
        # has, and then looks whether that was the last.
        invocation.connection = None
        invocation.replied_over = connection
        invocation.acks_wanted = message[BACKUP_ACKS_OFFSET]
        timeout = self._policy.backup_timeout
        invocation.acks_until = self._now() + (min(timeout, _GRACE) if self._missing else timeout)
        invocation.waits_for_acks = True
        invocation.reply = message
        invocation.acks_table = self._waiting
        self._waiting[correlation_id] = invocation
        connection.pending.pop(correlation_id, None)
        if self._ended or len(invocation.acks) >= invocation.acks_wanted:
            self._finish(correlation_id, invocation)

    def received(self, connection: Connection, correlation_id: int) -> None:
        """Note an ack that was received over ``connection``."""
        # Looked up again in the first table, because the reply moves it there from the second one.
        find = self._waiting.get
        invocation = find(correlation_id) or self._still_pending(correlation_id) or find(correlation_id)
        if invocation is None:
            return
        if connection.id not in invocation.acks:
            invocation.acks = (*invocation.acks, connection.id)
        if invocation.reply is not None and len(invocation.acks) >= invocation.acks_wanted:
            self._finish(correlation_id, invocation)

    def may_be_missing(self, missing: bool) -> None:
        """Note whether members without a connection may not send their backup acks; they will not be sent later."""
        self._missing = missing
        self._grace_ends = self._now() + _GRACE
        for invocation in list(self._waiting.values()):
            invocation.acks_until = min(invocation.acks_until, self._grace_ends)
        if self._next_check is None:
            self._next_check = self._io.call_later(_GRACE, self._expire_after_grace)

    def _expire_after_grace(self) -> None:
        # One timer at a time, however often connections are lost while a member is missing.
        self._next_check = None
        self.expire()
        left = self._grace_ends - self._now()
        if not self._ended and (self._missing or left > 0):
            self._next_check = self._io.call_later(left if left > 0 else _GRACE, self._expire_after_grace)

    def expire(self) -> None:
        """Stop waiting for overdue backup acks: the owner has executed the operation, a backup may not have.

        With the connection to the owner lost, the owner may be gone, and the change with it.
        """
        if not self._waiting:
            return
        now = self._now()
        for correlation_id, invocation in list(self._waiting.copy().items()):
            if invocation.acks_until <= now:
                self._give_up(correlation_id, invocation)

    def _finish(self, correlation_id: int, invocation: Invocation) -> None:
        """Complete an invocation that has its reply, unless another thread does so."""
        reply = invocation.reply
        try:
            del invocation.waits_for_acks
        except AttributeError:
            if invocation.finished:
                self._waiting.pop(correlation_id, None)
            return
        try:
            if reply is not None:
                self._complete(invocation, reply)
        except BaseException:
            invocation.waits_for_acks = True
            raise
        self._waiting.pop(correlation_id, None)

    def _give_up(self, correlation_id: int, invocation: Invocation) -> None:
        policy, method, owner = self._policy, invocation.op.method, invocation.replied_over
        is_lost = owner is not None and not owner.alive
        if not is_lost and not policy.fail_on_indeterminate:
            self._finish(correlation_id, invocation)
            return
        try:
            del invocation.waits_for_acks
        except AttributeError:  # another thread has the last ack
            return
        self._waiting.pop(correlation_id, None)
        missing = f"{invocation.acks_wanted - len(invocation.acks)} of {invocation.acks_wanted} backups"
        if (
            owner is not None
            and is_lost
            and (not policy.fail_on_indeterminate or method.retryable or policy.redo_operation)
        ):
            invocation.reply = invocation.acks_table = invocation.replied_over = None
            self._failed(invocation, lost_before_backups(owner, method, missing))
            return
        invocation.fail(
            IndeterminateOperationStateError(
                f"{method.name} was executed by the owner of the partition, but {missing} were not acknowledged in"
                " time; if the owner is lost now, the change may be lost with it"
            ),
        )

    def _still_pending(self, correlation_id: int) -> Invocation | None:
        """Return the invocation of an ack that was received before the owner's reply."""
        for connection in self._open_connections():
            get: Any = connection.pending.get
            invocation: Invocation | None = get(correlation_id)
            if invocation is not None:
                return invocation
        return None

    def fail_all(self, error: Exception) -> None:
        """Fail all, and let none wait from now on."""
        self._ended = True
        waiting, self._waiting = self._waiting, {}
        for invocation in waiting.values():
            invocation.fail(error)

    def renew(self) -> None:
        """Let invocations wait again, in a forked child."""
        self._ended = self._missing = False
        self._next_check = None
