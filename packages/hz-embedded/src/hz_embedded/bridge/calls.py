"""What Java asks of Python: calls of Python objects."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable
from typing import Any

from py4j import protocol
from py4j.protocol import Py4JJavaError, get_command_part, get_return_value

from hz_embedded.bridge.errors import ConversionError

_log = logging.getLogger("hz_embedded.bridge")


class Calls:
    """What Java asks of Python: calls of Python objects, and the end of its references to them."""

    def __init__(self, client: Any, pool: Any, parameters: Any) -> None:
        self._client = client
        self._pool = pool
        self._parameters = parameters

    def forget(self, identity: str) -> None:
        """Drop a Python object that Java no longer refers to."""
        if identity != protocol.ENTRY_POINT_OBJECT_ID:
            with contextlib.suppress(KeyError):
                del self._pool[identity]

    def call(self, identity: str, read_line: Callable[[], str]) -> tuple[str, BaseException | None]:
        """Call the Python object ``identity``.

        Args:
            identity: The number of the object for Java.
            read_line: Reads the next line of the request.

        Returns:
            The answer for Java, and what the method raised.
        """
        method = read_line()
        # All is read before the conversion, which may call Java over the same connection.
        lines = list(iter(read_line, protocol.END))
        try:
            arguments = [get_return_value("y" + line, self._client) for line in lines]
            if identity not in self._pool:
                raise ReferenceError(f"Java called {method}() on a Python object that has been released")
            result = getattr(self._pool[identity], method)(*arguments)
            return f"{protocol.RETURN_MESSAGE}{protocol.SUCCESS}{self._part(result)}", None
        except BaseException as error:
            # Whatever it is, Java waits for an answer.
            _log.debug("a Python object failed in %s(), which Java called", method, exc_info=True)
            return f"{protocol.RETURN_MESSAGE}{protocol.ERROR}{self._failure(error)}", error

    def _failure(self, error: BaseException) -> str:
        if self._parameters.propagate_java_exceptions and isinstance(error, Py4JJavaError):
            with contextlib.suppress(ConversionError):
                return self._part(error.java_exception)
        lines = "".join(traceback.format_exception(error))
        return self._part(lines.encode("utf-8", "backslashreplace").decode("utf-8"))

    def _part(self, value: object) -> str:
        part: str = self._client.own(str(get_command_part(value, self._pool)))
        encoded(part)
        return part


def encoded(text: str) -> bytes:
    """Return a request as bytes.

    Raises:
        ConversionError: It has a lone surrogate.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConversionError(
            f"a string with the lone surrogate {error.object[error.start]!r} cannot be passed to Java: it has no UTF-8"
        ) from error
