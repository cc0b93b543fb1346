"""The steps of calls with their times, for as long as a block of code runs."""

from collections import deque
from dataclasses import dataclass, field
from logging import DEBUG, Logger, getLogger
from types import TracebackType
from typing import Final, Self

from hz_core.engine import Engine
from hz_core.invocation.invocation import Invocation
from hz_core.log import get_logger
from hz_core.observability.calls import call_of, is_internal

_logger = get_logger("debug")

MOST_CALLS: Final = 1000
"""So many calls are kept, the last ones."""

_MOST_STEPS: Final = 100
_CALL: Final = "_debugged_call"


@dataclass(slots=True)
class DebugStep:
    """A step of a call."""

    at: float
    """Seconds since the call began."""

    what: str
    """What has happened: ``sent to …``, ``attempt failed: …``, ``reply received, …``, ``succeeded``, ``failed: …``."""

    def __str__(self) -> str:
        return f"{self.at * 1000:9.3f} ms  {self.what}"


@dataclass(slots=True)
class DebuggedCall:
    """A request of the client, and what has happened to it. It contains neither keys nor values."""

    operation: str
    structure: str | None
    partition: int | None
    began: float
    """Time in seconds of the clock that timeouts are measured with."""

    steps: list[DebugStep] = field(default_factory=list)
    """The steps in their order; of very many only the first, and the last one."""

    done: bool = False

    def __str__(self) -> str:
        on = "" if self.structure is None else f" on {self.structure!r}"
        where = "no partition" if self.partition is None else f"partition {self.partition}"
        return "\n".join([f"{self.operation}{on}, {where}", *map(str, self.steps)])


class DebugSession:
    """Notes the steps of all calls that begin inside its ``with`` block, and logs everything there.

    The level of the logger ``hazelcast`` is DEBUG meanwhile; each call that ends is logged with its steps by
    ``hazelcast.debug``. Flows such as ``put_all`` are several calls. Calls cost more inside the block, and as before
    outside of it.

    Args:
        engine: The client.
        internal: Whether to note the client's own requests, too, for example heartbeats.

    Attributes:
        calls: The calls, in the order in which they began; the last 1,000.
    """

    def __init__(self, engine: Engine, *, internal: bool = False) -> None:
        self.calls: deque[DebuggedCall] = deque(maxlen=MOST_CALLS)
        self._engine = engine
        self._internal = internal
        self._root: Logger = getLogger("hazelcast")
        self._level = self._root.level

    def __enter__(self) -> Self:
        self._level = self._root.level
        self._root.setLevel(DEBUG)
        self._engine.observation.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._engine.observation.remove(self)
        self._root.setLevel(self._level)

    def __str__(self) -> str:
        return "\n".join(map(str, list(self.calls)))

    # --- the observer --------------------------------------------------------------------------------------

    def invocation_started(self, invocation: Invocation) -> None:
        """See :class:`hz_core.invocation.observation.InvocationObserver`."""
        if self._internal or not is_internal(invocation.op):
            known = call_of(invocation, self._engine)
            call = DebuggedCall(known.operation, known.structure, known.partition, invocation.started)
            self._of(invocation)[id(self)] = call
            self.calls.append(call)

    def invocation_stepped(self, invocation: Invocation, step: str) -> None:
        """See :class:`hz_core.invocation.observation.InvocationObserver`."""
        if step == "connection":
            attempt, connection = invocation.tries + 1, invocation.connection
            where = None if connection is None else f"{connection.address}, member {connection.member}"
            self._note(invocation, f"attempt {attempt} is sent to {where}")
        elif step == "last_error":
            self._note(
                invocation, f"attempt {invocation.tries} failed: {type(invocation.last_error).__name__}"
            )
        else:
            missing = invocation.acks_wanted - len(invocation.acks)
            self._note(invocation, f"reply received, {missing} backup acks are missing")

    def invocation_completed(self, invocation: Invocation, error: BaseException | None) -> None:
        """See :class:`hz_core.invocation.observation.InvocationObserver`."""
        call = self._note(invocation, "succeeded" if error is None else f"failed: {type(error).__name__}")
        if call is not None:
            call.done = True
            _logger.debug("%s", call)

    def _of(self, invocation: Invocation) -> dict[int, DebuggedCall]:
        noted: dict[int, DebuggedCall] = vars(invocation).setdefault(_CALL, {})
        return noted

    def _note(self, invocation: Invocation, what: str) -> DebuggedCall | None:
        call = self._of(invocation).get(id(self))
        if call is not None:
            if len(call.steps) >= _MOST_STEPS:
                call.steps.pop()
            call.steps.append(DebugStep(self._engine.io.now() - call.began, what))
        return call
