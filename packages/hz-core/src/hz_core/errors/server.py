"""Conversion of a member's error reports to Python errors."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from hz_core.errors import cluster, cp, jdk, jet, objects
from hz_serialization import HazelcastError, HazelcastSerializationError

NOTE_FRAMES: Final = 8
"""Number of frames of the member's stack that a traceback shows; ``server_stack`` has all of them."""

MAX_CAUSES: Final = 32
"""Maximum length of a chain of causes, so that a faulty member cannot create endless tracebacks."""


class StackTraceElement(Protocol):
    """One frame of a Java stack, as decoded from the error message."""

    @property
    def class_name(self) -> str:
        """Class of the frame."""
        ...

    @property
    def method_name(self) -> str:
        """Method of the frame."""
        ...

    @property
    def file_name(self) -> str | None:
        """Source file, if known."""
        ...

    @property
    def line_number(self) -> int:
        """Line in the source file; negative if unknown, -2 for a native method."""
        ...


class ErrorHolder(Protocol):
    """One exception of the chain in an error message."""

    @property
    def error_code(self) -> int:
        """Code of the exception's class."""
        ...

    @property
    def class_name(self) -> str:
        """Java class of the exception."""
        ...

    @property
    def message(self) -> str | None:
        """Message of the exception."""
        ...

    @property
    def stack_trace_elements(self) -> Sequence[StackTraceElement]:
        """The stack, innermost frame first."""
        ...


class ServerError(NamedTuple):
    """A member's original report of an error."""

    error_code: int
    class_name: str
    message: str | None
    stack: str


ERROR_CLASSES: Final[dict[int, type[HazelcastError]]] = {
    0: cluster.UndefinedErrorCodeError,
    1: jdk.ArrayIndexOutOfBoundsError,
    2: jdk.ArrayStoreError,
    3: cluster.AuthenticationError,
    4: objects.CacheError,
    5: objects.CacheLoaderError,
    6: objects.CacheNotExistsError,
    7: objects.CacheWriterError,
    8: cluster.CallerNotMemberError,
    9: jdk.CancellationError,
    10: jdk.ClassCastError,
    11: jdk.ClassNotFoundError,
    12: jdk.ConcurrentModificationError,
    13: cluster.ConfigMismatchError,
    14: objects.DistributedObjectDestroyedError,
    15: jdk.HazelcastEOFError,
    16: objects.EntryProcessorError,
    17: jdk.ExecutionError,
    18: HazelcastError,
    19: cluster.HazelcastInstanceNotActiveError,
    20: cluster.HazelcastOverloadError,
    21: HazelcastSerializationError,
    22: jdk.HazelcastIOError,
    23: jdk.IllegalArgumentError,
    24: jdk.IllegalAccessException,
    25: jdk.IllegalAccessError,
    26: jdk.IllegalMonitorStateError,
    27: jdk.IllegalStateError,
    28: jdk.IllegalThreadStateError,
    29: jdk.IndexOutOfBoundsError,
    30: jdk.HazelcastInterruptedError,
    31: cluster.InvalidAddressError,
    32: cluster.InvalidConfigurationError,
    33: cluster.MemberLeftError,
    34: jdk.NegativeArraySizeError,
    35: jdk.NoSuchElementError,
    36: jdk.NotSerializableError,
    37: jdk.NullPointerError,
    38: cluster.OperationTimeoutError,
    39: cluster.PartitionMigratingError,
    40: objects.QueryError,
    41: objects.QueryResultSizeExceededError,
    42: cluster.SplitBrainProtectionError,
    43: objects.ReachedMaxSizeError,
    44: jdk.RejectedExecutionError,
    45: cluster.ResponseAlreadySentError,
    46: cluster.RetryableHazelcastError,
    47: cluster.RetryableIOError,
    48: jdk.HazelcastRuntimeError,
    49: jdk.SecurityError,
    50: jdk.SocketError,
    51: objects.StaleSequenceError,
    52: cluster.TargetDisconnectedError,
    53: cluster.TargetNotMemberError,
    54: jdk.HazelcastTimeoutError,
    55: objects.TopicOverloadError,
    56: objects.TransactionError,
    57: objects.TransactionNotActiveError,
    58: objects.TransactionTimedOutError,
    59: jdk.URISyntaxError,
    60: jdk.UTFDataFormatError,
    61: jdk.UnsupportedOperationError,
    62: cluster.WrongTargetError,
    63: jdk.XAError,
    64: jdk.AccessControlError,
    65: jdk.LoginError,
    66: jdk.UnsupportedCallbackError,
    67: cluster.NoDataMemberInClusterError,
    68: objects.ReplicatedMapCantBeCreatedOnLiteMemberError,
    69: cluster.MaxMessageSizeExceededError,
    70: cluster.WANReplicationQueueFullError,
    71: jdk.HazelcastAssertionError,
    72: jdk.OutOfMemoryError,
    73: jdk.StackOverflowError,
    74: cluster.NativeOutOfMemoryError,
    75: cluster.ServiceNotFoundError,
    76: objects.StaleTaskIdError,
    77: objects.DuplicateTaskError,
    78: objects.StaleTaskError,
    79: cluster.LocalMemberResetError,
    80: cluster.IndeterminateOperationStateError,
    81: objects.NodeIdOutOfRangeError,
    82: objects.TargetNotReplicaError,
    83: objects.MutationDisallowedError,
    84: objects.ConsistencyLostError,
    85: cp.SessionExpiredError,
    86: cp.WaitKeyCancelledError,
    87: cp.LockAcquireLimitReachedError,
    88: cp.LockOwnershipLostError,
    89: cp.CPGroupDestroyedError,
    90: cp.CannotReplicateError,
    91: cp.LeaderDemotedError,
    92: cp.StaleAppendRequestError,
    93: cp.NotLeaderError,
    94: cluster.VersionMismatchError,
    95: jdk.NoSuchMethodError,
    96: jdk.NoSuchMethodException,
    97: jdk.NoSuchFieldError,
    98: jdk.NoSuchFieldException,
    99: jdk.NoClassDefFoundError,
    100: cp.CPLeaderSteppingDownError,
    500: jet.JetError,
    501: jet.TopologyChangedError,
    502: jet.JobNotFoundError,
    503: jet.JobAlreadyExistsError,
    504: jet.AssertionCompletedError,
    505: jet.JetDisabledError,
    506: jet.CancellationByUserError,
    507: jet.TaskletExecutionError,
}
"""Class for each error code of the protocol and of Jet. Codes from 1000 are for users' exceptions."""

_BY_CLASS_NAME: Final = {"com.hazelcast.jet.impl.exception.JetDisabledException": jet.JetDisabledError}
"""Class for a Java class whose code some members do not know: those without Jet, that of Jet."""

_RETRYABLE: Final = (
    cluster.RetryableHazelcastError,
    cluster.RetryableIOError,
    cluster.TargetNotMemberError,
    cluster.WrongTargetError,
    cluster.PartitionMigratingError,
    cluster.MemberLeftError,
    cluster.CallerNotMemberError,
    objects.TargetNotReplicaError,
    cp.CannotReplicateError,
    cp.NotLeaderError,
)

_NATIVE_METHOD: Final = -2
_UNKNOWN_MESSAGE: Final = "Unrecognized client message"

_NO_EXCEPTION: Final = "The member reported an error without any exception in it"


def is_retryable(error: BaseException) -> bool:
    """Return whether any operation may be sent again after ``error``.

    True for errors with which a member rejects an operation before executing it. After a lost connection
    (:class:`TargetDisconnectedError`), or for a member that is shutting down
    (:class:`HazelcastInstanceNotActiveError`), it depends on the operation, so the result is False.
    """
    return isinstance(error, _RETRYABLE)


def server_error(error: BaseException) -> ServerError | None:
    """Return the member's report of ``error``; None if no member reported it."""
    found = getattr(error, "_server_error", None)
    return found if isinstance(found, ServerError) else None


def error_from_holders(
    holders: Sequence[ErrorHolder], operation: str = "", version: str = ""
) -> HazelcastError:
    """Return the error for a member's error message; the causes in the message become its ``__cause__``.

    The error and each cause have the attributes ``server_class_name``, ``server_message`` and ``server_stack`` (see
    also :func:`server_error`). The text has the class and the message, and tracebacks show the top of the stack.

    Args:
        holders: The exception and its causes, outermost first, as decoded (protocol message 0, error).
        operation: Service and name of the request, such as ``MultiMap.putAll``.
        version: The member's version. Both are named if the member does not know the request.

    Returns:
        An instance of the class for the first error code; :class:`UndefinedErrorCodeError` for unknown codes.
    """
    if not holders:
        return cluster.UndefinedErrorCodeError(_NO_EXCEPTION)
    chain = [_error(holder) for holder in holders[: MAX_CAUSES + 1]]
    for error, cause in pairwise(chain):
        error.cause = error.__cause__ = cause
    unknown = holders[0].message or ""
    if operation and unknown.startswith(_UNKNOWN_MESSAGE):
        text = f"{operation} is not supported by the member, which has version {version}: {unknown}"
        chain[0].args = (text,)
    return chain[0]


def _error(holder: ErrorHolder) -> HazelcastError:
    text = holder.class_name if not holder.message else f"{holder.class_name}: {holder.message}"
    error_class = _BY_CLASS_NAME.get(holder.class_name) or ERROR_CLASSES.get(holder.error_code)
    if error_class is None:
        error_class = cluster.UndefinedErrorCodeError
        text = f"{text} (error code {holder.error_code}, which this client does not know)"
    error = error_class(text)
    frames = [_frame(element) for element in holder.stack_trace_elements]
    stack = "\n".join(frames)
    # Set on the instance, because two of the classes belong to another package, and the client's own errors have none.
    error.__dict__.update(
        server_class_name=holder.class_name,
        server_message=holder.message,
        server_stack=stack,
        _server_error=ServerError(holder.error_code, holder.class_name, holder.message, stack),
    )
    if frames:
        hidden = len(frames) - NOTE_FRAMES
        more = f"\n    ... {hidden} more in server_stack" if hidden > 0 else ""
        error.add_note("On the member:\n" + "\n".join(frames[:NOTE_FRAMES]) + more)
    return error


def _frame(element: StackTraceElement) -> str:
    line = element.line_number
    if line == _NATIVE_METHOD:
        place = "native method"
    elif not element.file_name:
        place = "unknown source"
    else:
        place = element.file_name if line < 0 else f"{element.file_name}:{line}"
    return f"    at {element.class_name}.{element.method_name}({place})"
