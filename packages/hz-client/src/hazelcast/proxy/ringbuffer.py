"""The distributed ringbuffer, which ``client.get_ringbuffer`` returns."""

from hz_proxies.ringbuffer import (
    MAX_BATCH_SIZE,
    OVERFLOW_POLICY_FAIL,
    OVERFLOW_POLICY_OVERWRITE,
    BlockingRingbuffer,
    ReadResult,
    Ringbuffer,
)

__all__ = [
    "MAX_BATCH_SIZE",
    "OVERFLOW_POLICY_FAIL",
    "OVERFLOW_POLICY_OVERWRITE",
    "BlockingRingbuffer",
    "ReadResult",
    "Ringbuffer",
]
