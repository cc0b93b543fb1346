"""Errors of hz-embedded; all of them derive from :class:`EmbeddedError`."""

from collections.abc import Mapping
from pathlib import Path

LOG_TAIL_LINES = 40
_LOG_TAIL_BYTES = 64 * 1024

OUT_OF_MEMORY = "Terminating due to java.lang.OutOfMemoryError"
"""The last line of the log of a JVM that ended because its heap was full."""


class EmbeddedError(Exception):
    """Base of all errors of hz_embedded."""


class ConfigurationError(EmbeddedError):
    """An argument or a member configuration cannot be used."""


class UnsupportedVersionError(ConfigurationError):
    """The requested Hazelcast version is unknown or lacks a requested feature."""


class JavaNotFoundError(EmbeddedError):
    """No usable Java runtime was found."""


class JavaTooOldError(JavaNotFoundError):
    """The chosen Java runtime is older than the oldest supported version."""


class JarResolutionError(EmbeddedError):
    """A jar is not in the given folders or the cache, and could not be downloaded."""


class ChecksumMismatchError(JarResolutionError):
    """The SHA-256 of a jar differs from the pinned one; the jar is not used."""


class JvmStartError(EmbeddedError):
    """The JVM did not start or did not open its gateway; the message ends with the last lines of its log."""


class JvmDiedError(EmbeddedError):
    """The JVM that should do something has ended; the message ends with the last lines of its log."""


class JvmOutOfMemoryError(JvmDiedError):
    """The JVM ended because its heap was full; the message ends with the last lines of its log."""


class MemberStartError(EmbeddedError):
    """A member did not start; the message ends with the last lines of the JVM's log."""


class PortInUseError(MemberStartError):
    """The port that a member should listen on is taken."""


class MemberStateError(EmbeddedError):
    """The state of the member does not allow the operation."""


def jvm_ended(what: str, exit_code: int | None, log_file: Path) -> JvmDiedError:
    """Return the error for a JVM that ended unexpectedly.

    Args:
        what: How the message names the JVM.
        exit_code: Exit code of its process, negative for a signal; None if unknown.
        log_file: The file with its log.

    Returns:
        A ``JvmOutOfMemoryError`` if its heap was full, otherwise a ``JvmDiedError``.
    """
    tail = log_tail(log_file)
    if OUT_OF_MEMORY in tail:
        return JvmOutOfMemoryError(
            f"{what} no longer runs: its heap was full (exit code {exit_code}). "
            f"Give it more by heap=, or store less.\n{tail}"
        )
    return JvmDiedError(f"{what} no longer runs (exit code {exit_code}).\n{tail}")


def log_tail(log_file: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the path and the last ``lines`` lines of a JVM's log, for the end of an error message."""
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


def set_public_module(namespace: Mapping[str, object]) -> None:
    """Give the errors in the namespace of a module the name of that module, from which users import them."""
    for value in namespace.values():
        if isinstance(value, type) and issubclass(value, Exception):
            value.__module__ = str(namespace["__name__"])
