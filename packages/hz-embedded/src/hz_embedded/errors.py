"""Errors of hz-embedded: everything it raises on purpose derives from :class:`EmbeddedError`."""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_LINES = 40
_LOG_TAIL_BYTES = 64 * 1024

OUT_OF_MEMORY = "Terminating due to java.lang.OutOfMemoryError"
"""What a JVM writes last when it ends for a full heap."""


class EmbeddedError(Exception):
    """Root of all errors raised by hz_embedded."""


class ConfigurationError(EmbeddedError):
    """An argument or a member configuration cannot be used."""


class UnsupportedVersionError(ConfigurationError):
    """The wanted Hazelcast version is unknown here, or lacks the wanted feature."""


class JavaNotFoundError(EmbeddedError):
    """No usable Java runtime was found."""


class JavaTooOldError(JavaNotFoundError):
    """The Java runtime that was asked for is older than the oldest that a member runs on."""


class JarResolutionError(EmbeddedError):
    """A jar could not be had from the given folders, the cache or the Maven repository."""


class ChecksumMismatchError(JarResolutionError):
    """A jar's SHA-256 differs from the pinned one; the jar is not used."""


class JvmStartError(EmbeddedError):
    """The JVM did not start or did not open its gateway; the message ends with the tail of its log."""


class JvmDiedError(EmbeddedError):
    """The JVM that was asked to do something no longer runs; the message ends with the tail of its log."""


class JvmOutOfMemoryError(JvmDiedError):
    """The JVM ended because its heap was full; the message ends with the tail of its log."""


class MemberStartError(EmbeddedError):
    """A member did not start; the message ends with the tail of the JVM's log."""


class PortInUseError(MemberStartError):
    """The port that a member was to listen on is taken."""


class MemberStateError(EmbeddedError):
    """The member is not in a state in which this can be done to it."""


def jvm_ended(what: str, exit_code: int | None, log_file: Path) -> JvmDiedError:
    """The error for a JVM that ended unasked: for a full heap, or for whatever its exit code tells.

    Args:
        what: the JVM, as the message is to call it.
        exit_code: exit code of its process, negative for a signal; None when it is not known.
        log_file: where its log is.
    """
    tail = log_tail(log_file)
    if OUT_OF_MEMORY in tail:
        return JvmOutOfMemoryError(
            f"{what} no longer runs: its heap was full (exit code {exit_code}). "
            f"Give it more by heap=, or store less.\n{tail}"
        )
    return JvmDiedError(f"{what} no longer runs (exit code {exit_code}).\n{tail}")


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
