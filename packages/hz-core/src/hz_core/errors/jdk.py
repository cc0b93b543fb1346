"""Errors for exceptions of the JDK that members report."""

from hz_serialization import HazelcastError


class AccessControlError(HazelcastError):
    """The caller has no permission for the operation."""


class ArrayIndexOutOfBoundsError(HazelcastError):
    """Java code on the member read or wrote an array outside its bounds."""


class ArrayStoreError(HazelcastError):
    """Java code on the member put an object of the wrong type into an array."""


class CancellationError(HazelcastError):
    """The task was cancelled on the member before it had a result."""


class ClassCastError(HazelcastError):
    """A value on the member is not of the type that the operation needs."""


class ClassNotFoundError(HazelcastError):
    """The member has no class of that name on its class path."""


class ConcurrentModificationError(HazelcastError):
    """A collection on the member changed while it was being iterated."""


class ExecutionError(HazelcastError):
    """A task failed on the member; see the cause."""


class HazelcastAssertionError(HazelcastError):
    """An assertion in the member's code failed."""


class HazelcastEOFError(HazelcastError):
    """The data ended unexpectedly."""


class HazelcastInterruptedError(HazelcastError):
    """The member's thread was interrupted."""


class HazelcastIOError(HazelcastError):
    """An input or output operation of the member failed."""


class HazelcastRuntimeError(HazelcastError):
    """A Java runtime exception without a more specific class."""


class HazelcastTimeoutError(HazelcastError):
    """A wait on the member timed out."""


class IllegalAccessError(HazelcastError):
    """Java code on the member was linked against something that it may not access."""


class IllegalAccessException(HazelcastError):
    """Java code on the member reflected on something that it may not access."""


class IllegalArgumentError(HazelcastError):
    """The client or the member rejected an argument."""


class IllegalMonitorStateError(HazelcastError):
    """The caller does not hold the lock that it releases or uses."""


class IllegalStateError(HazelcastError):
    """The operation is not allowed in the current state of its object."""


class IllegalThreadStateError(HazelcastError):
    """A Java thread on the member is not in the state that the operation needs."""


class IndexOutOfBoundsError(HazelcastError, IndexError):
    """The index is out of the bounds of the list or text; also an IndexError."""


class LoginError(HazelcastError):
    """The login module of the member rejected the caller."""


class NegativeArraySizeError(HazelcastError):
    """Java code on the member created an array of negative length."""


class NoClassDefFoundError(HazelcastError):
    """A class that the member's code needs is missing at run time."""


class NoSuchElementError(HazelcastError):
    """There is no element to return, for example from an empty queue."""


class NoSuchFieldError(HazelcastError):
    """Java code on the member was linked against a field that its class does not have."""


class NoSuchFieldException(HazelcastError):
    """Java code on the member reflected on a field that its class does not have."""


class NoSuchMethodError(HazelcastError):
    """Java code on the member was linked against a method that its class does not have."""


class NoSuchMethodException(HazelcastError):
    """Java code on the member reflected on a method that its class does not have."""


class NotSerializableError(HazelcastError):
    """The member cannot serialize the object, because its class does not allow it."""


class NullPointerError(HazelcastError):
    """Java code on the member found null instead of an object."""


class OutOfMemoryError(HazelcastError):
    """The member ran out of heap memory."""


class RejectedExecutionError(HazelcastError):
    """The executor does not accept the task: it is shut down or full."""


class SecurityError(HazelcastError):
    """The member's security settings forbid the operation."""


class SocketError(HazelcastError):
    """A socket of the member failed."""


class StackOverflowError(HazelcastError):
    """The member's Java stack overflowed."""


class UnsupportedCallbackError(HazelcastError):
    """A login module of the member received a callback that it does not support."""


class UnsupportedOperationError(HazelcastError):
    """The member does not support the operation, or not for this object."""


class URISyntaxError(HazelcastError):
    """The text is not a valid URI."""


class UTFDataFormatError(HazelcastError):
    """The bytes are not valid in the encoding that the member expects."""


class XAError(HazelcastError):
    """An XA transaction failed."""
