"""Errors of the bridge between Python and a JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hz_embedded.errors import EmbeddedError

if TYPE_CHECKING:
    from hz_embedded.bridge.throwables import JavaThrowable


class BridgeError(EmbeddedError):
    """A call through the bridge failed; root of the errors below."""


class GatewayError(BridgeError):
    """The connection to the JVM is gone or could not be made."""


class ConversionError(BridgeError, TypeError):
    """A value cannot be turned into a Java object, or a Java object into a Python value."""


class JavaError(BridgeError):
    """Java code threw an exception.

    Attributes:
        throwable: the exception with its message, stack and causes.
    """

    def __init__(self, throwable: JavaThrowable) -> None:
        super().__init__("\n  caused by ".join(str(one) for one in throwable.chain()))
        self.throwable = throwable

    @property
    def java_stack(self) -> str:
        """The Java stack as Java prints it, causes included."""
        return self.throwable.render()

    @property
    def python_traceback(self) -> str | None:
        """Traceback of the Python callback that raised; None when no Python code took part."""
        return self.throwable.python_traceback
