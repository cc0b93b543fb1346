"""Errors of the bridge between Python and a JVM."""

from py4j.protocol import Py4JError

from hz_embedded.errors import EmbeddedError


class BridgeError(EmbeddedError):
    """A call through the bridge failed; base of the more specific errors."""


class GatewayError(BridgeError):
    """The connection to the JVM was lost or could not be made."""


class ConversionError(BridgeError, Py4JError, TypeError):  # type: ignore[misc]  # py4j has no types
    """A value cannot be converted into a Java object, or a Java object into a Python value."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
