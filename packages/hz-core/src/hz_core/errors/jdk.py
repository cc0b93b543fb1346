"""Errors that members report from the JDK itself: Java's own exceptions under their Python names."""

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
    """A value on the member isn't of the type that the operation needs."""


class ClassNotFoundError(HazelcastError):
    """The member has no class of that name on its class path."""


class ConcurrentModificationError(HazelcastError):
    """A collection on the member changed while it was being iterated."""


class ExecutionError(HazelcastError):
    """A task failed on the member; the cause tells why."""


class HazelcastAssertionError(HazelcastError):
    """An assertion in the member's code failed."""


class HazelcastEOFError(HazelcastError):
    """The data ended before everything that was expected had been read."""


class HazelcastInterruptedError(HazelcastError):
    """The member's thread was interrupted while it worked or waited."""


class HazelcastIOError(HazelcastError):
    """An input or output operation of the member failed."""


class HazelcastRuntimeError(HazelcastError):
    """A Java runtime exception without a more exact class."""


class HazelcastTimeoutError(HazelcastError):
    """The member waited for something longer than it was allowed to."""


class IllegalAccessError(HazelcastError):
    """Java code on the member was linked against something that it may not access."""


class IllegalAccessException(HazelcastError):
    """Java code on the member reflected on something that it may not access."""


class IllegalArgumentError(HazelcastError):
    """An argument isn't acceptable, as found by the client or by the member."""


class IllegalMonitorStateError(HazelcastError):
    """The caller unlocks, or works under, a lock that it doesn't hold."""


class IllegalStateError(HazelcastError):
    """The operation isn't allowed in the present state of its object."""


class IllegalThreadStateError(HazelcastError):
    """A Java thread on the member isn't in the state that the operation needs."""


class IndexOutOfBoundsError(HazelcastError):
    """The index lies outside the bounds of the list or text."""


class LoginError(HazelcastError):
    """The login module of the member refused the caller."""


class NegativeArraySizeError(HazelcastError):
    """Java code on the member asked for an array of negative length."""


class NoClassDefFoundError(HazelcastError):
    """A class that the member's code was compiled with is missing at run time."""


class NoSuchElementError(HazelcastError):
    """There is no element to return, for example from an empty queue."""


class NoSuchFieldError(HazelcastError):
    """Java code on the member was linked against a field that its class doesn't have."""


class NoSuchFieldException(HazelcastError):
    """Java code on the member reflected on a field that its class doesn't have."""


class NoSuchMethodError(HazelcastError):
    """Java code on the member was linked against a method that its class doesn't have."""


class NoSuchMethodException(HazelcastError):
    """Java code on the member reflected on a method that its class doesn't have."""


class NotSerializableError(HazelcastError):
    """The member can't serialize the object, because its class doesn't allow it."""


class NullPointerError(HazelcastError):
    """Null was met where the member needs a value."""


class OutOfMemoryError(HazelcastError):
    """The member has no heap memory left."""


class RejectedExecutionError(HazelcastError):
    """The executor doesn't accept the task: it is shut down or full."""


class SecurityError(HazelcastError):
    """The member's security settings forbid the operation."""


class SocketError(HazelcastError):
    """A socket of the member failed."""


class StackOverflowError(HazelcastError):
    """The member's Java stack overflowed."""


class UnsupportedCallbackError(HazelcastError):
    """A login module of the member met a callback that it doesn't know."""


class UnsupportedOperationError(HazelcastError):
    """The member doesn't support the operation, or not for this object."""


class URISyntaxError(HazelcastError):
    """The text isn't a valid URI."""


class UTFDataFormatError(HazelcastError):
    """The bytes aren't text in the encoding that the member expects."""


class XAError(HazelcastError):
    """An XA transaction failed."""
