"""The log of slow operations."""

from typing import Final

from hz_core.engine import Engine
from hz_core.invocation.invocation import Invocation
from hz_core.log import get_logger
from hz_core.observability.calls import call_of, is_internal

_logger = get_logger("slow")

_MOST_IN_A_SECOND: Final = 10


class SlowOperationLog:
    """An observer that logs operations which took ``threshold`` seconds or more, with ``hazelcast.slow``.

    At most ten are logged in a second: if everything is slow, the log must not make it slower. The next line tells how
    many were left out. Keys and values are never logged.

    Args:
        engine: The client.
        threshold: Seconds.
    """

    def __init__(self, engine: Engine, threshold: float) -> None:
        self._engine = engine
        self._threshold = threshold
        self._window = 0.0
        self._logged = 0
        self._left_out = 0

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        """See :class:`hz_core.invocation.observation.InvocationObserver`."""
        now = self._engine.io.now()
        seconds = now - invocation.started
        if seconds < self._threshold or is_internal(invocation.op):
            return
        if now - self._window >= 1.0:
            self._window, self._logged = now, 0
        self._logged += 1
        if self._logged > _MOST_IN_A_SECOND:
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        call = call_of(invocation, self._engine, succeeded=error is None)
        _logger.warning(
            "%s%s took %.3f s, at least slow_operation_threshold (%g s): %s, %s, attempts %d, %s%s",
            call.operation,
            "" if call.structure is None else f" on {call.structure!r}",
            seconds,
            self._threshold,
            "no partition" if call.partition is None else f"partition {call.partition}",
            "no member" if call.address is None else f"member {call.member} at {call.address}",
            call.attempts,
            "succeeded" if error is None else f"failed with {type(error).__name__}",
            f"; {left_out} more slow operations were not logged" if left_out else "",
        )
