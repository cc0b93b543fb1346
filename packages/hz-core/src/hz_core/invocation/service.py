"""Sending requests, matching replies, backup acks and retries."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, islice
from struct import Struct
from typing import Any, Final, Protocol
from weakref import ref

from hz_core.compiled import ServiceBase, prefer_compiled
from hz_core.connection import Connection, MessageHandler
from hz_core.errors import (
    ClientOfflineError,
    HazelcastClientNotActiveError,
    OperationTimeoutError,
    TargetNotMemberError,
)
from hz_core.invocation.backups import BackupAcks
from hz_core.invocation.failures import closed_by, error_in, not_member, timed_out
from hz_core.invocation.invocation import Invocation, PromisedInvocation
from hz_core.invocation.limits import PendingLimit, check_unsent
from hz_core.invocation.observation import Observation
from hz_core.invocation.parked import SLICE, ParkedInvocations
from hz_core.invocation.pausing import PausingInvocations
from hz_core.invocation.ports import Gate, InvocationPolicy, Router
from hz_core.invocation.recent_errors import RecentErrors
from hz_core.invocation.retry import (
    UNKNOWN_OUTCOME,
    NotSentError,
    WaitsForItselfError,
    first_cause,
    may_retry,
    pause_before,
)
from hz_core.invocation.withdrawing import withdraw_unsent
from hz_core.io import IO
from hz_core.op import Op
from hz_core.promise import Promise
from hz_core.waitlist import Waitlist
from hz_core.wire.frames import BACKUP_ACKS_OFFSET, DECODE_ERRORS, HazelcastProtocolError
from hz_core.wire.method import ReadData
from hz_serialization import HazelcastSerializationError
from hz_serialization.compact import UnknownSchemaError

_TYPE_AND_CORRELATION: Final = Struct("<iq")
_CORRELATION: Final = Struct("<q")
_TYPE_OFFSET: Final = 6
_CORRELATION_OFFSET: Final = 10
_SOURCE_CORRELATION_OFFSET: Final = 22
_HIGH_FLAGS_OFFSET: Final = 5
_IS_EVENT: Final = 0x02
_BACKUP_AWARE: Final = 0x01
_BACKUP_EVENT_OFFSET: Final = 4
_BACKUP_EVENT: Final = 0x80

_MOST_INTERRUPTIONS: Final = 20
"""If handling a message was interrupted so often in a row, it is not by chance."""


class Submit(Protocol):
    """Sends an operation: :meth:`InvocationService.submit`."""

    def __call__(self, op: Op[Any], promise: Promise, soon: bool = False) -> Invocation:
        """Send ``op``, complete ``promise`` with its outcome, and return the invocation."""
        ...


@prefer_compiled
class InvocationService(ServiceBase):
    """Sends invocations and completes them. Those that wait for a reply are in ``pending`` of their connection.

    ``submit`` is called from any thread, ``received`` by the thread that reads a connection, the rest on the I/O side.

    Args:
        io: The driver.
        router: Chooses connections.
        check_active: Raises an error if operations must not wait for a connection.
        read: Deserializes the ``Data`` in a reply.
        policy: The client's options.
        gate: Holds requests while the cluster does not know their schemas.
        errors: Keeps the last errors.
        observation: The observers of operations.
    """

    def __init__(
        self,
        io: IO,
        router: Router,
        check_active: Callable[[], None],
        read: ReadData,
        policy: InvocationPolicy,
        gate: Gate,
        errors: RecentErrors,
        observation: Observation,
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
        self._pausing = PausingInvocations(io, router.route, self._after_pause)
        self.pausing: Callable[[], list[Invocation]] = self._pausing.waiting
        self.routes_changed: Callable[[], None] = self._pausing.routes_changed
        self.errors = errors
        self._now = io.now
        self._backup_acks = policy.backup_acks
        self.pending_limit: PendingLimit = PendingLimit(
            policy.max_pending, router.open_connections, lambda: self.pending_count, io.now
        )
        self._check_limit = self.pending_limit.check
        self.backups: BackupAcks = BackupAcks(
            io, policy, router.open_connections, self._complete, self._failed
        )
        self.parked: ParkedInvocations = ParkedInvocations(
            io, router.open_connections, check_active, self._resend, self._expire_parked, self._limit
        )
        self._promised = PromisedInvocation
        observation.follow(self)
        self.waitlist: Waitlist | None = None  # callers that wait until fewer invocations are pending

    def observed_by(self, observation: Observation) -> None:
        """See :class:`hz_core.invocation.observation.Follower`."""
        self._promised = observation.kind(PromisedInvocation)

    @property
    def pending_count(self) -> int:
        """Number of requests that wait for a reply, for backup acks, for a connection or for the next attempt."""
        waiting = sum(len(c.pending) for c in self._router.open_connections())
        return waiting + len(self.backups) + len(self._pausing) + len(self.parked) + self._gate.held_count

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
            HazelcastOverloadError: Too much waits for replies, or to be sent to the member. Only for the first time.
            ClientOfflineError, HazelcastClientNotActiveError: The client cannot send in its state.
        """
        op = invocation.op
        if op.deadline is not None and self._overdue(invocation, op.deadline):
            return
        if self._unconfirmed:
            self._check_limit(invocation)
            if self._gate.hold(invocation, self):
                return
        connection = op.connection or self._route(op)
        if connection is None or (transport := connection.transport) is None:
            self._not_connected(invocation)
            return
        pending = connection.pending
        if len(pending) >= connection.crowded_at:
            self.pending_limit.crowded(connection, invocation)
        request = op.request
        correlation_id = self._next_id()
        _CORRELATION.pack_into(request, _CORRELATION_OFFSET, correlation_id)
        if self._backup_acks:
            request[_HIGH_FLAGS_OFFSET] |= _BACKUP_AWARE
        if transport.full:
            check_unsent(invocation, connection)
        invocation.connection = connection
        connection.spoke = True
        pending[correlation_id] = invocation
        try:
            (transport.write_soon if soon else transport.write)(request)
        except BaseException as e:
            withdraw_unsent(e, pending, correlation_id, request)
            raise
        if not connection.alive:
            self._closed_meanwhile(invocation, connection, correlation_id)

    _withdraw_unsent = staticmethod(withdraw_unsent)  # for compiled code

    def _closed_meanwhile(self, invocation: Invocation, connection: Connection, correlation_id: int) -> None:
        """Handle that the connection was closed between the choice and the write."""
        if connection.pending.pop(correlation_id, None) is not None:
            # No other thread fails this invocation.
            closed = closed_by(connection, invocation.op.method)
            self._io.call_soon(lambda: self._failed(invocation, closed))

    def _not_connected(self, invocation: Invocation) -> None:
        """Let an invocation wait for a connection; callable from any thread."""
        self._check_active()
        op = invocation.op
        if op.member is not None or op.connection is not None or self._router.open_connections():
            error = NotSentError(f"there is no connection to the cluster to send {op.method.name} over")
            self._io.call_soon(lambda: self._failed(invocation, error))
            return
        self._check_limit(invocation)
        invocation.accepted = True
        self.parked.add(invocation)

    def _expire_parked(self, invocation: Invocation) -> bool | None:
        """See :class:`hz_core.invocation.parked.ParkedInvocations`."""
        if self._now() < self._limit(invocation):
            return None
        op = invocation.op
        if invocation.in_doubt and op.deadline is not None:
            self._begin_anew(invocation)
            return True
        invocation.tries += 1
        error = NotSentError(f"there is no connection to the cluster to send {op.method.name} over")
        invocation.fail(timed_out(invocation, error, self._limit(invocation)))
        return False

    def _overdue(self, invocation: Invocation, deadline: float) -> bool:
        """Fail an invocation whose deadline has expired; otherwise set a timer once."""
        if self._now() >= deadline:
            self._expire(invocation)
            if not invocation.in_doubt:
                return True
            self._begin_anew(invocation)
            return False
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
        if invocation.finished:
            return
        if invocation.last_error is not None:
            invocation.fail(timed_out(invocation, invocation.last_error, self._limit(invocation)))
        else:
            invocation.fail(
                OperationTimeoutError(
                    f"{invocation.op.method.name} had no result {self._now() - invocation.started:.3g} s after it was"
                    " submitted, which is its deadline; it may still be executed"
                )
            )
        invocation.forget()

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
            invocation.fail(closed_by(connection, op.method))

    def received(self, connection: Connection, messages: Iterable[bytes]) -> None:
        """Complete the invocations that ``messages`` reply to, and pass events to their handlers.

        A message may be handled twice, when a thread is interrupted meanwhile. So an invocation is removed from a table
        only after it was completed.
        """
        if connection.interrupted:
            self._repeat(connection)
        unpack = _TYPE_AND_CORRELATION.unpack_from
        # All entries are invocations, because only this service adds entries.
        pending: Any = connection.pending
        message: bytes | None = None
        try:
            for message in messages:
                message_type, correlation_id = unpack(message, _TYPE_OFFSET)
                if message[_HIGH_FLAGS_OFFSET] & _IS_EVENT:
                    self._event(connection, message, correlation_id)
                    continue
                try:
                    invocation = pending[correlation_id]
                except KeyError:
                    continue  # the listener was removed
                connection.answered = True
                if message_type != invocation.op.method.response_type:
                    self._error(connection, correlation_id, invocation, message, message_type)
                elif message[BACKUP_ACKS_OFFSET]:
                    self.backups.wait(connection, correlation_id, invocation, message)
                else:
                    self._complete(invocation, message)
                    try:  # noqa: SIM105  # `suppress` is slow, and this runs for each reply
                        del pending[correlation_id]
                    except KeyError:
                        pass  # failed meanwhile, because the connection was closed
            if self.waitlist is not None:
                self.waitlist.wake()
        except BaseException:
            # Of a signal handler, for example: this thread may have been reading for others.
            if message is not None:
                connection.interrupted.append(message)
            raise

    def _repeat(self, connection: Connection) -> None:
        """Handle the messages again whose handling was interrupted."""
        rest: Iterable[bytes] = ()
        taking = map(iter, (connection.interrupted,))
        try:
            for rest in taking:
                connection.interrupted = []
                self.received(connection, rest)
        except BaseException as e:
            connection.interrupted.extend(rest)
            connection.interruptions += 1
            if connection.interruptions >= _MOST_INTERRUPTIONS:
                # Never endlessly: the end of the connection tells all who wait for it.
                error = ConnectionAbortedError(
                    f"messages could not be handled, {_MOST_INTERRUPTIONS} times: {type(e).__name__}: {e}"
                )
                self._io.call_soon(partial(connection.on_socket_closed, error))
            raise
        connection.interruptions = 0

    def _complete(self, invocation: Invocation, message: bytes) -> None:
        try:
            result = invocation.op.decode(message, self._read)
        except BaseException as e:
            error = e
        else:
            invocation.complete(result, None)
            return
        # Not in the clause above, so that what is raised there does not refer to this error.
        self._not_read(invocation, message, error)

    def _not_read(self, invocation: Invocation, message: bytes, error: BaseException) -> None:
        """Handle what was raised while a reply was decoded."""
        if isinstance(error, UnknownSchemaError):
            # The caller's thread may stop reading this connection: the result is received in another way.
            invocation.connection = None
            self._gate.fetch(error, partial(self._complete_with_schema, invocation, message))
        elif isinstance(error, DECODE_ERRORS) and not isinstance(error, HazelcastSerializationError):
            # One of a user's serializer may be a ValueError, too.
            damaged = HazelcastProtocolError(
                f"the reply to {invocation.op.method.name} cannot be read: {type(error).__name__}: {error}"
            )
            damaged.__cause__ = error
            invocation.fail(damaged)
        elif isinstance(error, Exception):
            self._not_decoded(invocation, message, error)
        else:
            self._interrupted(invocation, message, error)

    def _interrupted(self, invocation: Invocation, message: bytes, error: BaseException) -> None:
        """Handle what was raised while a reply was decoded, and is no Exception."""
        if self._io.reads_for_others:
            # Either this thread was interrupted, or a user's serializer has raised this: then it does so again.
            if not invocation.interrupted:
                invocation.interrupted = True
                raise error
            invocation.fail(error)
            return
        # Nobody else is interrupted: it is an error of the user's serializer like any other.
        failed = HazelcastSerializationError(
            f"reading the reply to {invocation.op.method.name} raised {error!r}"
        )
        failed.__cause__ = error
        invocation.fail(failed)
        if isinstance(error, KeyboardInterrupt | SystemExit):
            # Also for the event loop. The reply was handled, and must not be handled again.
            if invocation.connection is not None:
                (correlation_id,) = _CORRELATION.unpack_from(message, _CORRELATION_OFFSET)
                invocation.connection.pending.pop(correlation_id, None)
            raise error

    def _not_decoded(self, invocation: Invocation, message: bytes, error: Exception) -> None:
        """Handle what was raised while a reply was decoded: by a user's serializer, or because of an interrupt."""
        if not self._io.reads_for_others:
            invocation.fail(error)
            return
        cause = first_cause(error)
        if isinstance(cause, WaitsForItselfError) and not invocation.interrupted:
            # The serializer uses the client, which it cannot do here; but it can where callbacks run.
            invocation.interrupted = True
            invocation.connection = None
            if self._io.run_callback(partial(self._complete, invocation, message)) is not False:
                return
        try:
            result = invocation.op.decode(message, self._read)
        except Exception as again:
            # The error of a user's serializer is passed to the caller.
            invocation.fail(again)
        else:
            # It was an exception of a signal handler, for example, in a thread that also reads for others.
            invocation.complete(result, None)
            raise cause

    def _complete_with_schema(self, invocation: Invocation, message: bytes, error: Exception | None) -> None:
        if error is None:
            self._complete(invocation, message)
        else:
            invocation.fail(error)

    def _event(self, connection: Connection, message: bytes, correlation_id: int) -> None:
        if message[_BACKUP_EVENT_OFFSET] & _BACKUP_EVENT:
            if len(message) >= _SOURCE_CORRELATION_OFFSET + _CORRELATION.size:
                self.backups.received(
                    connection, _CORRELATION.unpack_from(message, _SOURCE_CORRELATION_OFFSET)[0]
                )
            return
        handler = connection.event_handlers.get(correlation_id)
        if handler is not None:
            handler(message)

    def on_connection_removed(self, connection: Connection) -> None:
        """Fail or retry all invocations that wait for a reply over ``connection``, which is closed."""
        connection.event_handlers.clear()
        connection.interrupted.clear()
        for invocation in islice(_drain(connection.pending), SLICE):
            invocation.connection = None
            self._failed(invocation, closed_by(connection, invocation.op.method))
        if connection.pending:
            # The way to the cluster goes before them.
            self._io.call_soon(partial(self.on_connection_removed, connection))

    def fail_all(self, error: Exception) -> None:
        """Fail the invocations that wait for backup acks, a retry or a connection (the client is shut down)."""
        self._ended = True
        self.backups.fail_all(error)
        self._pausing.fail_all(error)
        self.parked.fail_all(error)

    def renew(self) -> None:
        """Accept invocations again, in a forked child."""
        self._ended = False
        self.backups.renew()

    def _error(
        self,
        connection: Connection,
        correlation_id: int,
        invocation: Invocation,
        message: bytes,
        message_type: int,
    ) -> None:
        # The caller's thread may stop reading this connection: the next reply is received in another way.
        invocation.connection = None
        error = error_in(message, message_type, invocation.op.method.name, connection.server_version)
        self._io.call_soon(partial(self._failed_reply, connection, correlation_id, error))

    def _failed_reply(self, connection: Connection, correlation_id: int, error: Exception) -> None:
        pop: Any = connection.pending.pop
        invocation: Invocation | None = pop(correlation_id, None)
        if invocation is not None:
            self._failed(invocation, error)

    def _failed(self, invocation: Invocation, error: Exception) -> None:
        """Retry or fail an invocation. Runs on the I/O side."""
        if invocation.op.on_lost is not None and isinstance(error, UNKNOWN_OUTCOME):
            invocation.in_doubt = True
        self._router.failed(invocation.op, error)
        deadline = invocation.op.deadline
        if invocation.in_doubt and deadline is not None and self._now() >= deadline:
            self._expire(invocation)
        if invocation.unwanted() and invocation.in_doubt:
            # The member may have granted what nobody waits for. Sent again with the same reference, it counts once;
            # the reply tells, and then it is given back.
            self._begin_anew(invocation)
        elif invocation.unwanted():
            # Not for the caller, but for `Op.then` and the observer.
            invocation.fail(error)
            return
        policy = self._policy
        invocation.tries += 1
        invocation.last_error = error
        self.errors.add(invocation.op.method.name, error)
        final = self._final_error(invocation, error)
        if final is not None:
            invocation.fail(final)
            return
        invocation.acks = ()
        invocation.acks_wanted = -1
        pause = pause_before(invocation.tries, policy.retry_pause)
        if pause:
            if not invocation.in_doubt:
                # The last attempt is made at the end of the time limit.
                pause = min(pause, max(self._limit(invocation) - self._now(), 0.001))
            self._pausing.add(invocation, pause, error)
        else:
            self._resend(invocation)

    def _after_pause(self, invocation: Invocation, error: Exception) -> None:
        if invocation.unwanted() and not invocation.in_doubt:
            invocation.fail(error)
        else:
            self._resend(invocation)

    def _begin_anew(self, invocation: Invocation) -> None:
        """Give an invocation that nobody waits for any more the time to find out what it has acquired."""
        if invocation.op.deadline is not None:
            invocation.op.deadline = None
            invocation.started = self._now()

    def _resend(self, invocation: Invocation) -> None:
        try:
            self.send(invocation, True)
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
            return not_member(op, error)
        if self._now() >= self._limit(invocation):
            return timed_out(invocation, error, self._limit(invocation))
        return None

    def _limit(self, invocation: Invocation) -> float:
        """Return the time after which an invocation is not retried."""
        limit = invocation.started + self._policy.timeout
        deadline = invocation.op.deadline
        return limit if deadline is None else min(limit, deadline)


def _drain(table: dict[int, Any]) -> Iterator[Invocation]:
    """Remove and yield all entries of ``table``, while other threads may remove entries, too."""
    while table:
        try:
            yield table.popitem()[1]
        except KeyError:
            return
