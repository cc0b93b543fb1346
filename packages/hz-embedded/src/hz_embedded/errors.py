"""Errors of hz-embedded: everything it raises on purpose derives from :class:`EmbeddedError`."""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_LINES = 40
_LOG_TAIL_BYTES = 64 * 1024


class EmbeddedError(Exception):
    """Root of all errors raised by hz_embedded."""


class ConfigurationError(EmbeddedError):
    """An argument or a member configuration cannot be used."""


class UnsupportedVersionError(ConfigurationError):
    """The wanted Hazelcast version is unknown here, or lacks the wanted feature."""


class JavaNotFoundError(EmbeddedError):
    """No usable Java runtime was found."""


class JarResolutionError(EmbeddedError):
    """A jar could not be had from the given folders, the cache or the Maven repository."""


class ChecksumMismatchError(JarResolutionError):
    """A jar's SHA-256 differs from the pinned one; the jar is not used."""


class JvmStartError(EmbeddedError):
    """The JVM did not start or did not open its gateway; the message ends with the tail of its log."""


class JvmDiedError(EmbeddedError):
    """The JVM that was asked to do something no longer runs."""


class MemberStartError(EmbeddedError):
    """A member did not start; the message ends with the tail of the JVM's log."""


class MemberStateError(EmbeddedError):
    """The member is not in a state in which this can be done to it."""


def log_tail(log_file: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last ``lines`` lines of a JVM's log, headed by its path, for the end of an error message."""
    try:
        with log_file.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - _LOG_TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError as error:
        return f"(the log {log_file} cannot be read: {error})"
    tail = text.splitlines()[-lines:]
    if not tail:
        return f"(the log {log_file} is empty)"
    return "\n".join([f"--- last {len(tail)} lines of {log_file} ---", *tail])
