"""Codecs of the messages that every client needs, generated from ``protocol/``."""

from hz_core.codecs.error import ErrorHolder, StackTraceElement, decode_error

__all__ = ["ErrorHolder", "StackTraceElement", "decode_error"]
