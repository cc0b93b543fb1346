"""Futures of operations."""

from hz_core.future import Future, combine_futures

__all__ = ["Future", "combine_futures"]
