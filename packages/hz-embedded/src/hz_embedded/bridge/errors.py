"""Errors of the bridge between Python and a JVM."""

from hz_embedded.errors import EmbeddedError


class BridgeError(EmbeddedError):
    """A call through the bridge failed; base of the more specific errors."""


class GatewayError(BridgeError):
    """The connection to the JVM was lost or could not be made."""


class ConversionError(BridgeError, TypeError):
    """A value cannot be converted into a Java object, or a Java object into a Python value."""
