"""Distributed ringbuffer (``hz:impl:ringbufferService``)."""

from hz_proxies.ringbuffer.blocking import BlockingRingbuffer
from hz_proxies.ringbuffer.futures import Ringbuffer
from hz_proxies.ringbuffer.kind import RINGBUFFER
from hz_proxies.ringbuffer.limits import (
    MAX_BATCH_SIZE,
    OVERFLOW_POLICY_FAIL,
    OVERFLOW_POLICY_OVERWRITE,
)
from hz_proxies.ringbuffer.result import ReadResult
from hz_serialization.public_names import publish

__all__ = [
    "MAX_BATCH_SIZE",
    "OVERFLOW_POLICY_FAIL",
    "OVERFLOW_POLICY_OVERWRITE",
    "RINGBUFFER",
    "BlockingRingbuffer",
    "ReadResult",
    "Ringbuffer",
]

publish(__name__, (RINGBUFFER, BlockingRingbuffer, ReadResult, Ringbuffer))
