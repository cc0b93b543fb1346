"""Sending requests, matching replies, backup acks and retries."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from struct import Struct
from typing import Any, Final, Protocol
from weakref import ref

from hz_core.codecs.error import decode_error
from hz_core.connection import Connection, MessageHandler
from hz_core.errors import (
    ClientOfflineError,
    HazelcastClientNotActiveError,
    HazelcastOverloadError,
    IndeterminateOperationStateError,
    OperationTimeoutError,
    TargetDisconnectedError,
    TargetNotMemberError,
    error_from_holders,
)
from hz_core.invocation.invocation import Invocation, InvocationObserver, PromisedInvocation, observed
from hz_core.invocation.retry import NotSentError, may_retry, pause_before
from hz_core.io import IO, Timer
from hz_core.op import Op
from hz_core.promise import Promise
from hz_core.wire.frames import DECODE_ERRORS, HazelcastProtocolError, message_type_of
from hz_core.wire.method import ReadData
from hz_serialization import HazelcastSerializationError
from hz_serialization.compact import UnknownSchemaError

_TYPE_AND_CORRELATION: Final = Struct("<iq")
_CORRELATION: Final = Struct("<q")
_TYPE_OFFSET: Final = 6
_CORRELATION_OFFSET: Final = 10
_ACKS_OFFSET: Final = 18
_SOURCE_CORRELATION_OFFSET: Final = 22
_HIGH_FLAGS_OFFSET: Final = 5
_IS_EVENT: Final = 0x02
_BACKUP_AWARE: Final = 0x01
_BACKUP_EVENT_OFFSET: Final = 4
_BACKUP_EVENT: Final = 0x80

_GRACE_AFTER_LOSS: Final = 0.5
"""Seconds to wait for further backup acks after a member was lost."""


class Router(Protocol):
    """Finds connections for operations."""

    def route(self, op: Op[Any]) -> Connection | None:
        """Return the connection for ``op``, or None if there is none."""
        ...

    def open_connections(self) -> Sequence[Connection]:
        """Return the ready connections."""
        ...

    def is_member(self, op: Op[Any]) -> bool:
        """Return whether the member that ``op`` is bound to is still in the cluster."""
        ...


class Sender(Protocol):
    """Sends the invocations that a gate has held."""

    def send(self, invocation: Invocation) -> None:
        """Send an invocation."""
        ...


class Gate(Protocol):
    """Holds requests until the cluster knows the Compact schemas that they need."""

    @property
    def unconfirmed(self) -> Mapping[int, Any]:
        """The schemas that the cluster does not know yet. While this is empty, no request is held."""
        ...

    def hold(self, invocation: Invocation, sender: Sender) -> bool:
        """Hold ``invocation`` until ``sender`` may send it; return False if it need not wait."""
        ...

    def fetch(self, unknown: UnknownSchemaError, done: Callable[[Exception | None], object]) -> None:
        """Ask the cluster for a schema, then call ``done`` on the I/O side with the error, None for success."""
        ...


class InvocationPolicy:
    """The options for retries and backup acks; see the client's configuration. Times are in seconds."""

    __slots__ = (
        "backup_acks",
        "backup_timeout",
        "fail_on_indeterminate",
        "max_pending",
        "redo_operation",
        "retry_pause",
        "timeout",
    )

    def __init__(
        self,
        *,
        timeout: float,
        retry_pause: float,
        redo_operation: bool,
        backup_acks: bool,
        backup_timeout: float,
        fail_on_indeterminate: bool,
        max_pending: int,
    ) -> None:
        self.timeout = timeout
        self.retry_pause = retry_pause
        self.redo_operation = redo_operation
        self.backup_acks = backup_acks
        self.backup_timeout = backup_timeout
        self.fail_on_indeterminate = fail_on_indeterminate
        self.max_pending = max_pending


class InvocationService:
    """Sends invocations and completes them. Those that wait for a reply are in ``pending`` of their connection.

    ``submit`` is called from any thread, ``received`` by the thread that reads a connection, the rest on the I/O side.

    Args:
        io: The driver.
        router: Chooses connections.
        check_active: Raises an error if operations must not wait for a connection.
        read: Deserializes the ``Data`` in a reply.
        policy: The client's options.
        gate: Holds requests while the cluster does not know their schemas.
        observer: Observes completions; None for no observer.
    """

    def __init__(
        self,
        io: IO,
        router: Router,
        check_active: Callable[[], None],
        read: ReadData,
        policy: InvocationPolicy,
        gate: Gate,
        observer: InvocationObserver | None = None,
    ) -> None:
        self._io = io
        self._router = router
        self._check_active = check_active
        self._read = read
        self._policy = policy
        self._gate = gate
        self._unconfirmed = gate.unconfirmed
        self._next_id = count(1).__next__
        self._route = router.route
        self._ended = False
        self._unacked: dict[int, Invocation] = {}
        self._pausing: dict[Invocation, Timer] = {}
        self._acks = io.mutex()
        self._now = io.now
        self._backup_acks = policy.backup_acks
        self._max_pending = policy.max_pending
        self._promised = observed(PromisedInvocation, observer)
        self.observer = observer
        self.coarse_now = io.now()
        """The time of the engine's last tick, so that the clock is not read for each message."""

    @property
    def pending_count(self) -> int:
        """Number of requests that wait for a reply, for backup acks or for the next attempt."""
        waiting = sum(len(c.pending) for c in self._router.open_connections())
        return waiting + len(self._unacked) + len(self._pausing)

    def submit(self, op: Op[Any], promise: Promise, soon: bool = False) -> Invocation:
        """Send ``op`` and complete ``promise`` with its outcome.

        Args:
            op: The operation.
            promise: Receives the outcome.
            soon: Whether the driver may send it a little later, together with others, because no caller waits yet.
        """
        invocation = self._promised(op, self._now(), promise)
        try:
            self.send(invocation, soon)
        except Exception as e:
            invocation.fail(e)
        return invocation

    def send(self, invocation: Invocation, soon: bool = False) -> None:
        """Send an invocation, for the first time or again.

        Raises:
            HazelcastOverloadError: The client's limit of pending invocations on the connection is reached.
            ClientOfflineError, HazelcastClientNotActiveError: The client cannot send in its state.
        """
        op = invocation.op
        if op.deadline is not None and self._overdue(invocation, op.deadline):
            return
        if self._unconfirmed and self._gate.hold(invocation, self):
            return
        connection = op.connection or self._route(op)
        if connection is None or connection.transport is None:
            self._check_active()
            error = NotSentError(f"no connection to the cluster to send {op.method.name} over")
            self._io.call_soon(lambda: self._failed(invocation, error))
            return
        pending = connection.pending
        if len(pending) >= self._max_pending:
            raise HazelcastOverloadError(
                f"{op.method.name} was not sent: {len(pending)} invocations already wait for replies from"
                f" {connection.address}, the limit of max_pending_invocations; wait for some of them to complete,"
                " or raise the limit"
            )
        request = op.request
        correlation_id = self._next_id()
        _CORRELATION.pack_into(request, _CORRELATION_OFFSET, correlation_id)
        if self._backup_acks:
            request[_HIGH_FLAGS_OFFSET] |= _BACKUP_AWARE
        invocation.connection = connection
        connection.last_write = self.coarse_now
        pending[correlation_id] = invocation
        if soon:
            connection.transport.write_soon(request)
        else:
            connection.transport.write(request)
        if not connection.alive and pending.pop(correlation_id, None) is not None:
            # Closed between the choice and the write: no other thread fails this invocation.
            closed = _closed(connection)
            self._io.call_soon(lambda: self._failed(invocation, closed))

    def _overdue(self, invocation: Invocation, deadline: float) -> bool:
        """Fail an invocation whose deadline has expired; otherwise set a timer once."""
        if self._now() >= deadline:
            self._expire(invocation)
            return True
        if not invocation.deadline_watched:
            invocation.deadline_watched = True
            self._io.call_soon(partial(self._watch_deadline, invocation, deadline))
        return False

    def _watch_deadline(self, invocation: Invocation, deadline: float) -> None:
        if not invocation.finished:
            self._io.call_later(
                max(deadline - self._now(), 0.0), partial(self._expire_if_waiting, ref(invocation))
            )

    def _expire_if_waiting(self, reference: "ref[Invocation]") -> None:
        # A weak reference, because the timer of a finished invocation runs until the deadline.
        invocation = reference()
        if invocation is not None:
            self._expire(invocation)

    def _expire(self, invocation: Invocation) -> None:
        # The reply may still be received; it then finds the invocation finished.
        if not invocation.finished:
            invocation.fail(
                OperationTimeoutError(
                    f"{invocation.op.method.name} had no result {self._now() - invocation.started:.3g} s after it was"
                    " submitted, which is its deadline; it may still be executed"
                )
            )

    def new_correlation_id(self) -> int:
        """Return a unique correlation id, for ``listen``."""
        return self._next_id()

    def listen(
        self,
        op: Op[Any],
        promise: Promise,
        handler: MessageHandler,
        connection: Connection,
        correlation_id: int,
    ) -> None:
        """Send a listener registration over ``connection``; store ``handler`` before the first event can be received.

        The events have the correlation id of the registration.
        """
        invocation = self._promised(op, self._now(), promise)
        _CORRELATION.pack_into(op.request, _CORRELATION_OFFSET, correlation_id)
        connection.event_handlers[correlation_id] = handler
        invocation.connection = connection
        connection.pending[correlation_id] = invocation
        if connection.transport is not None and connection.alive:
            connection.transport.write(op.request)
        if not connection.alive and connection.pending.pop(correlation_id, None) is not None:
            invocation.fail(_closed(connection))

    def received(self, connection: Connection, messages: list[bytes]) -> None:
        """Complete the invocations that ``messages`` reply to, and pass events to their handlers."""
        connection.last_read = self.coarse_now
        unpack = _TYPE_AND_CORRELATION.unpack_from
        # All entries are invocations, because only this service adds entries.
        pop: Any = connection.pending.pop
        invocation: Invocation | None = None
        try:
            for message in messages:
                invocation = None
                message_type, correlation_id = unpack(message, _TYPE_OFFSET)
                if message[_HIGH_FLAGS_OFFSET] & _IS_EVENT:
                    self._event(connection, message, correlation_id)
                elif message[_ACKS_OFFSET] and message_type:
                    self._await_backups(connection, correlation_id, message)
                else:
                    invocation = pop(correlation_id, None)
                    if invocation is None:
                        continue  # the invocation was abandoned, or the listener was removed
                    if message_type == invocation.op.method.response_type:
                        self._complete(invocation, message)
                    else:
                        self._error(invocation, message, message_type)
        except BaseException as e:
            # Ctrl-C in a thread that also reads for others: the invocation is not in the table any more.
            if invocation is not None:
                invocation.fail(TargetDisconnectedError(f"reading the reply was interrupted: {e!r}"))
            raise

    def _complete(self, invocation: Invocation, message: bytes) -> None:
        op = invocation.op
        try:
            result = op.decode(message, self._read)
        except UnknownSchemaError as e:
            # The caller's thread may stop reading this connection: the result is received in another way.
            invocation.connection = None
            self._gate.fetch(e, partial(self._complete_with_schema, invocation, message))
        except HazelcastSerializationError as e:  # also one of a user that is a ValueError, too
            invocation.fail(e)
        except DECODE_ERRORS as e:
            error = HazelcastProtocolError(
                f"the reply to {op.method.name} cannot be read: {type(e).__name__}: {e}"
            )
            error.__cause__ = e
            invocation.fail(error)
        except Exception as e:
            invocation.fail(e)
        except BaseException as e:
            invocation.fail(TargetDisconnectedError(f"reading the reply was interrupted: {e!r}"))
            raise
        else:
            invocation.complete(result, None)

    def _complete_with_schema(self, invocation: Invocation, message: bytes, error: Exception | None) -> None:
        if error is None:
            self._complete(invocation, message)
        else:
            invocation.fail(error)

    def _event(self, connection: Connection, message: bytes, correlation_id: int) -> None:
        if message[_BACKUP_EVENT_OFFSET] & _BACKUP_EVENT:
            if len(message) >= _SOURCE_CORRELATION_OFFSET + _CORRELATION.size:
                self._backup_ack(_CORRELATION.unpack_from(message, _SOURCE_CORRELATION_OFFSET)[0])
            return
        handler = connection.event_handlers.get(correlation_id)
        if handler is not None:
            handler(message)

    def _await_backups(self, connection: Connection, correlation_id: int, message: bytes) -> None:
        with self._acks:
            # Moved from one table to the other under the lock, so that no ack is missed.
            pop: Any = connection.pending.pop
            invocation: Invocation | None = pop(correlation_id, None)
            if invocation is None:
                return
            invocation.connection = None
            invocation.acks_wanted = message[_ACKS_OFFSET]
            message_type = message_type_of(message)
            answered = message_type == invocation.op.method.response_type
            if answered and invocation.acks < invocation.acks_wanted and not self._ended:
                invocation.reply = message
                invocation.replied_at = self._now()
                self._unacked[correlation_id] = invocation
                return
        if answered:
            self._complete(invocation, message)
        else:
            self._error(invocation, message, message_type)

    def _backup_ack(self, correlation_id: int) -> None:
        with self._acks:
            invocation = self._unacked.get(correlation_id) or self._still_pending(correlation_id)
            if invocation is None:
                return
            invocation.acks += 1
            reply = invocation.reply
            if reply is None or invocation.acks < invocation.acks_wanted:
                return
            del self._unacked[correlation_id]
        self._complete(invocation, reply)

    def _still_pending(self, correlation_id: int) -> Invocation | None:
        """Return the invocation of an ack that was received before the owner's reply."""
        for connection in self._router.open_connections():
            get: Any = connection.pending.get
            invocation: Invocation | None = get(correlation_id)
            if invocation is not None:
                return invocation
        return None

    def shorten_backup_wait(self) -> None:
        """Shorten the wait for backup acks: the member whose connection was removed will not send any."""
        latest = self._now() - self._policy.backup_timeout + _GRACE_AFTER_LOSS
        for invocation in list(self._unacked.values()):
            invocation.replied_at = min(invocation.replied_at, latest)

    def expire_backups(self) -> None:
        """Stop waiting for overdue backup acks: the owner has executed the operation, a backup may not have."""
        if not self._unacked:
            return
        overdue = self._now() - self._policy.backup_timeout
        for correlation_id, invocation in list(self._unacked.items()):
            if invocation.replied_at <= overdue:
                self._complete_without_acks(correlation_id, "in time")

    def _complete_without_acks(self, correlation_id: int, why: str) -> None:
        with self._acks:
            invocation = self._unacked.pop(correlation_id, None)
        if invocation is None or invocation.reply is None:
            return
        if self._policy.fail_on_indeterminate:
            invocation.fail(
                IndeterminateOperationStateError(
                    f"{invocation.op.method.name} was executed by the owner of the partition, but"
                    f" {invocation.acks_wanted - invocation.acks} of {invocation.acks_wanted} backups were not"
                    f" acknowledged {why}; if the owner is lost now, the change may be lost with it"
                ),
            )
        else:
            self._complete(invocation, invocation.reply)

    def on_connection_removed(self, connection: Connection) -> None:
        """Fail or retry all invocations that wait for a reply over ``connection``, which is closed."""
        connection.event_handlers.clear()
        for invocation in _drain(connection.pending):
            invocation.connection = None
            self._failed(invocation, _closed(connection))

    def fail_all(self, error: Exception) -> None:
        """Fail the invocations that wait for backup acks or for a retry (the client is shut down)."""
        with self._acks:
            # From now on no reply is stored to wait for its acks.
            self._ended = True
            unacked, self._unacked = self._unacked, {}
        for invocation in unacked.values():
            invocation.fail(error)
        pausing, self._pausing = self._pausing, {}
        for invocation, timer in pausing.items():
            timer.cancel()
            invocation.fail(error)

    def _error(self, invocation: Invocation, message: bytes, message_type: int) -> None:
        # The caller's thread may stop reading this connection: the next reply is received in another way.
        invocation.connection = None
        name = invocation.op.method.name
        error: Exception
        if message_type == 0:
            try:
                error = error_from_holders(decode_error(message))
            except (HazelcastProtocolError, *DECODE_ERRORS) as e:
                error = HazelcastProtocolError(f"the error reply to {name} cannot be read: {e}")
        else:
            error = HazelcastProtocolError(
                f"the reply to {name} has the unexpected message type {message_type:#08x}"
            )
        self._io.call_soon(lambda: self._failed(invocation, error))

    def _failed(self, invocation: Invocation, error: Exception) -> None:
        """Retry or fail an invocation. Runs on the I/O side."""
        if invocation.unwanted():
            # Not for the caller, but for `Op.then` and the observer.
            invocation.fail(error)
            return
        op = invocation.op
        policy = self._policy
        invocation.tries += 1
        final = self._final_error(invocation, error)
        if final is not None:
            invocation.fail(final)
            return
        invocation.acks = 0
        invocation.acks_wanted = -1
        pause = pause_before(invocation.tries, policy.retry_pause)
        if pause and self._now() + pause > self._limit(invocation):
            invocation.fail(self._timed_out(op, invocation, error))
        elif pause:
            self._pausing[invocation] = self._io.call_later(
                pause, lambda: self._after_pause(invocation, error)
            )
        else:
            self._resend(invocation)

    def _after_pause(self, invocation: Invocation, error: Exception) -> None:
        del self._pausing[invocation]
        if invocation.unwanted():
            invocation.fail(error)
        else:
            self._resend(invocation)

    def _resend(self, invocation: Invocation) -> None:
        try:
            self.send(invocation)
        except Exception as e:  # also what a user's load balancer raises
            invocation.fail(e)

    def _final_error(self, invocation: Invocation, error: Exception) -> Exception | None:
        """Return the error that ends the invocation, or None if it is retried."""
        op = invocation.op
        try:
            # Services whose work ends with the client need retries as long as there are connections.
            if self._ended or not self._router.open_connections():
                self._check_active()
        except (ClientOfflineError, HazelcastClientNotActiveError) as e:
            e.__cause__ = error
            return e
        if op.connection is not None or not may_retry(error, op.method, self._policy.redo_operation):
            return error
        if (
            isinstance(error, TargetNotMemberError | NotSentError)
            and op.member is not None
            and not self._router.is_member(op)
        ):
            return _not_member(op, error)
        if self._now() >= self._limit(invocation):
            return self._timed_out(op, invocation, error)
        return None

    def _limit(self, invocation: Invocation) -> float:
        """Return the time after which an invocation is not retried."""
        limit = invocation.started + self._policy.timeout
        deadline = invocation.op.deadline
        return limit if deadline is None else min(limit, deadline)

    def _timed_out(self, op: Op[Any], invocation: Invocation, error: Exception) -> OperationTimeoutError:
        timeout = OperationTimeoutError(
            f"{op.method.name} did not succeed within the {_limit_name(op)} of"
            f" {self._limit(invocation) - invocation.started:g} s, in {invocation.tries} attempts; the last failed"
            f" with {type(error).__name__}: {error}"
        )
        timeout.__cause__ = error
        return timeout


def _limit_name(op: Op[Any]) -> str:
    return "invocation_timeout" if op.deadline is None else "deadline"


def _not_member(op: Op[Any], cause: Exception) -> TargetNotMemberError:
    if isinstance(cause, TargetNotMemberError):
        return cause
    error = TargetNotMemberError(f"{op.method.name} is for member {op.member}, which is not in the cluster")
    error.__cause__ = cause
    return error


def _drain(table: dict[int, Any]) -> Iterator[Invocation]:
    """Remove and yield all entries of ``table``, while other threads may remove entries, too."""
    while table:
        try:
            yield table.popitem()[1]
        except KeyError:
            return


def _closed(connection: Connection) -> TargetDisconnectedError:
    error = TargetDisconnectedError(
        f"the connection to {connection.address} was closed before the reply was received: {connection.close_reason}"
    )
    error.__cause__ = connection.close_reason
    return error
