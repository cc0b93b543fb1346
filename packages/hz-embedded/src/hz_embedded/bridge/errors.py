"""Errors of the bridge between Python and a JVM."""

from hz_embedded._py4j import Py4JError
from hz_embedded.errors import EmbeddedError


class BridgeError(EmbeddedError):
    """A call through the bridge failed; base of the more specific errors."""


class GatewayError(BridgeError):
    """The connection to the JVM was lost or could not be made."""


class ConversionError(BridgeError, TypeError, Py4JError):  # type: ignore[misc]  # py4j has no types
    """A value cannot be converted into a Java object, or a Java object into a Python value."""

    cause: BaseException | None = None
    """As of any ``Py4JError``; there is never one."""
