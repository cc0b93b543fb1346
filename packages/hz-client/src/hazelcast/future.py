"""Futures of operations."""

from hz_core.combination import combine_futures
from hz_core.future import Future

__all__ = ["Future", "combine_futures"]
